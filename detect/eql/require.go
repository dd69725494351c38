package eql

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Requirement is something that an event needs to match: to be of the category, and to
// have one of the values in the field, or a value that begins with one.
type Requirement struct {
	Category string // Any for every one
	Field    string // "" if nothing is asked of any field
	Values   []string
	Fold     bool // in any case
	Prefix   bool // a value that begins with one of these will do
}

// Allows reports whether an event with these values of its category and of the field
// meets the requirement.
func (r *Requirement) Allows(category, field Value) bool {
	if r.Category != Any {
		p := comparing(Equal, String(r.Category))
		if !p.any(category) {
			return false
		}
	}
	if r.Field == "" {
		return true
	}
	p := predicate{text: verbatim(r.Values)}
	switch {
	case r.Prefix:
		p.text = func(s string) bool {
			return slices.ContainsFunc(r.Values, func(v string) bool { return hasPrefix(s, v, r.Fold) })
		}
	case r.Fold:
		p.text = verbatimFold(r.Values)
	}
	return p.any(field)
}

// FoldedHash returns a number that is the same for strings that are equal in any case.
// With it an index can look up what requirements ask for in one step.
func FoldedHash(s string) uint64 { return foldedHash(s) }

// Requires returns requirements of which every event that matches meets at least one:
// what meets none need not be asked about. For a sequence that goes for every event
// that changes anything about it, also those that must be missing and the one that ends
// it; its Advance must then be told of the time. Without any requirement a query never
// matches.
//
// worth tells how much it says of an event that a field has a value: the more, the fewer
// events have it; 0 for a field that can't be looked up. Of what a query asks for, Requires
// picks what says most.
func (q *Query) Requires(worth func(field, value string) int) []Requirement {
	w := weighing{worth}
	var all []Requirement
	if q.seq == nil {
		all = merge(all, w.event(&q.event))
	}
	for _, s := range q.Stages() {
		all = merge(all, w.event(&s.Event))
	}
	if until := q.Until(); until != nil {
		all = merge(all, w.event(&until.Event))
	}
	for i := range all {
		slices.Sort(all[i].Values)
		all[i].Values = slices.Compact(all[i].Values)
	}
	return all
}

// weighing finds what a condition requires.
type weighing struct{ worth func(field, value string) int }

func (w weighing) event(e *Event) []Requirement {
	category := e.Category
	if e.any {
		category = Any
	}
	found, ok := w.alternatives(e.Where)
	if !ok || len(found) > maxAlternatives {
		return []Requirement{{Category: category}}
	}
	all := make([]Requirement, len(found))
	for i := range found {
		all[i] = found[i]
		all[i].Category = category
	}
	return all
}

// alternatives returns requirements of which an event must meet one for a condition to
// hold; not ok if there are none to be told.
func (w weighing) alternatives(e Expr) (all []Requirement, ok bool) {
	switch e := e.(type) {
	case *Literal:
		return nil, truthOfValue(e.Value) != yes
	case *Compare:
		v, isConst := constant(e.Right)
		if f, isRef := e.Left.(*Ref); isRef && isConst && e.Op == Equal && v.kind == kString && w.worth(f.Name, v.text) > 0 {
			return []Requirement{{Field: f.Name, Values: []string{v.text}}}, true
		}
	case *In:
		return w.oneOfTexts(e.X, e.List, e.Fold, false)
	case *Match:
		if !e.Regex {
			return w.oneOfTexts(e.X, e.Patterns, e.Fold, true)
		}
	case *Logic:
		if e.Or {
			return w.anyOf(e.Terms)
		}
		return w.bestOf(e.Terms)
	}
	return nil, false
}

// leastPrefix is the length, in bytes, from which on the beginning of a pattern says
// something of what matches it.
const leastPrefix = 2

// oneOfTexts is about a list of strings for a field. Of a pattern the text before its first
// wildcard is required.
func (w weighing) oneOfTexts(x Expr, list []Literal, fold, patterns bool) ([]Requirement, bool) {
	f, ok := x.(*Ref)
	if !ok || w.worth(f.Name, "") <= 0 {
		return nil, false
	}
	whole, begin := Requirement{Field: f.Name, Fold: fold}, Requirement{Field: f.Name, Fold: fold, Prefix: true}
	for i := range list {
		v := list[i].Value
		wild := -1
		if patterns {
			wild = strings.IndexAny(v.text, "*?")
		}
		switch {
		case v.missing(): // which no element equals
		case v.kind != kString || wild >= 0 && wild < leastPrefix:
			return nil, false
		case wild >= 0:
			begin.Values = append(begin.Values, v.text[:wild])
		default:
			whole.Values = append(whole.Values, v.text)
		}
	}
	if begin.Values == nil {
		return []Requirement{whole}, true
	}
	if whole.Values == nil {
		return []Requirement{begin}, true
	}
	return []Requirement{whole, begin}, true
}

// maxAlternatives is the number of fields from which on an index would be no gain.
const maxAlternatives = 16

// anyOf is about terms of which one must hold.
func (w weighing) anyOf(terms []Expr) (all []Requirement, ok bool) {
	for _, t := range terms {
		found, ok := w.alternatives(t)
		if !ok || len(all) > maxAlternatives {
			return nil, false
		}
		all = merge(all, found)
	}
	return all, true
}

// bestOf is about terms that must all hold: it takes the one that says most.
func (w weighing) bestOf(terms []Expr) (best []Requirement, ok bool) {
	for _, t := range terms {
		if found, is := w.alternatives(t); is && (!ok || w.compare(found, best) > 0) {
			best, ok = found, true
		}
	}
	return best, ok
}

// merge adds requirements to others; those about the same field become one.
func merge(all, more []Requirement) []Requirement {
	for _, r := range more {
		i := slices.IndexFunc(all, func(o Requirement) bool {
			return o.Category == r.Category && o.Field == r.Field && o.Fold == r.Fold && o.Prefix == r.Prefix
		})
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
