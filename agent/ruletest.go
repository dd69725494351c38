package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"hooksnare/collector/eslogger"
	"hooksnare/detect"
	"hooksnare/detect/eql"
	"hooksnare/detect/rules"
)

// RuleMatch is a rule that matched, and the lines of the events it matched.
type RuleMatch struct {
	RuleID string `json:"rule_id"`
	Events []int  `json:"events"` // line numbers, from 1
}

// TestRules asks every rule about every document of a stream, one a line, in order.
func TestRules(in io.Reader, list []*rules.Rule, found func(RuleMatch) error) error {
	matchers := make([]*eql.Matcher[detect.Document], len(list))
	for i, r := range list {
		m, err := detect.CompileDocument(r)
		if err != nil {
			return fmt.Errorf("%s: query: %w", r.File, err)
		}
		matchers[i] = m
	}
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
		doc, err := document(line)
		if err != nil {
			return fmt.Errorf("line %d: not a JSON object: %w", n, err)
		}
		for i, m := range matchers {
			if m.Match(doc) {
				if err := found(RuleMatch{list[i].ID, []int{n}}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// document reads a line that is one JSON object and nothing else.
func document(line []byte) (detect.Document, error) {
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
