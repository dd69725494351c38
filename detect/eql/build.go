package eql

import "slices"

// The functions here make the parts of a condition: they check the types that are
// known, bring a part to its one form and fold what is constant.

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
		fail(x.at(), "not a condition: %s", k.describe())
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

// newLogic joins terms. One term that decides makes the whole constant; one that
// changes nothing is left out.
func newLogic(at int, or bool, terms []expr) expr {
	decides, neutral := no, yes
	if or {
		decides, neutral = yes, no
	}
	var keep []expr
	decided := false
	for _, t := range terms {
		checkCondition(t)
		v, ok := constant(t)
		if ok && truthOfValue(v) == neutral {
			continue
		}
		decided = decided || ok && truthOfValue(v) == decides
		if l, ok := t.(*junction); ok && l.Or == or {
			keep = append(keep, l.Terms...)
			continue
		}
		keep = append(keep, t)
	}
	allConstant := !slices.ContainsFunc(keep, func(x expr) bool { _, ok := constant(x); return !ok })
	switch {
	case decided:
		return newLiteral(at, decides.value())
	case len(keep) == 0:
		return newLiteral(at, neutral.value())
	case allConstant:
		return newLiteral(at, Null()) // neither neutral nor deciding: unknown
	case len(keep) == 1:
		return keep[0]
	}
	return &junction{sourcePos(at), or, keep}
}

// flipped gives the operator that says the same with the sides exchanged.
var flipped = map[operator]operator{opEqual: opEqual, opLess: opGreater, opLessEqual: opGreaterEqual, opGreater: opLess, opGreaterEqual: opLessEqual}

func newCompare(at int, op token, left, right expr) expr {
	checkComparable(op, left, right)
	if op.text == "!=" {
		op.text = "=="
		return newNot(at, newCompare(at, op, left, right))
	}
	c := &comparison{sourcePos: sourcePos(at), Op: operator(op.text), Left: left, Right: right}
	a, constLeft := constant(left)
	b, constRight := constant(right)
	if constLeft && !constRight {
		c.Op, c.Left, c.Right = flipped[c.Op], right, left
		b, constRight = a, true
		constLeft = false
	}
	switch {
	case !constRight:
		return c
	case b.missing() && c.Op != opEqual:
		return newLiteral(at, Null())
	case constLeft && c.Op == opEqual && (a.missing() || b.missing()):
		return newLiteral(at, Bool(a.missing() && b.missing()))
	case constLeft:
		return newLiteral(at, compare(c.Op, a, b).value())
	case b.missing():
		return &absence{sourcePos(at), c.Left}
	}
	c.test = comparing(c.Op, b)
	return c
}

// checkComparable checks the types of both sides, as far as they are known.
func checkComparable(op token, left, right expr) {
	l, r := left.kind(), right.kind()
	order := op.text != "==" && op.text != "!="
	switch {
	case order && (l == kBool || r == kBool):
		fail(op.at, "true and false have no order: %s", op.text)
	case l != kNull && r != kNull && l.describe() != r.describe():
		fail(op.at, "can't compare %s with %s", l.describe(), r.describe())
	}
}

// newIn makes: x in (list).
func newIn(op token, x expr, list []literal) expr {
	in := &membership{sourcePos: sourcePos(x.at()), X: x, Fold: op.text == "in~", List: list}
	for i := range list {
		k := list[i].kind()
		if x.kind() != kNull && k != kNull && k.describe() != x.kind().describe() {
			fail(list[i].at(), "can't compare %s with %s", x.kind().describe(), k.describe())
		}
		if in.Fold && k != kString {
			fail(list[i].at(), "in~ takes strings, not %s", k.describe())
		}
	}
	in.test = oneOf(list, in.Fold)
	if v, ok := constant(x); ok {
		return newLiteral(x.at(), in.test.unknownIfMissing(v).value())
	}
	return in
}

// newMatch makes: x : (patterns), and the same with like and regex.
func newMatch(op token, x expr, patterns []literal) expr {
	m := &patternMatch{sourcePos: sourcePos(x.at()), X: x, Patterns: patterns}
	m.Fold = op.text != "like" && op.text != "regex"
	m.Regex = op.text == "regex" || op.text == "regex~"
	if k := x.kind(); k != kString && k != kNull {
		fail(x.at(), "%s looks at strings, not at %s", op.text, k.describe())
	}
	for i := range patterns {
		if k := patterns[i].kind(); k != kString {
			fail(patterns[i].at(), "%s takes a string, not %s", op.text, k.describe())
		}
	}
	if m.Regex {
		m.test = matchingRegex(patterns, m.Fold)
	} else {
		m.test = matchingWildcard(patterns, m.Fold)
	}
	if v, ok := constant(x); ok {
		return newLiteral(x.at(), m.test.unknownIfMissing(v).value())
	}
	return m
}

// newArith makes a sum, product or the like.
func newArith(op token, left, right expr) expr {
	for _, x := range []expr{left, right} {
		if k := x.kind(); k != kNull && k != kInt && k != kFloat {
			fail(x.at(), "can't compute %s with %s", op.text, k.describe())
		}
	}
	a, constLeft := constant(left)
	b, constRight := constant(right)
	if constRight && (op.text == "/" || op.text == "%") && b.isNumber() && b.float() == 0 {
		fail(op.at, "division by zero")
	}
	if !constLeft || !constRight {
		return &arithmetic{sourcePos(left.at()), op.text[0], left, right}
	}
	v := arith(op.text[0], a, b)
	if v.missing() && !a.missing() && !b.missing() {
		fail(op.at, "the result of %s is too large", op.text)
	}
	return newLiteral(left.at(), v)
}
