package ruleset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"hooksnare/collector/eslogger"
	"hooksnare/detect"
	"hooksnare/detect/rules"
)

// Match is a rule that matched, and the lines of the events it matched.
type Match struct {
	RuleID string `json:"rule_id"`
	Events []int  `json:"events"` // line numbers, from 1
}

// RunOver asks every rule about every document of a stream, one a line. What a rule
// about single events finds comes as it is met; what a sequence or a query with pipes
// finds, which takes all events in the order of their times, comes at the end.
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
	err := documents(in, func(n int, doc detect.Document) error {
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

// documents reads a document a line and shows each with its line's number.
func documents(in io.Reader, show func(n int, doc detect.Document) error) error {
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
		doc, err := readDocument(line)
		if err != nil {
			return fmt.Errorf("line %d: not a JSON object: %w", n, err)
		}
		if err := show(n, doc); err != nil {
			return err
		}
	}
	return nil
}

// readDocument reads a line that is one JSON object and nothing else.
func readDocument(line []byte) (detect.Document, error) {
	var doc detect.Document
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	if doc == nil {
		return nil, errors.New("it is null")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more behind it")
	}
	return doc, nil
}
