package kql

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"hooksnare/detect/eql"
)

func FuzzParse(f *testing.F) {
	for _, query := range []string{
		`a:b`, `a : (b or "c" and not d*)`, "not a:b or (c >= 5 and\n d : *)", `a:\u00e9\and \*`, `"a b`, `a:{b:c}`,
		`a : "x\"\\\ud83d\ude00"`, `a:*?*`, `A OR b:c`, `x:null`, "a\u00a0:\u00a0b", `a:5e3 and b:-0.0 and c:true`, "`:b",
	} {
		f.Add(query, "b")
	}
	f.Fuzz(func(t *testing.T, query, text string) {
		q, err := Parse(query)
		if err != nil {
			if e, ok := err.(*Error); !ok || e.Line < 1 || e.Col < 1 || e.Msg == "" || !utf8.ValidString(e.Msg) && utf8.ValidString(query) {
				t.Fatalf("%q: error without a place or a message: %#v", query, err)
			}
			return
		}
		m, err := Compile(q, anyField)
		if err != nil {
			t.Fatalf("%q: parsed, but does not compile: %v", query, err)
		}
		r := record{}
		for _, name := range q.Fields() {
			r[name] = eql.List([]eql.Value{eql.String(text), eql.Int(int64(len(text))), eql.Bool(true)})
		}
		m.Match(record{})
		if !m.Match(r) {
			return
		}
		for _, name := range q.Fields() {
			q.Allowed(name)
		}
	})
}

// dice turns bytes into choices, so that a fuzzer can steer a generator. When the bytes
// are used up every choice is 0.
type dice []byte

func (d *dice) roll(n int) int {
	if len(*d) == 0 {
		return 0
	}
	b := (*d)[0]
	*d = (*d)[1:]
	return int(b) % n
}

func (d *dice) pick(from ...string) string { return from[d.roll(len(from))] }

// reference is a condition as a slow and plain function over lists of strings.
type reference func(map[string][]string) bool

// alphabet makes values that are often equal and often match.
var alphabet = []string{"a", "b", "A", "?", "*", "é", " a", "\\", "\"", "or", ":"}

// querySource writes queries and their meaning at the same time.
type querySource struct {
	dice
	text strings.Builder
}

func (s *querySource) space() { s.text.WriteString(s.pick(" ", "  ", "\n", "\t ")) }

