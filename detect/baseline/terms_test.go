package baseline

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// start is the time at which tests begin.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return start.Add(d) }

func newTerms(t testing.TB, o TermsOptions) *Terms {
	t.Helper()
	o.Fields = max(o.Fields, 1)
	if o.Window == 0 {
		o.Window = time.Hour
	}
	m, err := NewTerms(o, start)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sighting of one value and what is expected.
type seen struct {
	value string
	at    time.Duration // after start
	want  bool
}

func TestTerms(t *testing.T) {
	const h, m = time.Hour, time.Minute
	for _, c := range []struct {
		name    string
		options TermsOptions
		seen    []seen
	}{
		{"learning lasts one window", TermsOptions{}, []seen{
			{"a", 0, false}, {"b", h - 1, false}, {"a", h, false}, {"c", h, true}, {"c", h, false}}},
		{"learning of its own length", TermsOptions{Learning: 10 * m}, []seen{
			{"a", 10*m - 1, false}, {"b", 10 * m, true}, {"a", 11 * m, false}}},
		{"no learning", TermsOptions{Learning: NoLearning}, []seen{
			{"a", 0, true}, {"a", 1, false}}},
		{"the window slides with each sighting", TermsOptions{Learning: NoLearning}, []seen{
			{"a", 0, true}, {"a", h, false}, {"a", 2 * h, false}, {"a", 3*h + 1, true}, {"a", 3*h + 2, false}}},
		{"a little out of order", TermsOptions{Learning: NoLearning}, []seen{
			{"a", m, true}, {"a", 0, false}, {"a", h + m, false}}},
		{"a clock set back makes new what was seen in the future only", TermsOptions{Learning: NoLearning}, []seen{
			{"a", 0, true}, {"b", 1000 * h, true}, {"b", m, true}, {"b", 2 * m, false}, {"a", 3 * m, false}}},
		{"a start in the future begins anew", TermsOptions{}, []seen{
			{"a", -1000 * h, false}, {"b", -999*h - 1, false}, {"c", -999 * h, true}, {"d", -2 * h, true}}},
		{"a start slightly in the future does not", TermsOptions{}, []seen{
			{"a", -m, false}, {"b", h - 1, false}, {"c", h, true}}},
		{"long ago and far ahead", TermsOptions{Learning: NoLearning}, []seen{
			{"a", -100 * 365 * 24 * h, true}, {"a", -99 * 365 * 24 * h, false}, {"a", 200 * 365 * 24 * h, true}, {"a", 0, true}}},
	} {
		terms := newTerms(t, c.options)
		for i, s := range c.seen {
			if got := terms.Seen([]string{s.value}, after(s.at)); got != s.want {
				t.Errorf("%s: sighting %d, %s after %v: got %v, want %v", c.name, i, s.value, s.at, got, s.want)
			}
		}
	}
}

func TestTermsCounts(t *testing.T) {
	m := newTerms(t, TermsOptions{MaxEntries: 3, Learning: time.Minute})
	for i, v := range []string{"a", "b", "c", "a", "d"} { // d pushes out b
		m.Seen([]string{v}, after(time.Duration(i)))
	}
	if got, want := m.Stats(), (TermsStats{Entries: 3, Learned: 4, Dropped: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if m.Seen([]string{"a"}, after(2*time.Minute)) || !m.Seen([]string{"b"}, after(2*time.Minute)) {
		t.Error("got b known and a new, want the one unused for longest forgotten")
	}
	for i := range 3 { // beyond the window the rest goes without loss
		m.Seen([]string{fmt.Sprint(i)}, after(5*time.Hour))
	}
	if got, want := m.Stats(), (TermsStats{Entries: 3, Learned: 4, Dropped: 2}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := m.LearningUntil(); !got.Equal(after(time.Minute)) {
		t.Errorf("learning until: got %v, want %v", got, after(time.Minute))
	}
}

func TestSeenAny(t *testing.T) {
	m := newTerms(t, TermsOptions{Fields: 2, Learning: NoLearning})
	for i, c := range []struct {
		lists [][]string
		want  []string
	}{
		{[][]string{{"host"}, {"a", "b"}}, []string{"host", "a"}},
		{[][]string{{"host"}, {"b"}}, nil},
		{[][]string{{"host"}, {"a", "c", "d"}}, []string{"host", "c"}},
		{[][]string{{"host"}, {"d"}}, nil},
		{[][]string{{"hosta"}, {""}}, []string{"hosta", ""}},
		{[][]string{{"host"}, nil}, nil}, // a missing field
		{[][]string{{"host"}}, nil},
		{[][]string{{"host"}, {"e"}, {"f"}}, nil},
	} {
		if got := m.SeenAny(c.lists, start); !slices.Equal(got, c.want) {
			t.Errorf("event %d, %q: got %q, want %q", i, c.lists, got, c.want)
		}
	}
	if m.Seen([]string{"alone"}, start) {
		t.Error("one value of two fields: got new, want nothing")
	}
	m.SeenAny([][]string{make([]string, 11), make([]string, 10)}, start)
	if got := m.Stats().Cut; got != 1 {
		t.Errorf("more combinations than are looked at: got %d counted, want 1", got)
	}
}

func TestTermsOptions(t *testing.T) {
	good := TermsOptions{Fields: 1, Window: time.Hour}
	for want, change := range map[string]func(*TermsOptions){
		"":           func(*TermsOptions) {},
		"fields: 0":  func(o *TermsOptions) { o.Fields = 0 },
		"fields: 17": func(o *TermsOptions) { o.Fields = 17 },
		"window: 0s": func(o *TermsOptions) { o.Window = 0 },
		"window: -":  func(o *TermsOptions) { o.Window = -1 },
		"ten years":  func(o *TermsOptions) { o.Window = maxWindow + 1 },
		"learning: ": func(o *TermsOptions) { o.Learning = maxWindow + 1 },
		"entries: -": func(o *TermsOptions) { o.MaxEntries = -1 },
	} {
		o := good
		change(&o)
		_, err := NewTerms(o, start)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%+v: got %v, want an error with %q", o, err, want)
		}
	}
}

// slowTerms is the reference: the list of all sightings, searched from its beginning.
type slowTerms struct {
	learnUntil time.Time
	window     time.Duration
	sightings  []struct {
		value string
		at    time.Time
	}
}

func (s *slowTerms) seen(value string, at time.Time) bool {
	known := false
	for _, old := range s.sightings {
		known = known || old.value == value && at.Sub(old.at) <= s.window
	}
	s.sightings = append(s.sightings, struct {
		value string
		at    time.Time
	}{value, at})
	return !known && !at.Before(s.learnUntil)
}

// TestTermsReference compares with the reference on random streams, and moves the
// memory through a snapshot now and then.
func TestTermsReference(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 1))
		o := TermsOptions{Fields: 1, Window: time.Duration(1+random.IntN(50)) * time.Second}
		o.Learning = []time.Duration{0, NoLearning, 20 * time.Second}[random.IntN(3)]
		m := newTerms(t, o)
		slow := &slowTerms{learnUntil: m.LearningUntil(), window: o.Window}
		at := start
		for step := range 400 {
			at = at.Add(time.Duration(random.IntN(4)) * time.Second)
			value := fmt.Sprint(random.IntN(20))
			got, want := m.Seen([]string{value}, at), slow.seen(value, at)
			if got != want {
				t.Fatalf("seed %d, step %d, %s after %v: got %v, want %v", seed, step, value, at.Sub(start), got, want)
			}
			if random.IntN(20) == 0 {
				moved := newTerms(t, o)
				if err := moved.Restore(m.Snapshot(at), at); err != nil {
					t.Fatal(err)
				}
				m = moved
			}
		}
	}
}
