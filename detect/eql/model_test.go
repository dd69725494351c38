package eql

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// model finds sequences by looking at all events again and again. It keeps every
// sequence that ever began, until a later event takes it or one after it.
type model struct {
	events  []record
	steps   []byte   // letters of the events that come
	missing []string // letters that must not come before each step, and after the last
	until   byte     // 0 for none
	span    int64    // 0 for none
	begun   map[string][][][]int
	results []string
}

func (m *model) is(i int, letter byte) bool { return m.events[i]["name"].text[0] == letter }
func (m *model) at(i int) int64             { return m.events[i]["at"].int() }

// keys returns the values of the key of an event.
func (m *model) keys(i int) (keys []string) {
	v := m.events[i]["k"]
	for n := range v.len() {
		if k := v.at(n).text; !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

func (m *model) run() []string {
	m.begun = map[string][][][]int{}
	for i := range m.events {
		for step := range m.steps {
			for _, key := range m.keys(i) {
				if m.is(i, m.steps[step]) {
					m.reach(step, key, i)
				}
			}
		}
	}
	return m.results
}

func (m *model) reach(step int, key string, i int) {
	if m.begun[key] == nil {
		m.begun[key] = make([][][]int, len(m.steps))
	}
	begun := m.begun[key]
	var seq []int
	if step > 0 {
		from := begun[step-1]
		n := len(from)
		for n > 0 && slices.Max(from[n-1]) >= i {
			n--
		}
		if n == 0 {
			return
		}
		seq = from[n-1]
		begun[step-1] = from[n:]
		if m.span > 0 && m.at(i)-m.at(seq[0]) > m.span || m.ended(key, seq[len(seq)-1], i) {
			return
		}
	}
	seq = append(slices.Clone(seq), i)
	if step < len(m.steps)-1 {
		begun[step] = append(begun[step], seq)
		return
	}
	if m.holds(key, seq) {
		m.results = append(m.results, fmt.Sprint(seq))
	}
}

// ended reports whether an event from one on and before another ends a sequence.
func (m *model) ended(key string, from, to int) bool {
	for i := from; m.until != 0 && i < to; i++ {
		if m.is(i, m.until) && slices.Contains(m.keys(i), key) {
			return true
		}
	}
	return false
}

// comes returns the first event, or the last one, between two with one of the letters.
func (m *model) comes(letters, key string, from, to int, last bool) int {
	found := -1
	for i := from + 1; i < to; i++ {
		if strings.Contains(letters, m.events[i]["name"].text) && slices.Contains(m.keys(i), key) {
			if found = i; !last {
				break
			}
		}
	}
	return found
}

// holds looks for the events that must be missing in a complete sequence.
func (m *model) holds(key string, seq []int) bool {
	for gap := 1; gap < len(seq); gap++ {
		if m.comes(m.missing[gap], key, seq[gap-1], seq[gap], false) >= 0 {
			return false
		}
	}
	end := seq[len(seq)-1]
	before := m.comes(m.missing[0], key, -1, seq[0], true)
	after := m.comes(m.missing[len(seq)], key, end, len(m.events), false)
	leading, ending := m.missing[0] != "", m.missing[len(seq)] != ""
	switch {
	case leading && ending:
		return before < 0 || after < 0 || m.at(after)-m.at(before) > m.span
	case leading:
		return before < 0 || m.at(end)-m.at(before) > m.span
	case ending:
		return after < 0 || m.at(after)-m.at(seq[0]) > m.span
	}
	return true
}

// query writes the query of a model.
func (m *model) query() string {
	q := "by k "
	if m.span > 0 {
		q += fmt.Sprintf("with maxspan=%ds ", m.span/1e9)
	}
	for gap, letters := range m.missing {
		for _, l := range letters {
			q += fmt.Sprintf("![%c]", l)
		}
		if gap < len(m.steps) {
			q += fmt.Sprintf("[%c]", m.steps[gap])
		}
	}
	if m.until != 0 {
		q += fmt.Sprintf(" until [%c]", m.until)
	}
	return q
}

// newModel reads a small query and events from bytes; nil if they are none.
func newModel(query, events []byte) *model {
	const letters = "abcd"
	if len(query) < 3 || len(query) > 8 || len(events) > 64 {
		return nil
	}
	m := &model{span: int64(query[0]%6) * 1e9, missing: []string{""}}
	if query[1]%3 == 0 {
		m.until = letters[query[1]/3%4]
	}
	for _, b := range query[2:] {
		letter := letters[b%4]
		gap := len(m.missing) - 1
		if b/4%3 == 0 && m.span > 0 && !strings.Contains(m.missing[gap], string(letter)) {
			m.missing[gap] += string(letter)
			continue
		}
		m.steps = append(m.steps, letter)
		m.missing = append(m.missing, "")
	}
	if len(m.steps) == 0 || len(m.steps)+len(strings.Join(m.missing, "")) < 2 {
		return nil
	}
	at := int64(0)
	for i, b := range events {
		at += int64(b/4%3) * 1e9
		r := record{"name": String(letters[b%4 : b%4+1]), "at": Int(at), "text": String(fmt.Sprint(i))}
		switch b / 12 % 8 {
		case 0, 1, 2:
			r["k"] = String("x")
		case 3, 4:
			r["k"] = String("y")
		case 5:
			r["k"] = Strings([]string{"x", "y"})
		case 6:
			r["k"] = Strings([]string{"y", "z", "y"})
		}
		m.events = append(m.events, r)
	}
	return m
}

// FuzzSequence compares with the model, and keeps within limits whatever they are.
func FuzzSequence(f *testing.F) {
	f.Add([]byte{0, 1, 12, 13}, []byte{0, 1, 4, 5, 40, 61}, 1, 1)
	f.Add([]byte{4, 0, 4, 1, 6}, []byte{0, 1, 2, 4, 2, 1, 6, 100}, 2, 3)
	f.Add([]byte{3, 1, 2, 4, 2}, []byte{2, 0, 6, 8, 4, 9, 10, 0, 0}, 1, 2)
	f.Add([]byte{2, 2, 4, 5, 3, 6, 0}, []byte("the quick brown fox jumps over the lazy dog, then sleeps"), 3, 1)
	f.Add([]byte{5, 3, 4, 4, 4, 4}, []byte{0, 0, 0, 0, 1, 0, 0, 0, 60, 72}, 1, 4)
	f.Fuzz(compareWithModel)
}

func TestSequenceModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	bytes := func(n int) []byte {
		b := make([]byte, random.IntN(n))
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	for range 3000 {
		compareWithModel(t, bytes(9), bytes(40), random.IntN(4), random.IntN(8))
	}
}

// compareWithModel runs a query over events by both ways, and then within limits.
func compareWithModel(t *testing.T, query, events []byte, keys, partials int) {
	m := newModel(query, events)
	if m == nil {
		return
	}
	q := sequenceQuery(t, m.query())
	results, err := Run(q, m.events, nil, anyField, letterOptions)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range results {
		got = append(got, "["+writtenResults([]Result[record]{r})+"]")
	}
	want := m.run()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s over %v:\n got %v\nwant %v", m.query(), m.events, got, want)
	}
	checkResultsRequired(t, q, results)
	limits := Limits{Keys: keys&3 + 1, Partials: partials&7 + 1, Age: 2e9}
	s := follow(t, q, limits)
	for _, e := range m.events {
		s.Feed(e, nil)
		if k, p := s.Pending(); k > limits.Keys || p > limits.Partials || p != countPartials(s) {
			t.Fatalf("%s: %d keys and %d partials (counted %d) within %+v", m.query(), k, p, countPartials(s), limits)
		}
	}
}

// countPartials counts what a sequence has pending.
func countPartials(s *Sequence[record]) (n int) {
	for _, p := range s.keys.byKey {
		n += p.waiting
		for _, part := range p.parts {
			if part != nil {
				n++
			}
		}
	}
	return n
}
