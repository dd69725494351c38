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
	g := given{category: category, fields: map[string]Field[struct{}]{}}
	for name := range q.fields {
		if v, ok := known(name); ok {
			g.fields[name] = func(struct{}) Value { return v }
			continue
		}
		g.fields[name] = func(struct{}) Value {
			g.guessed = true
			return Value{}
		}
	}
	out := *q
	out.events = slices.Clone(q.events)
	possible := false
	for i := range out.events {
		possible = g.settle(&out.events[i]) || possible
	}
	if !possible {
		return nil
	}
	return &out
}

// given evaluates conditions of which not all fields are known.
type given struct {
	category Value
	fields   map[string]Field[struct{}]
	guessed  bool // a field that is not known was looked at
}

// settle leaves of a description what is not known, and reports whether an event can be so.
func (g *given) settle(e *event) (possible bool) {
	if !e.anyCategory && !g.category.missing() {
		name := comparing("==", String(e.Category))
		if !name.matchesAny(g.category) {
			e.Where = newLiteral(e.at, Bool(false))
			return false
		}
		e.Category, e.anyCategory = Any, true
	}
	e.Where = g.left(e.Where)
	v, settled := constant(e.Where)
	return !settled || truthOfValue(v) == yes
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
		return newJunction(int(e.sourcePos), e.Or, terms)
	}
	t, err := g.evaluate(e)
	if err != nil || g.guessed {
		return e
	}
	return newLiteral(e.at(), t.value())
}

// evaluate evaluates a condition. An error is what Compile says about it, too.
func (g *given) evaluate(e expr) (t truth, err error) {
	defer recoverFault("", &err)
	g.guessed = false
	return compiler[struct{}]{fields: g.fields}.condition(e)(struct{}{}, 0), nil
}
