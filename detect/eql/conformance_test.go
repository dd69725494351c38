package eql

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"hooksnare/pkg/shared"
)

// tally counts the cases of a suite that came out right and says so in one line.
type tally struct {
	t      *testing.T
	suite  string
	passed int
	total  int
}

func (s *tally) check(ok bool, format string, args ...any) {
	s.t.Helper()
	s.total++
	if ok {
		s.passed++
		return
	}
	s.t.Errorf(format, args...)
}

// done prints the line. A suite that has shrunk is not the suite.
func (s *tally) done(least int) {
	s.t.Helper()
	fmt.Printf("%s %d of %d\n", s.suite, s.passed, s.total)
	if s.total < least {
		s.t.Errorf("%s: %d cases, want at least %d", s.suite, s.total, least)
	}
}

// sharedTOML decodes a file of the suites.
func sharedTOML(t *testing.T, into any, elem ...string) {
	t.Helper()
	if err := toml.Unmarshal(sharedFile(t, elem...), into); err != nil {
		t.Fatal(err)
	}
}

func sharedFile(t *testing.T, elem ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(shared.Path(t, append([]string{"eql"}, elem...)...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestConformanceQueries(t *testing.T) {
	var objects []json.RawMessage
	if err := json.Unmarshal(sharedFile(t, "elasticsearch", "test_data.json"), &objects); err != nil {
		t.Fatal(err)
	}
	var records []record
	for _, o := range objects {
		records = append(records, document(t, o))
	}
	var suite struct {
		Queries []struct {
			Name, Query string
			IDs         []int64 `toml:"expected_event_ids"`
		}
	}
	sharedTOML(t, &suite, "elasticsearch", "test_queries_active.toml")
	s := tally{t: t, suite: "queries"}
	for _, c := range suite.Queries {
		got, err := idsOf(c.Query, records)
		s.check(err == nil && slices.Equal(got, c.IDs), "%s: got %v (%v), want %v\n%s", c.Name, got, err, c.IDs, c.Query)
	}
	s.done(133)
}

func idsOf(query string, records []record) (ids []int64, err error) {
	q, err := Parse(query, nil)
	if err != nil {
		return nil, err
	}
	results, err := Run(q, records, category("event_type"), anyField, SequenceOptions[record]{
		Time:       func(r record) (int64, bool) { return Instant(r["timestamp"]) },
		Tiebreaker: category("serial_event_id"),
	})
	for _, r := range results {
		for _, e := range r.Events {
			ids = append(ids, e["serial_event_id"].int())
		}
	}
	return ids, err
}

// foldTest is an expression and the constant that it is.
type foldTest struct {
	Expression string
	Expected   any
}

// foldSection is a section of a suite of constant expressions.
type foldSection struct {
	AnyCase  bool `toml:"case_insensitive"`
	Tests    []foldTest
	Fold     struct{ Tests []foldTest }
	Verifier struct{ Failures []foldTest }
	Loop     []struct {
		Param struct{ Type []string }
		Fold  struct{ Tests []foldTest }
	}
}

// all returns the expressions of a section, with those that it has for several types.
func (s *foldSection) all() []foldTest {
	samples := map[string]string{"null": "null", "bool": "true", "int": "1", "string": `"a"`, "float": "1.5"}
	tests := append(s.Tests, s.Fold.Tests...)
	for _, l := range s.Loop {
		for _, typ := range l.Param.Type {
			for _, c := range l.Fold.Tests {
				tests = append(tests, foldTest{strings.ReplaceAll(c.Expression, "$value", samples[typ]), c.Expected})
			}
		}
	}
	return tests
}

// TestConformanceFolding leaves out what is about a comparison without regard to case,
// which the language no longer has.
func TestConformanceFolding(t *testing.T) { conformFolding(t, "test_folding.toml", "folding", 100) }

func TestConformanceStringFunctions(t *testing.T) {
	conformFolding(t, "test_string_functions.toml", "string functions", 92)
}

func conformFolding(t *testing.T, file, name string, least int) {
	var suite map[string]foldSection
	sharedTOML(t, &suite, "elasticsearch", file)
	s := tally{t: t, suite: name}
	for section, f := range suite {
		if f.AnyCase {
			continue
		}
		for _, c := range f.all() {
			got, err := fold(c.Expression)
			want := folding(c.Expected)
			s.check(err == nil && near(got, want), "%s: %s: got %v (%v), want %v", section, c.Expression, got, err, want)
		}
		for _, c := range f.Verifier.Failures {
			got, err := fold(c.Expression)
			s.check(err != nil, "%s: %s: got %v, want an error", section, c.Expression, got)
		}
	}
	s.done(least)
}

// fold parses an expression that has to be constant.
func fold(expression string) (v Value, err error) {
	defer recoverFault(expression, &err)
	p := &parser{lexer: lexer{text: expression}, q: &Query{fields: map[string]mention{}}}
	p.advance()
	v, ok := constant(p.expression())
	if !ok || p.tok.kind != endOfText {
		return Value{}, fmt.Errorf("not constant: %s", expression)
	}
	return v, nil
}

func folding(v any) Value {
	switch v := v.(type) {
	case int64:
		return Int(v)
	case float64:
		return Float(v)
	}
	return fromJSON(v)
}

func near(a, b Value) bool {
	if a.kind == kFloat && b.kind == kFloat {
		d := a.float() - b.float()
		return -1e-9 < d && d < 1e-9
	}
	return a.kind == b.kind && a.String() == b.String()
}

var comments = regexp.MustCompile(`(?m)^\s*//.*\n`)

// TestConformanceSequences runs the drawings of events: a line for each stage, in it
// the events at their times, each with the value of its join key if it has one.
func TestConformanceSequences(t *testing.T) {
	text := comments.ReplaceAllString(string(sharedFile(t, "elasticsearch", "sequences.series-spec")), "")
	parts := strings.Split(text, ";")
	s := tally{t: t, suite: "sequence machine"}
	for i := 0; i+1 < len(parts); i += 2 {
		name, drawing, _ := strings.Cut(strings.TrimSpace(parts[i]), "\n")
		want := strings.Fields(strings.Join(strings.FieldsFunc(parts[i+1], func(r rune) bool { return r == '\n' }), " / "))
		got, query := drawn(t, drawing)
		s.check(sameDrawing(got, want), "%s: got %v, want %v\n%s\n%s", name, got, want, query, drawing)
	}
	s.done(25)
}

// drawn runs a drawing and returns the events of each match, with / between matches.
func drawn(t *testing.T, drawing string) (events []string, query string) {
	var records []record
	query = "sequence by key"
	if !strings.Contains(drawing, "|") {
		query = "sequence"
	}
	stage := 0
	for line := range strings.Lines(drawing) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		query += fmt.Sprintf(" [any where stage == %d]", stage)
		for _, name := range strings.Fields(line) {
			r := record{"stage": Int(int64(stage)), "name": String(name)}
			if key, event, ok := strings.Cut(name, "|"); ok {
				r["key"], name = String(key), event
			}
			var at int64
			if _, err := fmt.Sscanf(name[1:], "%d", &at); err != nil {
				t.Fatalf("%s: no time", name)
			}
			r["time"] = Int(at)
			records = append(records, r)
		}
		stage++
	}
	q, err := Parse(query, nil)
	if err != nil {
		t.Fatal(err)
	}
	results, err := Run(q, records, nil, anyField, SequenceOptions[record]{
		Time: func(r record) (int64, bool) { return r["time"].int(), true },
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if i > 0 {
			events = append(events, "/")
		}
		for _, e := range r.Events {
			events = append(events, e["name"].text)
		}
	}
	return events, query
}

// sameDrawing compares events, of which only the first of a match is written with its
// key.
func sameDrawing(got, want []string) bool {
	short := func(names []string) (out []string) {
		for _, n := range names {
			if _, name, ok := strings.Cut(n, "|"); ok {
				n = name
			}
			out = append(out, n)
		}
		return out
	}
	return slices.Equal(short(got), short(slices.DeleteFunc(want, func(s string) bool { return s == "" })))
}

// ruleQueries reads the queries of rule files by their base name.
func ruleQueries(t *testing.T) map[string]string {
	files, err := filepath.Glob(shared.Path(t, "eql", "rules", "macos", "*.toml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no rule files: %v", err)
	}
	queries := map[string]string{}
	for _, name := range files {
		var file struct{ Rule struct{ Type, Query string } }
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := toml.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		if file.Rule.Type == "eql" {
			queries[filepath.Base(name)] = file.Rule.Query
		}
	}
	return queries
}

// results runs a query over documents in the shape of ECS.
func results(query string, documents []record) ([]Result[record], error) {
	q, err := Parse(query, nil)
	if err != nil {
		return nil, err
	}
	return Run(q, documents, category("event.category"), anyField, SequenceOptions[record]{
		Time: func(r record) (int64, bool) { return Instant(r["@timestamp"]) },
	})
}

func TestConformanceRuleFiles(t *testing.T) {
	s := tally{t: t, suite: "rule files"}
	for name, query := range ruleQueries(t) {
		_, err := results(query, nil)
		s.check(err == nil, "%s: %v", name, err)
	}
	s.done(88)
}

// TestConformanceDocuments runs every rule over documents made to fire exactly one of
// them. Those for rules in other languages must fire none.
func TestConformanceDocuments(t *testing.T) {
	rules := ruleQueries(t)
	s := tally{t: t, suite: "per-branch documents"}
	lines := bufio.NewScanner(bytes.NewReader(sharedFile(t, "geneve", "macos_process_positive.jsonl")))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c struct {
			Rule, Shape string
			Branch      int
			Events      []json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.Shape != "event" && c.Shape != "sequence" {
			continue
		}
		var documents []record
		for _, e := range c.Events {
			documents = append(documents, document(t, e))
		}
		var fired []string
		for name, query := range rules {
			if found, err := results(query, documents); err != nil || len(found) > 0 {
				fired = append(fired, fmt.Sprint(name, err))
			}
		}
		want := fmt.Sprint(filepath.Base(c.Rule), error(nil))
		s.check(len(fired) == 1 && fired[0] == want, "branch %d of %s: fired %v\n%s", c.Branch, c.Rule, fired, c.Events)
	}
	s.done(200)
}
