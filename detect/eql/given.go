package eql

import "slices"

// Given returns what is left of a query for events of a category of which some fields are
// known: the conditions on these are settled. It returns nil if no such event can match or,
// of a sequence, change anything about it. category is null if it is not known; known
// returns the value that a field has in all of these events, and false for a field that may
// hold anything.
//
// What is left serves to match those events, and to tell what they require. A sequence that
// is left is for those events alone, too: to follow it through others takes one that was
// made from what all of them have in common.
func (q *Query) Given(category Value, known func(name string) (Value, bool)) *Query {
	g := given{category: category, binder: binder[struct{}]{}}
	for name := range q.fields {
		if v, ok := known(name); ok {
			g.binder[name] = func(struct{}) Value { return v }
			continue
		}
		g.binder[name] = func(struct{}) Value {
			g.guessed = true
			return Value{}
		}
	}
	out := *q
	if q.seq == nil {
		var possible bool
		out.event, possible = g.event(q.event)
		if !possible {
			return nil
		}
		return &out
	}
	seq, any := *q.seq, false
	seq.stages = slices.Clone(seq.stages)
	for i := range seq.stages {
		e := &seq.stages[i].event
		var possible bool
		*e, possible = g.event(*e)
		any = any || possible
	}
	if seq.until != nil {
		until := *seq.until
		var possible bool
		until.event, possible = g.event(until.event)
		seq.until, any = &until, any || possible
	}
	if !any {
		return nil
	}
	out.seq = &seq
	return &out
}

// given evaluates conditions of which not all fields are known.
type given struct {
	category Value
	binder   binder[struct{}]
	guessed  bool // a field that is not known was looked at
}

// event returns what is left of a description, and whether an event can be so.
func (g *given) event(e event) (left event, possible bool) {
	if !e.any && !g.category.missing() {
		name := comparing(opEqual, String(e.Category))
		if !name.any(g.category) {
			e.Where = newLiteral(e.at, Bool(false))
			return e, false
		}
		e.Category, e.any = Any, true
	}
	e.Where = g.left(e.Where)
	v, settled := constant(e.Where)
	return e, !settled || truthOfValue(v) == yes
}

// left returns what is left of a condition.
func (g *given) left(e expr) expr {
	switch e := e.(type) {
	case *literal:
		return e
	case *negation:
		return newNot(int(e.sourcePos), g.left(e.X))
	case *junction:
		terms := make([]expr, len(e.Terms))
		for i, t := range e.Terms {
			terms[i] = g.left(t)
		}
		return newLogic(int(e.sourcePos), e.Or, terms)
	}
	g.guessed = false
	t := g.binder.cond(e)(struct{}{})
	if g.guessed {
		return e
	}
	return newLiteral(e.at(), t.value())
}
