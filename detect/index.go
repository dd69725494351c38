package detect

import (
	"math/bits"
	"slices"

	"hooksnare/detect/eql"
)

// index finds the rules that can have something to say about an event, so that an event
// costs as much as there are such rules, not as there are rules. What a rule requires is
// worked out once: which kinds of events it can be about, and one field that must have one
// of a few values.
type index struct {
	always set // asked about every event of the kind
	fields []lookup
	found  set // of the latest event
}

// lookup tells which rules ask for a value of a field.
type lookup struct {
	name  string
	get   field
	rules map[uint64][]int // by folded hash
	// lengths has the bit of the length of each value that is asked for: most of what an
	// event has is ruled out by its length. It goes only for text in ASCII, as letters of
	// other lengths may be equal in any case; odd tells that it does not go.
	lengths uint64
	odd     bool
}

// set is a set of small numbers.
type set []uint64

func (s *set) add(n int) {
	for n/64 >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[n/64] |= 1 << (n % 64)
}

// next returns the first number that is not below n, and false without one.
func (s set) next(n int) (int, bool) {
	for w := n / 64; w < len(s); w++ {
		word := s[w]
		if w == n/64 {
			word &= ^uint64(0) << (n % 64)
		}
		if word != 0 {
			return w*64 + bits.TrailingZeros64(word), true
		}
	}
	return 0, false
}

// add files the rule of a number under what it requires of an event.
func (x *index) add(n int, needs []eql.Requirement) {
	for i := range needs {
		r := &needs[i]
		get, ok := Fields(r.Field)
		if !ok { // nothing is asked of any field
			x.always.add(n)
			return
		}
		l := x.lookup(r.Field, get)
		for _, v := range r.Values {
			l.add(v, n)
		}
	}
}

func (x *index) lookup(name string, get field) *lookup {
	i := slices.IndexFunc(x.fields, func(l lookup) bool { return l.name == name })
	if i < 0 {
		i = len(x.fields)
		x.fields = append(x.fields, lookup{name: name, get: get, rules: map[uint64][]int{}})
	}
	return &x.fields[i]
}

func (l *lookup) add(value string, n int) {
	l.odd = l.odd || len(value) >= maxLength || !ascii(value)
	l.lengths |= 1 << min(len(value), maxLength)
	h := eql.FoldedHash(value)
	if !slices.Contains(l.rules[h], n) {
		l.rules[h] = append(l.rules[h], n)
	}
}

// maxLength is the length, in bytes, from which on values have no bit of their own.
const maxLength = 63

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// of returns the numbers of the rules to ask about a record. The set holds until the next
// call.
func (x *index) of(r *Record) set {
	x.found = append(x.found[:0], x.always...)
	for i := range x.fields {
		l := &x.fields[i]
		v := l.get(r)
		if s, ok := v.Text(); ok {
			x.look(l, s)
			continue
		}
		for _, s := range v.Strings() {
			x.look(l, s)
		}
	}
	return x.found
}

func (x *index) look(l *lookup, s string) {
	if !l.odd && l.lengths>>min(len(s), maxLength)&1 == 0 && ascii(s) {
		return
	}
	for _, n := range l.rules[eql.FoldedHash(s)] {
		x.found.add(n)
	}
}
