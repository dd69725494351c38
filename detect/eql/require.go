package eql

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Requirement is what an event needs to match: in the field one of the values, in any case.
type Requirement struct {
	Field  string // "" if nothing is asked of any field
	Values []string
}

// maxAlternatives bounds the fields of which one must have a value: more are not worth
// looking up.
const maxAlternatives = 16

// Requires returns requirements of which every event that matches meets at least one:
// what meets none need not be asked about. For a sequence that goes for every event
// that changes anything about it, also those that must be missing and the one that ends
// it; its Advance must then be told of the time. Without any requirement a query never
// matches.
//
// worth says how much is known of an event whose field has a value: the more, the fewer
// events have it; 0 for a field that can't be looked up. Of what a query asks for, Requires
// picks what says most.
func (q *Query) Requires(worth func(field, value string) int) []Requirement {
	either := &junction{Or: true}
	for i := range q.events {
		either.Terms = append(either.Terms, q.events[i].Where)
	}
	all, ok := required(either, worth)
	if !ok {
		return []Requirement{{}}
	}
	for i := range all {
		slices.Sort(all[i].Values)
		all[i].Values = slices.Compact(all[i].Values)
	}
	return all
}

// required returns requirements of which an event must meet one for a condition to hold;
// not ok if there are none.
func required(e expr, worth func(field, value string) int) (all []Requirement, ok bool) {
	switch e := e.(type) {
	case *literal:
		return nil, truthOfValue(e.Value) != yes
	case *test:
		return e.required(worth)
	case *junction:
		for _, t := range e.Terms {
			found, holds := required(t, worth)
			switch {
			case e.Or && (!holds || len(all) > maxAlternatives):
				return nil, false
			case e.Or: // one must hold
				all = merge(all, found)
			case holds && (!ok || compareWorth(found, all, worth) > 0): // all must: the best will do
				all, ok = found, true
			}
		}
		return all, ok || e.Or
	}
	return nil, false
}

// required is about a field that must have one of a list of strings. Patterns are as good
// as strings if they have no wildcard.
func (e *test) required(worth func(field, value string) int) ([]Requirement, bool) {
	f, ok := e.X.(*fieldRef)
	if !ok || !slices.Contains([]string{"==", "in", "in~", ":", "like", "like~"}, e.Op) || worth(f.Name, "") <= 0 {
		return nil, false
	}
	isPattern := e.Op == ":" || e.Op == "like" || e.Op == "like~"
	var values []string
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
	if values == nil {
		return nil, true
	}
	return []Requirement{{f.Name, values}}, true
}

// merge joins requirements; those about the same field become one.
func merge(all, more []Requirement) []Requirement {
	for _, r := range more {
		i := slices.IndexFunc(all, func(o Requirement) bool { return o.Field == r.Field })
		if i < 0 {
			all = append(all, r)
			continue
		}
		all[i].Values = append(all[i].Values, r.Values...)
	}
	return all
}

// compareWorth compares how much two sets of alternatives rule out: the one whose worst
// field is better, and then the one with fewer values.
func compareWorth(a, b []Requirement, worth func(field, value string) int) int {
	of := func(all []Requirement) (worst, values int) {
		worst = math.MaxInt // of what never holds
		for i := range all {
			for _, v := range all[i].Values {
				worst = min(worst, worth(all[i].Field, v))
			}
			values += len(all[i].Values)
		}
		return worst, values
	}
	worstA, valuesA := of(a)
	worstB, valuesB := of(b)
	return cmp.Or(cmp.Compare(worstA, worstB), cmp.Compare(valuesB, valuesA))
}
