package eql

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Requirement is what an event needs to match: in the field one of the values, or a value
// that begins with one of them, in any case.
type Requirement struct {
	Field  string // "" if nothing is asked of any field
	Values []string
	Prefix bool // a value that begins with one of Values will do
}

// Bounds of what is worth looking up.
const (
	maxAlternatives = 16 // fields of which one must have a value
	minPrefix       = 2  // bytes of a pattern before its first wildcard
)

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
	case *test:
		switch e.Op {
		case "==", "in", "in~":
			return w.oneOf(e.X, e.List, false)
		case ":", "like", "like~":
			return w.oneOf(e.X, e.List, true)
		}
	case *junction:
		if e.Or {
			return w.anyOf(e.Terms)
		}
		return w.bestOf(e.Terms)
	}
	return nil, false
}

// oneOf is about a list of strings for a field. Of a pattern the text before its first
// wildcard is required.
func (w weighing) oneOf(x expr, list []literal, patterns bool) ([]Requirement, bool) {
	f, ok := x.(*fieldRef)
	if !ok || w.worth(f.Name, "") <= 0 {
		return nil, false
	}
	var all []Requirement
	for i := range list {
		v := list[i].Value
		wild := -1
		if patterns {
			wild = strings.IndexAny(v.text, "*?")
		}
		switch {
		case v.missing(): // which no element equals
		case v.kind != kString || wild >= 0 && wild < minPrefix:
			return nil, false
		case wild >= 0:
			all = merge(all, Requirement{f.Name, []string{v.text[:wild]}, true})
		default:
			all = merge(all, Requirement{f.Name, []string{v.text}, false})
		}
	}
	return all, true
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
		i := slices.IndexFunc(all, func(o Requirement) bool { return o.Field == r.Field && o.Prefix == r.Prefix })
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
// better, then the one without prefixes, and then the one with fewer values.
func (w weighing) compare(a, b []Requirement) int {
	worthA, prefixA, valuesA := w.of(a)
	worthB, prefixB, valuesB := w.of(b)
	return cmp.Or(cmp.Compare(worthA, worthB), cmp.Compare(prefixB, prefixA), cmp.Compare(valuesB, valuesA))
}

func (w weighing) of(all []Requirement) (worst, prefixes, values int) {
	worst = math.MaxInt // of what never holds
	for i := range all {
		for _, v := range all[i].Values {
			worst = min(worst, w.worth(all[i].Field, v))
		}
		values += len(all[i].Values)
		if all[i].Prefix {
			prefixes++
		}
	}
	return worst, prefixes, values
}
