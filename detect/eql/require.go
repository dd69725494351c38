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

// maxAlternatives bounds the fields of which one must have a value.
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
	w := weighing{worth}
	events := []expr{q.event.Where}
	if q.seq != nil {
		events = nil
		for _, s := range q.seq.events() {
			events = append(events, s.Where)
		}
	}
	all, ok := w.anyOf(events)
	if !ok {
		return []Requirement{{}}
	}
	for i := range all {
		slices.Sort(all[i].Values)
		all[i].Values = slices.Compact(all[i].Values)
	}
	return all
}

// weighing finds what a condition requires.
type weighing struct{ worth func(field, value string) int }

// alternatives returns requirements of which an event must meet one for a condition to
// hold; not ok if there are none.
func (w weighing) alternatives(e expr) (all []Requirement, ok bool) {
	switch e := e.(type) {
	case *literal:
		return nil, truthOfValue(e.Value) != yes
	case *comparison:
		if v, isConst := constant(e.Right); isConst && e.Op == opEqual && v.kind == kString {
			return w.oneOf(e.Left, []literal{{Value: v}}, false)
		}
	case *membership:
		return w.oneOf(e.X, e.List, false)
	case *patternMatch:
		if !e.Regex {
			return w.oneOf(e.X, e.Patterns, true)
		}
	case *junction:
		if e.Or {
			return w.anyOf(e.Terms)
		}
		return w.bestOf(e.Terms)
	}
	return nil, false
}

// oneOf is about a list of strings for a field. A pattern with a wildcard requires no value.
func (w weighing) oneOf(x expr, list []literal, patterns bool) ([]Requirement, bool) {
	f, ok := x.(*fieldRef)
	if !ok || w.worth(f.Name, "") <= 0 {
		return nil, false
	}
	var values []string
	for i := range list {
		v := list[i].Value
		switch {
		case v.missing(): // which no element equals
		case v.kind != kString || patterns && strings.ContainsAny(v.text, "*?"):
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

// anyOf is about terms of which one must hold.
func (w weighing) anyOf(terms []expr) (all []Requirement, ok bool) {
	for _, t := range terms {
		found, ok := w.alternatives(t)
		if !ok || len(all) > maxAlternatives {
			return nil, false
		}
		all = merge(all, found...)
	}
	return all, true
}

// bestOf is about terms that must all hold: it takes the one that says most.
func (w weighing) bestOf(terms []expr) (best []Requirement, ok bool) {
	for _, t := range terms {
		if found, is := w.alternatives(t); is && (!ok || w.compare(found, best) > 0) {
			best, ok = found, true
		}
	}
	return best, ok
}

// merge adds requirements to others; those about the same field become one.
func merge(all []Requirement, more ...Requirement) []Requirement {
	for _, r := range more {
		i := slices.IndexFunc(all, func(o Requirement) bool { return o.Field == r.Field })
		if i < 0 {
			r.Values = slices.Clone(r.Values)
			all = append(all, r)
			continue
		}
		all[i].Values = append(all[i].Values, r.Values...)
	}
	return all
}

// compare compares how much two sets of alternatives rule out: the one whose worst field is
// better, then the one with fewer values.
func (w weighing) compare(a, b []Requirement) int {
	worthA, valuesA := w.of(a)
	worthB, valuesB := w.of(b)
	return cmp.Or(cmp.Compare(worthA, worthB), cmp.Compare(valuesB, valuesA))
}

func (w weighing) of(all []Requirement) (worst, values int) {
	worst = math.MaxInt // of what never holds
	for _, r := range all {
		for _, v := range r.Values {
			worst = min(worst, w.worth(r.Field, v))
		}
		values += len(r.Values)
	}
	return worst, values
}
