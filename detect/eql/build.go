package eql

import "slices"

// The functions here make the parts of a condition: they check the types that are
// known, bring a part to its one form and fold what is constant.

func newLiteral(at int, v Value) Expr { return &Literal{At(at), v} }

// constant returns the value of a literal.
func constant(x Expr) (v Value, ok bool) {
	if l, is := x.(*Literal); is {
		return l.Value, true
	}
	return Value{}, false
}

// checkCondition fails if x can't be true or false.
func checkCondition(x Expr) {
	if k := x.kind(); k != kBool && k != kNull {
		fail(x.at(), "not a condition: %s", k.describe())
	}
}

func newNot(at int, x Expr) Expr {
	checkCondition(x)
	if v, ok := constant(x); ok {
		return newLiteral(at, truthOfValue(v).not().value())
	}
	if n, ok := x.(*Not); ok && n.X.kind() == kBool {
		return n.X
	}
	return &Not{At(at), x}
}

// newLogic joins terms. One term that decides makes the whole constant; one that
// changes nothing is left out.
func newLogic(at int, or bool, terms []Expr) Expr {
	decides, neutral := no, yes
	if or {
		decides, neutral = yes, no
	}
	var keep []Expr
	decided := false
	for _, t := range terms {
		checkCondition(t)
		v, ok := constant(t)
		if ok && truthOfValue(v) == neutral {
			continue
		}
		decided = decided || ok && truthOfValue(v) == decides
		if l, ok := t.(*Logic); ok && l.Or == or {
			keep = append(keep, l.Terms...)
			continue
		}
		keep = append(keep, t)
	}
	allConstant := !slices.ContainsFunc(keep, func(x Expr) bool { _, ok := constant(x); return !ok })
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
	return &Logic{At(at), or, keep}
}

// flipped gives the operator that says the same with the sides exchanged.
var flipped = map[Op]Op{Equal: Equal, Less: Greater, LessEqual: GreaterEqual, Greater: Less, GreaterEqual: LessEqual}

func newCompare(at int, op token, left, right Expr) Expr {
	checkComparable(op, left, right)
	if op.text == "!=" {
		op.text = "=="
		return newNot(at, newCompare(at, op, left, right))
	}
	c := &Compare{At: At(at), Op: Op(op.text), Left: left, Right: right}
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
	case b.missing() && c.Op != Equal:
		return newLiteral(at, Null())
	case constLeft && c.Op == Equal && (a.missing() || b.missing()):
		return newLiteral(at, Bool(a.missing() && b.missing()))
	case constLeft:
		return newLiteral(at, compare(c.Op, a, b).value())
	case b.missing():
		return &Missing{At(at), c.Left}
	}
	c.test = comparing(c.Op, b)
	return c
}

// checkComparable checks the types of both sides, as far as they are known.
func checkComparable(op token, left, right Expr) {
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
func newIn(op token, x Expr, list []Literal) Expr {
	in := &In{At: At(x.at()), X: x, Fold: op.text == "in~", List: list}
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
func newMatch(op token, x Expr, patterns []Literal) Expr {
	m := &Match{At: At(x.at()), X: x, Patterns: patterns}
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
func newArith(op token, left, right Expr) Expr {
	for _, x := range []Expr{left, right} {
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
		return &Arith{At(left.at()), op.text[0], left, right}
	}
	v := arith(op.text[0], a, b)
	if v.missing() && !a.missing() && !b.missing() {
		fail(op.at, "the result of %s is too large", op.text)
	}
	return newLiteral(left.at(), v)
}
