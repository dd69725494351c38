package ruleset

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

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

// RunOver matches rules against the documents of a file, "-" for standard input: one a line, or an array
// of them. A rule about single events reports each match at once; a sequence or a query with pipes,
// which takes all events in the order of their times, reports at the end. hint says why nothing could
// match, "" where something could.
func RunOver(ctx context.Context, name string, list []*rules.Rule, found func(Match) error) (hint string, err error) {
	in, err := eslogger.OpenRecording(ctx, name)
	if err != nil {
		return "", err
	}
	defer in.Close()
	if hint, err = run(in, list, found); err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return hint, err
}

func run(in *eslogger.Recording, list []*rules.Rule, found func(Match) error) (hint string, err error) {
	var single, whole []*rules.Rule
	var matchers []func(detect.Document) bool
	for _, r := range list {
		if !detect.Alone(r) {
			whole = append(whole, r)
			continue
		}
		m, err := detect.CompileDocument(r)
		if err != nil {
			return "", fmt.Errorf("%s: query: %w", r.File, err)
		}
		single, matchers = append(single, r), append(matchers, m)
	}
	var all []detect.Document
	var numbers []int
	count, concerned := 0, false
	err = readDocuments(in, func(n int, doc detect.Document) error {
		count++
		concerned = concerned || slices.ContainsFunc(list, func(r *rules.Rule) bool { return detect.Concerns(r, doc) })
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
	switch {
	case err != nil:
		return "", err
	case count == 0:
		return "", fmt.Errorf("no document in it: %s", in.Describe())
	case !concerned:
		hint = fmt.Sprintf("none of %d documents has an event category; for what eslogger wrote there is hooksnare replay", count)
	}
	for _, r := range whole {
		results, err := detect.RunDocuments(r, all)
		if err != nil {
			return "", fmt.Errorf("%s: query: %w", r.File, err)
		}
		for _, events := range results {
			lines := make([]int, len(events))
			for i, at := range events {
				lines[i] = numbers[at]
			}
			if err := found(Match{r.ID, lines}); err != nil {
				return "", err
			}
		}
	}
	return hint, nil
}

// readDocuments hands on each document with the number of its line, or of its place where they have no
// lines of their own.
func readDocuments(in *eslogger.Recording, handle func(n int, doc detect.Document) error) error {
	if !in.HasLines() {
		n := 0
		return in.Objects(func(text []byte) error {
			n++
			doc, err := parseDocument(text)
			if err != nil {
				return fmt.Errorf("element %d: not a JSON object: %w", n, err)
			}
			return handle(n, doc)
		})
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
		doc, err := parseDocument(line)
		if err != nil {
			return fmt.Errorf("line %d: not a JSON object: %w", n, err)
		}
		if err := handle(n, doc); err != nil {
			return err
		}
	}
	return nil
}

func parseDocument(text []byte) (doc detect.Document, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err = decoder.Decode(&doc); err == nil && doc == nil {
		err = errors.New("it is null")
	} else if _, more := decoder.Token(); err == nil && !errors.Is(more, io.EOF) {
		err = errors.New("there is more behind it")
	}
	return doc, err
}
