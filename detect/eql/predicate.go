package eql

import (
	"slices"
	"strings"
)

// truth is a truth value of three-valued logic. And is the smaller and or the greater of two.
type truth uint8

const (
	no truth = iota
	unknown
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (t truth) not() truth { return yes - t }

// value is the truth as a scalar.
func (t truth) value() Value {
	if t == unknown {
		return Value{}
	}
	return Bool(t == yes)
}

// truthOfValue reads a scalar as a condition. What is not a boolean satisfies nothing.
func truthOfValue(v Value) truth {
	switch v.kind {
	case kNull:
		return unknown
	case kBool:
		return truthOf(v.bool())
	}
	return no
}

// predicate decides about one scalar. Each function looks at values of one type; a type
// without a function satisfies nothing.
type predicate struct {
	text    func(string) bool
	number  func(Value) bool
	bool    func(bool) bool
	missing bool // satisfied by nothing but a missing value
	null    bool // a list with null in it: a value that is not found is unknown, not absent
	strict  bool // a function: what is not a string is unknown,
	settled bool // but not where it looks at a whole field
}

// matchesAny reports whether any element of v satisfies the predicate.
func (p *predicate) matchesAny(v Value) bool {
	switch v.kind {
	case kNull:
		return p.missing
	case kString:
		return p.text != nil && p.text(v.text)
	case kStrings:
		return p.text != nil && slices.ContainsFunc(v.texts(), p.text)
	case kInt, kFloat:
		return p.number != nil && p.number(v)
	case kBool:
		return p.bool != nil && p.bool(v.bool())
	}
	return slices.ContainsFunc(v.list(), func(e Value) bool { return e.kind != kNull && e.kind != kList && p.matchesAny(e) })
}

// of decides about a scalar by three-valued logic.
func (p *predicate) of(v Value) truth {
	switch {
	case p.matchesAny(v):
		return yes
	case p.missing:
		return no
	case v.missing() || p.null || p.strict && v.kind != kString:
		return unknown
	}
	return no
}

// isTrue is satisfied by true.
var isTrue = predicate{bool: func(b bool) bool { return b }}

// isText is satisfied by every string.
var isText = predicate{text: func(string) bool { return true }}

// comparing returns the predicate: the value stands in this order to v.
func comparing(op string, v Value) predicate {
	switch v.kind {
	case kNull:
		return predicate{missing: true}
	case kString:
		if op == "==" {
			return predicate{text: verbatim([]string{v.text}, false)}
		}
		return predicate{text: func(s string) bool { return compare(op, String(s), v) == yes }}
	case kBool:
		want := v.bool()
		return predicate{bool: func(b bool) bool { return b == want }}
	}
	return predicate{number: func(n Value) bool { return compare(op, n, v) == yes }}
}

// oneOf returns the predicate: the value is one of the list.
func oneOf(list []literal, fold bool) predicate {
	var p predicate
	var texts []string
	var numbers []Value
	var seen [2]bool // false, true
	for i := range list {
		switch v := list[i].Value; v.kind {
		case kString:
			texts = append(texts, v.text)
		case kInt, kFloat:
			numbers = append(numbers, v)
		case kBool:
			seen[v.bits] = true
		default:
			p.null = true
		}
	}
	p.text = verbatim(texts, fold)
	slices.SortFunc(numbers, compareNumbers)
	p.number = func(n Value) bool {
		_, found := slices.BinarySearchFunc(numbers, n, compareNumbers)
		return found
	}
	p.bool = func(b bool) bool { return b && seen[1] || !b && seen[0] }
	return p
}

// fewStrings is the length up to which looking through a list beats hashing.
const fewStrings = 8

// verbatim returns a test for being one of a list, perhaps in any case.
func verbatim(list []string, fold bool) func(string) bool {
	switch {
	case len(list) == 1 && !fold: // what nearly all conditions ask for
		want := list[0]
		return func(s string) bool { return s == want }
	case len(list) <= fewStrings:
		return func(s string) bool { return contains(list, s, fold) }
	}
	set := make(map[uint64][]string, len(list))
	for _, s := range list {
		h := FoldedHash(s)
		set[h] = append(set[h], s)
	}
	return func(s string) bool { return contains(set[FoldedHash(s)], s, fold) }
}

func contains(list []string, s string, fold bool) bool {
	for _, want := range list {
		if s == want || fold && strings.EqualFold(s, want) {
			return true
		}
	}
	return false
}

// matching returns the predicate: the value matches one of the patterns of an operator,
// whose form without ~ minds the case.
func matching(op string, list []literal) predicate {
	fold := op != "like" && op != "regex"
	var plain []string
	var tests []func(string) bool
	for i := range list {
		at, s := list[i].at(), list[i].Value.text
		switch {
		case strings.HasPrefix(op, "regex"):
			tests = append(tests, compileRegex(at, s, fold).MatchString)
		case !strings.ContainsAny(s, "*?"):
			plain = append(plain, s)
		default:
			p, err := newWildcard(s, fold)
			if err != nil {
				fail(at, "%v", err)
			}
			tests = append(tests, p.match)
		}
	}
	if len(plain) > 0 {
		tests = slices.Insert(tests, 0, verbatim(plain, fold))
	}
	if len(tests) == 1 {
		return predicate{text: tests[0]}
	}
	return predicate{text: func(s string) bool {
		return slices.ContainsFunc(tests, func(matches func(string) bool) bool { return matches(s) })
	}}
}

// partPredicate returns the predicate that a function has for a part that is constant; ok is
// false for a part that is too long to be searched with a pattern.
func partPredicate(name, part string, fold bool) (p predicate, ok bool) {
	chars := characters(part, fold)
	p.strict = true
	switch {
	case name == "startsWith":
		p.text = newPattern(fold, chars, nil).match
		p.settled = true // as if it were an operator, so that an index can answer it
	case name == "endsWith":
		p.text = newPattern(fold, nil, chars).match
	case part == "":
		p.text = func(string) bool { return false }
	default:
		p.text = newPattern(fold, nil, chars, nil).match
		return p, len(chars) <= maxBetweenStars
	}
	return p, true
}