// value writes a value and returns its characters, a -1 for each wildcard.
func (s *querySource) value() (pattern []rune) {
	if s.roll(2) == 0 {
		s.text.WriteByte('"')
		defer s.text.WriteByte('"')
		for range 1 + s.roll(3) {
			c := s.pick(alphabet...)
			s.text.WriteString(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(c))
			pattern = append(pattern, []rune(c)...)
		}
		return pattern
	}
	s.text.WriteString("x") // what is not a keyword, nor white space at an end
	pattern = []rune("x")
	if s.roll(3) == 0 {
		s.text.WriteByte('*')
		pattern = append(pattern, -1)
	}
	for range s.roll(4) {
		c := s.pick(alphabet...)
		escaped := c
		if strings.Contains(`\":`, c) || c == "or" || c == "*" {
			escaped = `\` + c
		}
		s.text.WriteString(escaped)
		pattern = append(pattern, []rune(c)...)
		if s.roll(3) == 0 {
			s.text.WriteByte('*')
			pattern = append(pattern, -1)
		}
	}
	return pattern
}

// glob matches by going back.
func glob(pattern, text []rune) bool {
	switch {
	case len(pattern) == 0:
		return len(text) == 0
	case pattern[0] == -1:
		return glob(pattern[1:], text) || len(text) > 0 && glob(pattern, text[1:])
	}
	return len(text) > 0 && text[0] == pattern[0] && glob(pattern[1:], text[1:])
}

// leaf writes the condition on a field, or in a list of its values only the value.
func (s *querySource) leaf(field string) reference {
	inList := field != ""
	if !inList {
		field = s.pick("f", "g", "h.i")
		s.text.WriteString(field + s.pick(":", " : ", ": "))
		switch s.roll(5) {
		case 3:
			s.text.WriteString("*")
			return func(r map[string][]string) bool { return len(r[field]) > 0 }
		case 4:
			s.text.WriteByte('(')
			inner := s.tree(2, field)
			s.text.WriteByte(')')
			return inner
		}
	}
	pattern := s.value()
	return func(r map[string][]string) bool {
		for _, e := range r[field] {
			if glob(pattern, []rune(e)) {
				return true
			}
		}
		return false
	}
}

// tree writes a random expression: a sum of products of terms.
func (s *querySource) tree(depth int, field string) reference {
	return s.joined("or", func() reference {
		return s.joined("and", func() reference { return s.term(depth, field) })
	})
}

func (s *querySource) joined(by string, term func() reference) reference {
	terms := []reference{term()}
	for range s.roll(3) {
		s.space()
		s.text.WriteString(s.pick(by, strings.ToUpper(by)))
		s.space()
		terms = append(terms, term())
	}
	return func(r map[string][]string) bool {
		for _, t := range terms {
			if t(r) == (by == "or") {
				return by == "or"
			}
		}
		return by != "or"
	}
}

func (s *querySource) term(depth int, field string) reference {
	switch s.roll(4) {
	case 1:
		s.text.WriteString("not ")
		x := s.term(depth, field)
		return func(r map[string][]string) bool { return !x(r) }
	case 2:
		if depth > 0 {
			s.text.WriteByte('(')
			defer s.text.WriteByte(')')
			return s.tree(depth-1, field)
		}
	}
	return s.leaf(field)
}

// FuzzMeaning compares random queries on random records with the reference.
func FuzzMeaning(f *testing.F) {
	f.Add([]byte{0}, []byte{1})
	f.Add([]byte("\x02\x01\x01\x02\x03\x01\x02\x00\x01\x03\x02\x01\x00\x02"), []byte{2, 0, 1, 1, 0})
	f.Add([]byte("not everything is as it seems, is it: let us see what comes of it"), []byte("records"))
	f.Add([]byte{1, 2, 1, 0, 2, 4, 1, 1, 0, 3, 2, 1, 0, 1, 1, 3, 0, 2}, []byte{0, 3, 1, 2, 2, 1, 0, 4, 1})
	f.Fuzz(checkMeaning)
}

// TestMeaning does the same with bytes from a fixed source.
func TestMeaning(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	for range 3000 {
		queryBytes, recordBytes := make([]byte, 120), make([]byte, 40)
		random.Read(queryBytes)
		random.Read(recordBytes)
		checkMeaning(t, queryBytes, recordBytes)
	}
}

func checkMeaning(t *testing.T, queryBytes, recordBytes []byte) {
	if len(queryBytes) > 400 {
		return
	}
	s := &querySource{dice: queryBytes}
	want := s.tree(3, "")
	query := s.text.String()
	m := matcher(t, query)

	d := dice(recordBytes)
	lists, rec := map[string][]string{}, record{}
	for _, field := range []string{"f", "g", "h.i"} {
		for range d.roll(4) {
			text := d.pick("", "x", "xx")
			for range d.roll(5) {
				text += d.pick(alphabet...)
			}
			lists[field] = append(lists[field], text)
		}
		rec[field] = eql.Strings(lists[field])
	}
	if got := m.Match(rec); got != want(lists) {
		t.Fatalf("query %s\non %q: got %v, want %v", query, lists, got, want(lists))
	}
	for _, field := range []string{"f", "g", "h.i"} {
		values, ok := parse(t, query).Allowed(field)
		if ok && want(lists) && !overlap(values, lists[field]) {
			t.Fatalf("query %s\non %q holds, but %s is none of %q", query, lists, field, values)
		}
	}
}

func overlap(a, b []string) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}
