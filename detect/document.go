package detect

import (
	"encoding/json"
	"strings"

	"hooksnare/detect/eql"
	"hooksnare/detect/rules"
)

// Document is an event as JSON, of any shape. Numbers are json.Number.
type Document map[string]any

// CompileDocument binds a rule's query to documents: any name may be asked for, and a
// name that a document lacks is missing.
func CompileDocument(r *rules.Rule) (*eql.Matcher[Document], error) {
	category := r.EventCategory
	if category == "" {
		category = "event.category"
	}
	return eql.Compile(r.Query, documentField(category), func(name string) (eql.Field[Document], bool) {
		return documentField(name), true
	})
}

// documentField returns what a document has under a dotted name, be it nested objects,
// a member with dots in its name, or a mixture.
func documentField(name string) eql.Field[Document] {
	parts := strings.Split(name, ".")
	return func(d Document) eql.Value {
		found := gather(nil, map[string]any(d), parts)
		switch len(found) {
		case 0:
			return eql.Null()
		case 1:
			return found[0]
		}
		return eql.List(found)
	}
}

// gather appends every value that node has under the parts of a name.
func gather(to []eql.Value, node any, parts []string) []eql.Value {
	if list, ok := node.([]any); ok {
		for _, e := range list {
			to = gather(to, e, parts)
		}
		return to
	}
	if len(parts) == 0 {
		if v, ok := scalar(node); ok {
			to = append(to, v)
		}
		return to
	}
	object, ok := node.(map[string]any)
	if !ok {
		return to
	}
	for n := 1; n <= len(parts); n++ {
		if next, ok := object[strings.Join(parts[:n], ".")]; ok {
			to = gather(to, next, parts[n:])
		}
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
