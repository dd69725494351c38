package eql

import (
	"cmp"
	"slices"
)

// Requirement is something that an event needs to match: to be of the category, and to
// have one of the values in the field.
type Requirement struct {
	Category string // Any for every one
	Field    string // "" if nothing is asked of any field
	Values   []string
	Fold     bool // in any case
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
	if r.Fold {
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
// it; its Advance must then be told of the time. Of what a query asks for it picks what
// the fewest events have. Without any requirement a query never matches.
func (q *Query) Requires() []Requirement {
	var all []Requirement
	if q.seq == nil {
		all = merge(all, q.event.requires())
	}
	for _, s := range q.Stages() {
		all = merge(all, s.requires())
	}
	if until := q.Until(); until != nil {
		all = merge(all, until.requires())
	}
	for i := range all {
		slices.Sort(all[i].Values)
		all[i].Values = slices.Compact(all[i].Values)
	}
	return all
}

func (e *Event) requires() []Requirement {
	category := e.Category
	if e.any {
		category = Any
	}
	found, ok := alternatives(e.Where)
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
func alternatives(e Expr) (all []Requirement, ok bool) {
	switch e := e.(type) {
	case *Literal:
		return nil, truthOfValue(e.Value) != yes
	case *Compare:
		v, isConst := constant(e.Right)
		if f, isRef := e.Left.(*Ref); isRef && isConst && e.Op == Equal && v.kind == kString {
			return []Requirement{{Field: f.Name, Values: []string{v.text}}}, true
		}
	case *In:
		return oneOfTexts(e.X, e.List, e.Fold, false)
	case *Match:
		if !e.Regex {
			return oneOfTexts(e.X, e.Patterns, e.Fold, true)
		}
	case *Logic:
		if e.Or {
			return anyOf(e.Terms)
		}
		return bestOf(e.Terms)
	}
	return nil, false
}

// oneOfTexts is about a list of strings for a field, which must be without wildcards.
func oneOfTexts(x Expr, list []Literal, fold, patterns bool) ([]Requirement, bool) {
	f, ok := x.(*Ref)
	if !ok {
		return nil, false
	}
	r := Requirement{Field: f.Name, Fold: fold}
	for i := range list {
		switch v := list[i].Value; {
		case v.missing(): // which no element equals
		case v.kind != kString || patterns && hasWildcard(v.text):
			return nil, false
		default:
			r.Values = append(r.Values, v.text)
		}
	}
	return []Requirement{r}, true
}

// maxAlternatives is the number of fields from which on an index would be no gain.
const maxAlternatives = 16

// anyOf is about terms of which one must hold.
func anyOf(terms []Expr) (all []Requirement, ok bool) {
	for _, t := range terms {
		found, ok := alternatives(t)
		if !ok || len(all) > maxAlternatives {
			return nil, false
		}
		all = merge(all, found)
	}
	return all, true
}

// bestOf is about terms that must all hold: it takes the one that says most.
func bestOf(terms []Expr) (best []Requirement, ok bool) {
	for _, t := range terms {
		if found, is := alternatives(t); is && (!ok || compareWorth(found, best) > 0) {
			best, ok = found, true
		}
	}
	return best, ok
}

// merge adds requirements to others; those about the same field become one.
func merge(all, more []Requirement) []Requirement {
	for _, r := range more {
		i := slices.IndexFunc(all, func(o Requirement) bool {
			return o.Category == r.Category && o.Field == r.Field && o.Fold == r.Fold
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

// worths rank fields by how few events have a given value in them. What is not here is
// between process.args and event.action.
var worths = map[string]int{
	"process.name": 7, "process.executable": 6, "process.args": 5,
	"event.action": 3, "event.type": 2, "event.kind": 1, "event.category": 1, "host.os.type": 1,
}

const otherWorth = 4

// compareWorth compares how much two sets of alternatives rule out: the one whose worst
// field is better, and then the one with fewer values.
func compareWorth(a, b []Requirement) int {
	worthA, valuesA := worthOf(a)
	worthB, valuesB := worthOf(b)
	return cmp.Or(cmp.Compare(worthA, worthB), cmp.Compare(valuesB, valuesA))
}

func worthOf(all []Requirement) (worst, values int) {
	worst = 100 // of what never holds
	for i := range all {
		worth, known := worths[all[i].Field]
		if !known {
			worth = otherWorth
		}
		worst = min(worst, worth)
		values += len(all[i].Values)
	}
	return worst, values
}
