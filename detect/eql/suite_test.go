package eql

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"hooksnare/pkg/shared"
)

// later are the parts of the language that this package refuses.
var later = regexp.MustCompile(`^\d+:\d+: (sequences|samples|pipes|functions) are not supported`)

func TestElasticsearchQueries(t *testing.T) {
	data, err := os.ReadFile(shared.Path(t, "eql", "elasticsearch", "test_data.json"))
	if err != nil {
		t.Fatal(err)
	}
	var objects []json.RawMessage
	if err := json.Unmarshal(data, &objects); err != nil {
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
	if _, err := toml.DecodeFile(shared.Path(t, "eql", "elasticsearch", "test_queries_active.toml"), &suite); err != nil {
		t.Fatal(err)
	}
	ran, refused := 0, 0
	for _, c := range suite.Queries {
		q, err := Parse(c.Query)
		if err != nil && later.MatchString(err.Error()) {
			refused++
			if later.FindStringSubmatch(err.Error())[1] == "pipes" {
				c.Query, _, _ = strings.Cut(c.Query, "|")
				if q, err = Parse(c.Query); err == nil {
					checkPiped(t, c.Name, c.Query, idsOf(t, q, records), c.IDs)
				}
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", c.Name, err, c.Query)
			continue
		}
		ran++
		if got := idsOf(t, q, records); !slices.Equal(got, c.IDs) {
			t.Errorf("%s: got %v, want %v\n%s", c.Name, got, c.IDs, c.Query)
		}
	}
	t.Logf("%d queries ran, %d use what is not supported", ran, refused)
	if ran < 40 {
		t.Errorf("only %d of %d queries ran", ran, len(suite.Queries))
	}
}

// checkPiped checks a query whose pipe, which keeps some of the matches, was cut off.
func checkPiped(t *testing.T, name, query string, got, want []int64) {
	for _, id := range want {
		if !slices.Contains(got, id) {
			t.Errorf("%s: %d does not match\n%s", name, id, query)
		}
	}
	if len(want) == 0 && len(got) != 0 {
		t.Errorf("%s: got %v, want none\n%s", name, got, query)
	}
}

func idsOf(t *testing.T, q *Query, records []record) (ids []int64) {
	m, err := Compile(q, category("event_type"), anyField)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if m.Match(r) {
			ids = append(ids, r["serial_event_id"].int())
		}
	}
	return ids
}

func TestElasticsearchFolding(t *testing.T) {
	type test struct {
		Expression string
		Expected   any
	}
	type fold struct{ Tests []test }
	type section struct {
		AnyCase bool `toml:"case_insensitive"`
		Fold    fold
		Loop    []struct {
			Param struct{ Type []string }
			Fold  fold
		}
	}
	var suite map[string]section
	if _, err := toml.DecodeFile(shared.Path(t, "eql", "elasticsearch", "test_folding.toml"), &suite); err != nil {
		t.Fatal(err)
	}
	samples := map[string]string{"null": "null", "bool": "true", "int": "1", "string": `"a"`, "float": "1.5"}
	ran := 0
	for name, s := range suite {
		if s.AnyCase || name == "complex" { // complex is about functions
			continue
		}
		tests := s.Fold.Tests
		for _, l := range s.Loop {
			for _, typ := range l.Param.Type {
				for _, c := range l.Fold.Tests {
					tests = append(tests, test{strings.ReplaceAll(c.Expression, "$value", samples[typ]), c.Expected})
				}
			}
		}
		for _, c := range tests {
			ran++
			got, ok := fold1(t, c.Expression)
			if want := folding(c.Expected); !ok || !near(got, want) {
				t.Errorf("%s: %s: got %v (constant: %v), want %v", name, c.Expression, got, ok, want)
			}
		}
	}
	t.Logf("%d expressions", ran)
}

// fold1 parses one scalar expression.
func fold1(t *testing.T, expression string) (Value, bool) {
	p := &parser{lexer: lexer{text: expression}, q: &Query{fields: map[string]mention{}}}
	if err := p.advance(); err != nil {
		t.Fatal(err)
	}
	x, err := p.expression()
	if err != nil {
		t.Errorf("%s: %v", expression, err)
		return Value{}, false
	}
	return constant(x)
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

// ruleQueries reads the queries of rule files by their base name.
func ruleQueries(t *testing.T) map[string]string {
	files, err := filepath.Glob(shared.Path(t, "eql", "rules", "macos", "*.toml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no rule files: %v", err)
	}
	queries := map[string]string{}
	for _, name := range files {
		var file struct{ Rule struct{ Type, Query string } }
		if _, err := toml.DecodeFile(name, &file); err != nil {
			t.Fatal(err)
		}
		if file.Rule.Type == "eql" {
			queries[filepath.Base(name)] = file.Rule.Query
		}
	}
	return queries
}

func TestRuleFilesCompile(t *testing.T) {
	compiled, refused := 0, 0
	for name, query := range ruleQueries(t) {
		q, err := Parse(query)
		if err != nil && later.MatchString(err.Error()) {
			refused++
			if head := strings.TrimSpace(query); strings.HasPrefix(head, "process") && !strings.Contains(query, "cidrmatch") {
				t.Errorf("%s: refused: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := Compile(q, category("event.category"), anyField); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		compiled++
	}
	t.Logf("%d rules compiled, %d use what is not supported", compiled, refused)
	if compiled < 60 {
		t.Errorf("only %d rules compiled", compiled)
	}
}

// TestRuleDocuments runs every rule over documents made to fire exactly one of them.
func TestRuleDocuments(t *testing.T) {
	rules := map[string]*Matcher[record]{}
	for name, query := range ruleQueries(t) {
		if q, err := Parse(query); err == nil {
			m, err := Compile(q, category("event.category"), anyField)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			rules[name] = m
		}
	}
	data, err := os.ReadFile(shared.Path(t, "eql", "geneve", "macos_process_positive.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	ran := 0
	for lines.Scan() {
		var c struct {
			Rule, Shape string
			Branch      int
			Events      []json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.Shape != "event" {
			continue
		}
		want := filepath.Base(c.Rule)
		if rules[want] == nil {
			t.Errorf("%s branch %d: its rule did not compile", want, c.Branch)
			continue
		}
		doc := document(t, c.Events[0])
		for name, m := range rules {
			if got := m.Match(doc); got != (name == want) {
				t.Errorf("%s on a document of %s branch %d: got %v, want %v\n%s", name, want, c.Branch, got, name == want, c.Events[0])
			}
		}
		ran++
	}
	t.Logf("%d documents over %d rules", ran, len(rules))
	if ran < 200 {
		t.Errorf("only %d documents ran", ran)
	}
}
