package eql

import "slices"

// expr is a part of a condition: one of the types of this file. Where a query has several
// notations for one thing, the parts have one form: what is negated is a negation (also !=
// and not in), a literal in a comparison is on the right, and and or with more than two
// terms are one junction. The functions that make parts check the types that are known and
// compute what is constant.
type expr interface {
	at() int
	kind() kind // of its value, a list's of its elements; kNull when only a record tells
}

// sourcePos is the byte offset in the text of the query where a part begins.
type sourcePos int

func (a sourcePos) at() int { return int(a) }

// literal is a constant, or what a constant part was computed to.
type literal struct {
	sourcePos
	Value Value
}

// fieldRef is a field, by name.
type fieldRef struct {
	sourcePos
	Name     string
	Optional bool
	Kind     Kind
}

// negation negates.
type negation struct {
	sourcePos
	X expr
}

// junction joins terms by and, or by or.
type junction struct {
	sourcePos
	Or    bool
	Terms []expr
}

// test looks at one value by constants: a comparison with one of them, a list, patterns, or
// a function such as startsWith.
type test struct {
	sourcePos
	X    expr
	Op   string // as the query has it; of a function its name
	List []literal
	predicate
}

// operation computes or compares two values.
type operation struct {
	sourcePos
	Op          string
	Left, Right expr
}

func (e *literal) kind() kind  { return e.Value.kind }
func (e *fieldRef) kind() kind { return e.Kind }
func (e *negation) kind() kind { return kBool }
func (e *junction) kind() kind { return kBool }
func (e *test) kind() kind     { return kBool }
func (e *operation) kind() kind {
	if isComparison(e.Op) {
		return kBool
	}
	return kInt
}

func newLiteral(at int, v Value) expr { return &literal{sourcePos(at), v} }

// constant returns the value of a literal.
func constant(x expr) (v Value, ok bool) {
	if l, is := x.(*literal); is {
		return l.Value, true
	}
	return Value{}, false
}

// checkCondition fails if x can't be true or false.
func checkCondition(x expr) {
	if k := x.kind(); k != kBool && k != kNull {
		fail(x.at(), "not a condition: %s", describe(x))
	}
}

func newNot(at int, x expr) expr {
	checkCondition(x)
	if v, ok := constant(x); ok {
		return newLiteral(at, truthOfValue(v).not().value())
	}
	if n, ok := x.(*negation); ok && n.X.kind() == kBool {
		return n.X
	}
	return &negation{sourcePos(at), x}
}

// newJunction joins terms. One term that decides makes the whole constant; one that changes
// nothing is left out.
func newJunction(at int, or bool, terms []expr) expr {
	neutral := truthOf(!or)
	var keep []expr
	decided, varies := false, false
	for _, t := range terms {
		checkCondition(t)
		v, ok := constant(t)
		switch j, isJunction := t.(*junction); {
		case ok && truthOfValue(v) == neutral:
			continue
		case ok:
			decided = decided || truthOfValue(v) != unknown
		case isJunction && j.Or == or:
			varies = true
			keep = append(keep, j.Terms...)
			continue
		default:
			varies = true
		}
		keep = append(keep, t)
	}
	switch {
	case decided:
		return newLiteral(at, neutral.not().value())
	case len(keep) == 0:
		return newLiteral(at, neutral.value())
	case !varies:
		return newLiteral(at, Null())
	case len(keep) == 1:
		return keep[0]
	}
	return &junction{sourcePos(at), or, keep}
}

func isComparison(op string) bool {
	return slices.Contains([]string{"==", "!=", "<", "<=", ">", ">="}, op)
}

// flipped gives the operator that says the same with the sides exchanged.
var flipped = map[string]string{"==": "==", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func newCompare(at int, op token, left, right expr) expr {
	l, r := left.kind(), right.kind()
	switch {
	case op.text != "==" && op.text != "!=" && l == kBool:
		fail(op.at, "%s has no order: %s", describe(left), op.text)
	case op.text != "==" && op.text != "!=" && r == kBool:
		fail(op.at, "%s has no order: %s", describe(right), op.text)
	case !mayEqual(l, r):
		fail(op.at, "can't compare %s with %s%s", describe(left), describe(right), betterComparison(op.text, left, right))
	case op.text == "!=":
		op.text = "=="
		return newNot(at, newCompare(at, op, left, right))
	}
	a, constLeft := constant(left)
	b, constRight := constant(right)
	switch {
	case constLeft && !constRight:
		op.text = flipped[op.text]
		return newCompare(at, op, right, left)
	case !constRight:
		return &operation{sourcePos(at), op.text, left, right}
	case b.missing() && op.text != "==":
		return newLiteral(at, Null())
	case constLeft && op.text == "==" && (a.missing() || b.missing()):
		return newLiteral(at, Bool(a.missing() && b.missing()))
	}
	if b.missing() {
		op.text = "missing"
	}
	return newTest(at, op.text, left, []literal{*right.(*literal)}, comparing(op.text, b))
}

// newTest makes a test, or computes it where its value is constant.
func newTest(at int, op string, x expr, list []literal, p predicate) expr {
	if v, ok := constant(x); ok {
		return newLiteral(at, p.of(v).value())
	}
	return &test{sourcePos(at), x, op, list, p}
}

// newIn makes: x in (list).
func newIn(op token, x expr, list []literal) expr {
	fold := op.text == "in~"
	for i := range list {
		k := list[i].kind()
		if !mayEqual(x.kind(), k) {
			fail(list[i].at(), "can't compare %s with %s%s", describe(x), k.describe(), instead(&list[i], x.kind()))
		}
		if fold && k != kString {
			fail(list[i].at(), "in~ takes strings, not %s", k.describe())
		}
	}
	return newTest(x.at(), op.text, x, list, oneOf(list, fold))
}

// newMatch makes: x : (patterns), and the same with like and regex.
func newMatch(op token, x expr, patterns []literal) expr {
	if k := x.kind(); k != kString && k != kNull {
		fail(x.at(), "%s looks at strings, not at %s%s", op.text, describe(x), instead(x, kString))
	}
	for i := range patterns {
		if k := patterns[i].kind(); k != kString {
			fail(patterns[i].at(), "%s takes a string, not %s", op.text, k.describe())
		}
	}
	return newTest(x.at(), op.text, x, patterns, matching(op.text, patterns))
}

// newArithmetic makes a sum, product or the like.
func newArithmetic(op token, left, right expr) expr {
	for _, x := range []expr{left, right} {
		if k := x.kind(); k != kNull && k != kInt && k != kFloat {
			fail(x.at(), "can't compute %s with %s%s", op.text, describe(x), instead(x, kInt))
		}
	}
	a, constLeft := constant(left)
	b, constRight := constant(right)
	if constRight && (op.text == "/" || op.text == "%") && b.isNumber() && b.float() == 0 {
		fail(op.at, "division by zero")
	}
	if !constLeft || !constRight {
		return &operation{sourcePos(left.at()), op.text, left, right}
	}
	v := arithmetic(op.text, a, b)
	if v.missing() && !a.missing() && !b.missing() {
		fail(op.at, "the result of %s is too large", op.text)
	}
	return newLiteral(left.at(), v)
}
