package eql

import (
	"slices"
	"strings"
)

// Required returns the strings of which an event must have one in a field, in any case, to match; ok
// is false if one without them may. For a sequence that goes for every event that changes anything
// about it, also those that must be missing and the one that ends it; its Advance must then be told of
// the time. A query that never matches requires one of no strings.
func (q *Query) Required(field string) (values []string, ok bool) {
	either := &junction{Or: true}
	for i := range q.events {
		either.Terms = append(either.Terms, q.events[i].Where)
	}
	values, ok = required(either, field)
	slices.Sort(values)
	return slices.Compact(values), ok
}

func required(e expr, field string) (values []string, ok bool) {
	switch e := e.(type) {
	case *literal:
		return nil, truthOfValue(e.Value) != yes
	case *test:
		return e.required(field)
	case *junction:
		for _, t := range e.Terms {
			found, holds := required(t, field)
			switch {
			case e.Or && !holds:
				return nil, false
			case e.Or: // one must hold
				values = append(values, found...)
			case holds && (!ok || len(found) < len(values)): // all must: the least will do
				values, ok = found, true
			}
		}
		return values, ok || e.Or
	}
	return nil, false
}

// required is about a field that must have one of a list of strings. Patterns are as good
// as strings if they have no wildcard.
func (e *test) required(field string) (values []string, ok bool) {
	f, ok := e.X.(*fieldRef)
	if !ok || f.Name != field || !slices.Contains([]string{"==", "in", "in~", ":", "like", "like~"}, e.Op) {
		return nil, false
	}
	isPattern := e.Op == ":" || e.Op == "like" || e.Op == "like~"
	for i := range e.List {
		v := e.List[i].Value
		switch {
		case v.missing(): // which no element equals
		case v.kind != kString || isPattern && strings.ContainsAny(v.text, "*?"):
			return nil, false
		default:
			values = append(values, v.text)
		}
	}
	return values, true
}
