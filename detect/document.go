package detect

import (
	"cmp"
	"encoding/json"
	"slices"

	"hooksnare/detect/eql"
	"hooksnare/detect/rules"
)

// Document is an event as JSON, of any shape. Numbers are json.Number.
type Document map[string]any

// Alone reports whether a rule judges each event by itself: it has neither a sequence
// nor pipes.
func Alone(r *rules.Rule) bool {
	return !r.Query.IsSequence() && !r.Query.HasPipes()
}

// CompileDocument binds a rule's query to documents: any name may be asked for, and a
// name that a document lacks is missing.
func CompileDocument(r *rules.Rule) (match func(Document) bool, err error) {
	m, err := eql.Compile(r.Query, documentField(documentCategory(r)), func(name string) (eql.Field[Document], bool) { return documentField(name), true })
	if err != nil {
		return nil, err
	}
	return m.Match, nil
}

// Concerns reports whether a document can be what a rule is about: it has a category, or the rule takes
// every one.
func Concerns(r *rules.Rule, d Document) bool {
	return slices.Contains(r.Query.Categories(), eql.Any) || documentField(documentCategory(r))(d) != eql.Null()
}

func documentCategory(r *rules.Rule) string { return cmp.Or(r.EventCategory, "event.category") }

// RunDocuments returns the results of a rule over documents, each as indexes into them: of
// one event, or of a sequence's events in the order of its stages. The rule's own fields
// say when an event happened and which of two at one time came first.
func RunDocuments(r *rules.Rule, documents []Document) ([][]int, error) {
	at := func(f eql.Field[Document]) eql.Field[int] {
		return func(i int) eql.Value { return f(documents[i]) }
	}
	when := at(documentField(cmp.Or(r.TimestampField, "@timestamp")))
	options := eql.SequenceOptions[int]{Time: func(i int) (int64, bool) { return eql.Instant(when(i)) }}
	if r.Tiebreaker != "" {
		options.Tiebreaker = at(documentField(r.Tiebreaker))
	}
	records := make([]int, len(documents))
	for i := range records {
		records[i] = i
	}
	found, err := eql.Run(r.Query, records, at(documentField(documentCategory(r))), func(name string) (eql.Field[int], bool) {
		return at(documentField(name)), true
	}, options)
	out := make([][]int, len(found))
	for i := range found {
		out[i] = found[i].Events
	}
	return out, err
}

// documentField returns what a document has under a dotted name, be it nested objects,
// a member with dots in its name, or a mixture.
func documentField(name string) eql.Field[Document] {
	return func(d Document) eql.Value {
		found := gather(nil, map[string]any(d), name)
		if len(found) == 1 {
			return found[0]
		}
		return eql.List(found)
	}
}

// gather appends every value that a node has under a name.
func gather(to []eql.Value, node any, name string) []eql.Value {
	switch node := node.(type) {
	case []any:
		for _, e := range node {
			to = gather(to, e, name)
		}
	case map[string]any:
		for i := 0; i < len(name); i++ { // split the name in two at each of its dots
			if name[i] != '.' {
				continue
			}
			if member, ok := node[name[:i]]; ok {
				to = gather(to, member, name[i+1:])
			}
		}
		if member, ok := node[name]; ok {
			to = values(to, member)
		}
	}
	return to
}

// values appends the values that a member has: itself, or those of a list.
func values(to []eql.Value, node any) []eql.Value {
	if list, ok := node.([]any); ok {
		for _, e := range list {
			to = values(to, e)
		}
		return to
	}
	if v, ok := scalar(node); ok {
		to = append(to, v)
	}
	return to
}

func scalar(v any) (eql.Value, bool) {
	switch v := v.(type) {
	case string:
		return eql.String(v), true
	case bool:
		return eql.Bool(v), true
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return eql.Int(i), true
		}
		f, err := v.Float64()
		return eql.Float(f), err == nil
	}
	return eql.Null(), false
}
