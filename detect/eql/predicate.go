package eql

import "slices"

// predicate decides about one scalar that is there. Each function looks at values of
// one type; a type without a function satisfies nothing.
type predicate struct {
	text   func(string) bool
	number func(Value) bool
	bool   func(bool) bool
	null   bool // a list with null in it: what is not found is unknown, not absent
}

// any reports whether any element of v satisfies the predicate.
func (p *predicate) any(v Value) bool {
	switch v.kind {
	case kString:
		return p.text != nil && p.text(v.text)
	case kStrings:
		return p.text != nil && slices.ContainsFunc(v.texts(), p.text)
	case kInt, kFloat:
		return p.number != nil && p.number(v)
	case kBool:
		return p.bool != nil && p.bool(v.bool())
	case kList:
		for _, e := range v.list() {
			if e.kind != kList && p.any(e) {
				return true
			}
		}
	}
	return false
}

// unknownIfMissing decides about a scalar that need not be there.
func (p *predicate) unknownIfMissing(v Value) truth {
	switch {
	case v.missing():
		return unknown
	case p.any(v):
		return yes
	case p.null:
		return unknown
	}
	return no
}

// isTrue is satisfied by true.
var isTrue = predicate{bool: func(b bool) bool { return b }}

// comparing returns the predicate: the value stands in this order to v.
func comparing(op operator, v Value) predicate {
	switch v.kind {
	case kString:
		if op == opEqual {
			return predicate{text: verbatim([]string{v.text})}
		}
		return predicate{text: func(s string) bool { return compare(op, String(s), v) == yes }}
	case kBool:
		want := v.bool()
		return predicate{bool: func(b bool) bool { return b == want }}
	}
	return predicate{number: func(n Value) bool { return compare(op, n, v) == yes }}
}

// compare compares two scalars.
func compare(op operator, a, b Value) truth {
	if a.missing() || b.missing() {
		return unknown
	}
	c, ok := order(a, b)
	switch op {
	case opEqual:
		return truthOf(ok && c == 0)
	case opLess:
		return truthOf(ok && c < 0)
	case opLessEqual:
		return truthOf(ok && c <= 0)
	case opGreater:
		return truthOf(ok && c > 0)
	}
	return truthOf(ok && c >= 0)
}

// oneOf returns the predicate: the value is one of the list.
func oneOf(list []literal, fold bool) predicate {
	var p predicate
	var strings []string
	var numbers []Value
	var seen [2]bool // false, true
	for i := range list {
		switch v := list[i].Value; v.kind {
		case kString:
			strings = append(strings, v.text)
		case kInt, kFloat:
			numbers = append(numbers, v)
		case kBool:
			seen[v.bits] = true
		default:
			p.null = true
		}
	}
	if len(strings) > 0 {
		p.text = verbatim(strings)
		if fold {
			p.text = verbatimFold(strings)
		}
	}
	if len(numbers) > 0 {
		slices.SortFunc(numbers, orderNumbers)
		p.number = func(n Value) bool {
			_, found := slices.BinarySearchFunc(numbers, n, orderNumbers)
			return found
		}
	}
	if seen[0] || seen[1] {
		p.bool = func(b bool) bool { return b && seen[1] || !b && seen[0] }
	}
	return p
}

// matchingWildcard returns the predicate: the value matches one of the patterns.
func matchingWildcard(patterns []literal, fold bool) predicate {
	var plain []string
	var globs []*glob
	for i := range patterns {
		s := patterns[i].Value.text
		if !hasWildcard(s) {
			plain = append(plain, s)
			continue
		}
		g, err := newGlob(s, fold)
		if err != nil {
			fail(patterns[i].at(), "%v", err)
		}
		globs = append(globs, g)
	}
	exact := verbatim(plain)
	if fold {
		exact = verbatimFold(plain)
	}
	if len(globs) == 0 {
		return predicate{text: exact}
	}
	return predicate{text: func(s string) bool {
		return exact(s) || slices.ContainsFunc(globs, func(g *glob) bool { return g.match(s) })
	}}
}

// matchingRegex returns the predicate: the value matches one of the expressions.
func matchingRegex(patterns []literal, fold bool) predicate {
	var any []func(string) bool
	for i := range patterns {
		any = append(any, compileRegex(patterns[i].at(), patterns[i].Value.text, fold).MatchString)
	}
	return predicate{text: func(s string) bool {
		return slices.ContainsFunc(any, func(match func(string) bool) bool { return match(s) })
	}}
}
