package ruleset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"hooksnare/collector/eslogger"
	"hooksnare/detect"
	"hooksnare/detect/rules"
)

// Match is a rule that matched, and the lines of the events it matched.
type Match struct {
	RuleID string `json:"rule_id"`
	Events []int  `json:"events"` // line numbers, from 1
}

// Named returns the rules that are named: by a file, or by the id of a built-in one. The error joins
// what is wrong with the others.
func Named(names []string) (list []*rules.Rule, err error) {
	builtin := map[string]*rules.Rule{}
	for _, s := range rules.Builtin() {
		if r, err := rules.Load(s.Name, s.Text, detect.FieldKind); err == nil {
			builtin[r.ID] = r
		}
	}
	for _, name := range names {
		r, fault := builtin[name], error(nil)
		if r == nil {
			r, fault = loadNamed(name)
		}
		if fault == nil && r.NotRunnable != "" {
			fault = fmt.Errorf("%s: %s", name, r.NotRunnable)
		}
		if fault != nil {
			err = errors.Join(err, fault)
		} else {
			list = append(list, r)
		}
	}
	return list, err
}

// loadNamed loads a rule file that the command line names, which may be a pipe. It reads one byte
// more than a rule file may have, so that the loader refuses what is longer.
func loadNamed(name string) (*rules.Rule, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("rule %s: no file and no built-in rule of that name: %w", name, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, rules.MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("rule %s: %w", name, err)
	}
	return rules.Load(name, text, detect.FieldKind)
}

// RunOver matches rules against a stream of documents, one a line. A rule about single events
// reports each match at once; a sequence or a query with pipes, which takes all events in the
// order of their times, reports at the end.
func RunOver(in io.Reader, list []*rules.Rule, found func(Match) error) error {
	var single, whole []*rules.Rule
	var matchers []func(detect.Document) bool
	for _, r := range list {
		if !detect.Alone(r) {
			whole = append(whole, r)
			continue
		}
		m, err := detect.CompileDocument(r)
		if err != nil {
			return fmt.Errorf("%s: query: %w", r.File, err)
		}
		single, matchers = append(single, r), append(matchers, m)
	}
	var all []detect.Document
	var numbers []int
	err := readDocuments(in, func(n int, doc detect.Document) error {
		for i, matches := range matchers {
			if matches(doc) {
				if err := found(Match{single[i].ID, []int{n}}); err != nil {
					return err
				}
			}
		}
		if len(whole) > 0 {
			all, numbers = append(all, doc), append(numbers, n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, r := range whole {
		results, err := detect.RunDocuments(r, all)
		if err != nil {
			return fmt.Errorf("%s: query: %w", r.File, err)
		}
		for _, events := range results {
			lines := make([]int, len(events))
			for i, at := range events {
				lines[i] = numbers[at]
			}
			if err := found(Match{r.ID, lines}); err != nil {
				return err
			}
		}
	}
	return nil
}

// readDocuments reads a document a line and hands it on with the number of its line.
func readDocuments(in io.Reader, handle func(n int, doc detect.Document) error) error {
	lines := eslogger.NewLines(in, 0)
	last := false
	for n := 1; !last; n++ {
		line, err := lines.Next()
		if errors.Is(err, io.EOF) {
			line, last = lines.Rest(), true
		} else if err != nil {
			return err
		}
		if lines.Skipped() > 0 {
			return fmt.Errorf("line %d: more than %d bytes", n, eslogger.MaxLine)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var doc detect.Document
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.UseNumber()
		if err = decoder.Decode(&doc); err == nil && doc == nil {
			err = errors.New("it is null")
		} else if _, more := decoder.Token(); err == nil && !errors.Is(more, io.EOF) {
			err = errors.New("there is more behind it")
		}
		if err != nil {
			return fmt.Errorf("line %d: not a JSON object: %w", n, err)
		}
		if err := handle(n, doc); err != nil {
			return err
		}
	}
	return nil
}
