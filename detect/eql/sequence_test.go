package eql

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// The sequences of these tests are about events of one letter at a second, as in b7, with
// the value of the key k behind a slash; a comma makes it a list. In their queries [b]
// stands for [any where name == "b"].
var letter = regexp.MustCompile(`\[(\w)\]`)

func sequenceQuery(t testing.TB, query string) *Query {
	t.Helper()
	q, err := Parse("sequence "+letter.ReplaceAllString(query, `[any where name == "$1"]`), nil)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return q
}

func letters(t testing.TB, events string) (all []record) {
	t.Helper()
	for _, e := range strings.Fields(events) {
		what, key, hasKey := strings.Cut(e, "/")
		var at int64
		if _, err := fmt.Sscanf(what[1:], "%d", &at); err != nil {
			t.Fatalf("%s: no time", e)
		}
		r := record{"name": String(what[:1]), "at": Int(at * 1e9), "text": String(what)}
		if list := strings.Split(key, ","); hasKey && len(list) > 1 {
			r["k"] = Strings(list)
		} else if hasKey {
			r["k"] = String(key)
		}
		all = append(all, r)
	}
	return all
}

var letterOptions = SequenceOptions[record]{Time: func(r record) (int64, bool) { return r["at"].int(), true }}

func follow(t testing.TB, q *Query, limits Limits) *Sequence[record] {
	t.Helper()
	options := letterOptions
	options.Limits = limits
	s, err := CompileSequence(q, nil, anyField, options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// writtenResults writes results as a0 b1; a2 b3.
func writtenResults(results []Result[record]) string {
	var all []string
	for _, r := range results {
		var events []string
		for _, e := range r.Events {
			events = append(events, e["text"].text)
		}
		all = append(all, strings.Join(events, " "))
	}
	return strings.Join(all, "; ")
}

var sequenceCases = []struct{ about, query, events, want string }{
	{"in order", `[a][b]`, "a1 b2 b3 a4 a5 b6", "a1 b2; a5 b6"},
	{"not in order", `[a][b]`, "b1 a2", ""},
	{"three", `[a][b][c]`, "a1 b2 a3 c4 b5 c6", "a1 b2 c4; a3 b5 c6"},
	{"a newer one overwrites", `[a][b][c]`, "a1 b2 a3 b4 c5 c6", "a3 b4 c5"},
	{"an event is only once in a sequence", `[any where true][any where true]`, "a1 a2 a3", "a1 a2; a2 a3"},
	{"events of one time keep their order", `[a][b]`, "a1 b1 b1 a1 b1", "a1 b1; a1 b1"},
	{"by", `by k [a][b]`, "a1/x a2/y b3/y b4/z b5/x", "a2 b3; a1 b5"},
	{"without a key", `by k [a][b]`, "a1 b2 a3/x b4 b5/x", "a3 b5"},
	{"without an optional key", `by ?k [a][b]`, "a1 a2/x b3 b4/x", "a1 b3; a2 b4"},
	{"different keys", `[a] by k [b] by name2`, "a1/x b2/x", ""},
	{"a list of keys", `by k [a][b]`, "a1/x,y b2/y b3/x b4/x", "a1 b2; a1 b3"},
	{"two lists of keys", `by k [a][b]`, "a1/x,y,x b2/y,z,x", "a1 b2; a1 b2"},
	{"runs", `[a] with runs=3 [b]`, "a1 a2 b3 a4 b5 b6", "a1 a2 a4 b5"},
	{"runs move on", `[a] with runs=3`, "a1 a2 a3 a4 a5", "a1 a2 a3; a2 a3 a4; a3 a4 a5"},
	{"maxspan", `with maxspan=3s [a][b][c]`, "a1 b2 c4 a5 b6 c9 a10 b13 c13", "a1 b2 c4; a10 b13 c13"},
	{"maxspan counts from the first", `with maxspan=3s [a][b]`, "a1 a5 b6 b7", "a5 b6"},
	{"too late is the end of it", `with maxspan=3s [a][b][c]`, "a1 b2 c9 a10 b10 c10", "a10 b10 c10"},
	{"until", `[a][b] until [u]`, "a1 u2 b3 a4 b5 u6", "a4 b5"},
	{"until by key", `by k [a][b] until [u]`, "a1/x a2/y u3/x b4/x b5/y", "a2 b5"},
	{"until that completes", `[a][b] until [b]`, "a1 b2 a3 b4", "a1 b2; a3 b4"},
	{"until that begins", `[a][b] until [a]`, "a1 b2", ""},
	{"until that goes on", `[a][b][c] until [b]`, "a1 b2 c3", ""},
	{"until of all", `by ?k [a][b] until [u]`, "a1 u2 b3", ""},
	{"head", `[a][b] | head 1`, "a1 b2 a3 b4", "a1 b2"},
	{"tail", `[a][b] | tail 1`, "a1 b2 a3 b4", "a3 b4"},
	{"head of tail", `[a][b] | tail 2 | head 1`, "a1 b2 a3 b4 a5 b6", "a3 b4"},
	{"tail of more", `[a][b] | tail 5`, "a1 b2", "a1 b2"},

	{"missing between", `with maxspan=9s [a]![m][b]`, "a1 b2 a3 m4 b5 m6 a7 b8", "a1 b2; a7 b8"},
	{"missing between, by", `by k with maxspan=9s [a]![m][b]`, "a1/x a2/y m3/x b4/x b5/y", "a2 b5"},
	{"missing, without a key", `by k with maxspan=9s [a]![m][b]`, "a1/x m2 b3/x", "a1 b3"},
	{"spoiled ones take their place", `with maxspan=9s [a]![m][b][c]`, "a1 b2 a3 m4 b5 c6", ""},
	{"missing, but is the next", `with maxspan=9s [a]![b][b]`, "a1 b2", "a1 b2"},
	{"missing, but is the one before", `with maxspan=9s [a]![a][b]`, "a1 b2 a3 a4 b5", "a1 b2; a4 b5"},
	{"two missing", `with maxspan=9s [a]![m]![n][b]`, "a1 b2 a3 m4 b5 a6 n7 b8", "a1 b2"},
	{"missing before", `with maxspan=3s ![m][a][b]`, "m1 a2 b3 m4 a6 b8 a9 b9", "a6 b8; a9 b9"},
	{"missing before, by", `by k with maxspan=3s ![m][a]`, "m1/x a2/y a3/x a5/x", "a2; a5"},
	{"missing at the end", `with maxspan=3s [a][b]![m]`, "a1 b2 c5 a6 b7 m9 a10 b11 m14", "a1 b2; a10 b11"},
	{"missing at the end of all", `with maxspan=3s [a][b]![m]`, "a1 b2", "a1 b2"},
	{"missing after one", `with maxspan=3s [a]![m]`, "a1 a2 m3 a4 a5", "a4; a5"},
	{"missing at both ends", `with maxspan=3s ![m][a]![m]`, "m1 a2 m3 a4 m5 a9", "a9"},
	{"missing at both ends, wide", `with maxspan=3s ![m][a]![m]`, "m1 a3 m5 c9", "a3"},
	{"missing at both ends, none before", `with maxspan=3s ![m][a]![m]`, "a3 m4", "a3"},
	{"until leaves what is complete", `with maxspan=3s [a][b]![m] until [u]`, "a1 b2 u3 c9", "a1 b2"},
}

func TestSequence(t *testing.T) {
	for _, c := range sequenceCases {
		results, err := Run(sequenceQuery(t, c.query), letters(t, c.events), nil, anyField, letterOptions)
		if got := writtenResults(results); err != nil || got != c.want {
			t.Errorf("%s: sequence %s over %s: got %q (%v), want %q", c.about, c.query, c.events, got, err, c.want)
		}
	}
}

// TestSequenceRuns holds that a result has the events that came, each as often as it had to.
func TestSequenceRuns(t *testing.T) {
	s := follow(t, sequenceQuery(t, `with maxspan=9s [a] with runs=2 ![m] [b]`), Limits{})
	var got []Result[record]
	for _, e := range letters(t, "a1 a2 b3") {
		got = append(got, s.Feed(e, nil)...)
	}
	if writtenResults(got) != "a1 a2 b3" {
		t.Errorf("got %q, want one result of a1 a2 b3", writtenResults(got))
	}
}

// TestSequenceOwners floods a sequence with events of one owner: what another has begun is
// not forgotten for want of room, however old it is.
func TestSequenceOwners(t *testing.T) {
	owner := func(r record) uint64 {
		if strings.HasPrefix(r["k"].text, "root") {
			return 0
		}
		return 501
	}
	for _, limits := range []Limits{{Keys: 4}, {Partials: 4}, {Keys: 4, Partials: 4}} {
		s, err := CompileSequence(sequenceQuery(t, `by k [a][b]`), nil, anyField, SequenceOptions[record]{Time: letterOptions.Time, Owner: owner, Limits: limits})
		if err != nil {
			t.Fatal(err)
		}
		var got []Result[record]
		feed := func(events string) {
			for _, e := range letters(t, events) {
				got = append(got, s.Feed(e, nil)...)
			}
		}
		feed("a1/root a2/rootbeer")
		for i := range 100 {
			feed(fmt.Sprintf("a3/u%d", i))
		}
		feed("b4/root b5/rootbeer b6/u99")
		if got := writtenResults(got); got != "a1 b4; a2 b5; a3 b6" {
			t.Errorf("%+v: got %q, want a1 b4; a2 b5; a3 b6", limits, got)
		}
		if s.Dropped().Keys != 98 {
			t.Errorf("%+v: got %+v, want 98 keys dropped", limits, s.Dropped())
		}
	}
}

// TestSequenceKeep checks that an event is made to be kept once, and only if it is kept.
func TestSequenceKeep(t *testing.T) {
	s := follow(t, sequenceQuery(t, `by k [a] with runs=2 [b]`), Limits{})
	kept := 0
	var got []Result[record]
	for _, e := range letters(t, "c0/x b0/x a1/x,y a2/x,y b3/z b4/y") {
		got = append(got, s.Feed(e, func(r record) record {
			kept++
			return record{"text": String("kept " + r["text"].text)}
		})...)
	}
	if kept != 3 || writtenResults(got) != "kept a1 kept a2 kept b4" {
		t.Errorf("got %d kept events and %q, want 3 and one result of them", kept, writtenResults(got))
	}
}

// TestSequenceAdvance checks when a sequence with an event missing at its end is told.
func TestSequenceAdvance(t *testing.T) {
	s := follow(t, sequenceQuery(t, `with maxspan=3s [a]![m]`), Limits{})
	for _, e := range letters(t, "a1 a2") {
		if got := s.Feed(e, nil); len(got) > 0 {
			t.Errorf("got %s, want nothing yet", writtenResults(got))
		}
	}
	for _, c := range []struct {
		at   int64
		want string
	}{{3e9, ""}, {4e9, ""}, {4e9 + 1, "a1"}, {4e9 + 2, ""}, {9e9, "a2"}} {
		if got := writtenResults(s.Advance(c.at)); got != c.want {
			t.Errorf("at %d: got %q, want %q", c.at, got, c.want)
		}
	}
	if keys, partials := s.Pending(); keys != 0 || partials != 0 {
		t.Errorf("got %d keys and %d partials at the end, want none", keys, partials)
	}
}

func TestSequenceForgets(t *testing.T) {
	s := follow(t, sequenceQuery(t, `by k with maxspan=5s [a][b]`), Limits{})
	for _, e := range letters(t, "a1/v a2/w a8/x") {
		s.Feed(e, nil)
	}
	if keys, partials := s.Pending(); keys != 1 || partials != 1 {
		t.Errorf("after maxspan: got %d keys and %d partials, want one of each", keys, partials)
	}
	if got := s.Dropped(); got != (Stats{}) {
		t.Errorf("after maxspan: got %+v, want nothing dropped", got)
	}
	s = follow(t, sequenceQuery(t, `by k [a][b]`), Limits{Age: 5e9})
	for _, e := range letters(t, "a1/v a2/w a8/x b9/x") {
		s.Feed(e, nil)
	}
	if got, want := s.Dropped(), (Stats{Keys: 2, Partials: 2}); got != want {
		t.Errorf("after the age: got %+v, want %+v", got, want)
	}
}

func TestSequenceLimits(t *testing.T) {
	for _, c := range []struct {
		query, events string
		limits        Limits
		want          string
		dropped       Stats
	}{
		{`by k [a][b]`, "a1/v a2/w a3/x b4/v b5/w b6/x", Limits{Keys: 2}, "a2 b5; a3 b6", Stats{Keys: 1, Partials: 1}},
		{`by k [a][b][c]`, "a1/v a2/w b3/v a4/x c5/v c5/w", Limits{Keys: 2}, "a1 b3 c5", Stats{Keys: 1, Partials: 1}},
		{`by k [a][b][c]`, "a1/v b2/v a3/v a4/w c5/v", Limits{Partials: 2}, "", Stats{Keys: 1, Partials: 2}},
		{`[a][b][c]`, "a1 b2 a3 b4 c5", Limits{Partials: 1}, "", Stats{Keys: 1, Partials: 2}},
		{`with maxspan=9s [a]![m]`, "a1 a2 a3 c99", Limits{Partials: 2}, "a2; a3", Stats{Partials: 1}},
		{`by k with maxspan=9s [a]![m]`, "a1/x a2/y a3/z c99", Limits{Partials: 2}, "a2; a3", Stats{Keys: 1, Partials: 1}},
		{`by k with maxspan=9s ![m][a]`, "m1/x m2/y m3/z a4/x a5/y", Limits{Keys: 2}, "a4", Stats{Keys: 1}},
	} {
		s := follow(t, sequenceQuery(t, c.query), c.limits)
		var got []string
		for _, e := range letters(t, c.events) {
			if r := writtenResults(s.Feed(e, nil)); r != "" {
				got = append(got, r)
			}
		}
		if got := strings.Join(got, "; "); got != c.want || s.Dropped() != c.dropped {
			t.Errorf("sequence %s over %s within %+v:\n got %q and %+v\nwant %q and %+v", c.query, c.events, c.limits, got, s.Dropped(), c.want, c.dropped)
		}
	}
}

func TestSequenceManyKeysOfOneEvent(t *testing.T) {
	s := follow(t, sequenceQuery(t, `by k [a][b]`), Limits{})
	list := make([]string, 150)
	for i := range list {
		list[i] = fmt.Sprint(i)
	}
	s.Feed(record{"name": String("a"), "at": Int(1), "k": Strings(list)}, nil)
	if keys, _ := s.Pending(); keys != maxKeysPerEvent || s.Dropped().Expanded != 50 {
		t.Errorf("got %d keys and %+v, want %d keys and 50 not expanded", keys, s.Dropped(), maxKeysPerEvent)
	}
}

func TestJoinKeysAreValues(t *testing.T) {
	s, err := CompileSequence(sequenceQuery(t, `[a] by x, ?y [b] by x, ?y`), nil, anyField, SequenceOptions[record]{})
	if err != nil {
		t.Fatal(err)
	}
	a, b := String("a"), String("b")
	for _, c := range []struct {
		first, second [2]Value
		want          bool
	}{
		{[2]Value{Int(1), Null()}, [2]Value{Int(1), Null()}, true},
		{[2]Value{Int(2), Null()}, [2]Value{Float(2), Null()}, true},
		{[2]Value{Int(3), Null()}, [2]Value{String("3"), Null()}, false},
		{[2]Value{Int(4), Null()}, [2]Value{Int(4), String("")}, false},
		{[2]Value{String("x"), String("yz")}, [2]Value{String("xy"), String("z")}, false},
		{[2]Value{Bool(true), a}, [2]Value{Bool(true), a}, true},
		{[2]Value{Bool(true), b}, [2]Value{Int(1), b}, false},
		{[2]Value{Float(0.5), b}, [2]Value{Float(0.5), b}, true},
		{[2]Value{Null(), b}, [2]Value{Null(), b}, false},
		{[2]Value{String(strings.Repeat("x", 1000)), a}, [2]Value{String(strings.Repeat("x", 1000)), a}, true},
		{[2]Value{String(strings.Repeat("x", 1000)), b}, [2]Value{String(strings.Repeat("x", 999)), b}, false},
		{[2]Value{List([]Value{Null(), Int(9)}), b}, [2]Value{Int(9), b}, true},
	} {
		s.Feed(record{"name": a, "x": c.first[0], "y": c.first[1]}, nil)
		got := s.Feed(record{"name": b, "x": c.second[0], "y": c.second[1]}, nil)
		if (len(got) == 1) != c.want {
			t.Errorf("%v then %v: got %v, want a match: %v", c.first, c.second, got, c.want)
		}
	}
}

func TestSequenceWithoutTime(t *testing.T) {
	if _, err := CompileSequence(sequenceQuery(t, `with maxspan=1s [a][b]`), nil, anyField, SequenceOptions[record]{}); err == nil ||
		err.Error() != "1:1: maxspan needs the time of the events, and there is none" {
		t.Errorf("got %v, want an error about the time", err)
	}
	if _, err := CompileSequence(sequenceQuery(t, `[a][process where true]`), nil, anyField, SequenceOptions[record]{}); err == nil ||
		err.Error() != "1:34: no event category to look at: process" {
		t.Errorf("got %v, want an error about the category", err)
	}
	options := letterOptions
	options.Time = func(r record) (int64, bool) { return r["at"].int(), r["at"].int() != 0 }
	results, err := Run(sequenceQuery(t, `with maxspan=1s [a][b]`), letters(t, "a5 b0 a7 c9 b0"), nil, anyField, options)
	if got := writtenResults(results); err != nil || got != "a5 b0" {
		t.Errorf("events without a time: got %q (%v), want %q", got, err, "a5 b0")
	}
}

// TestSequenceClock lets the clock go back, and to its ends.
func TestSequenceClock(t *testing.T) {
	s := follow(t, sequenceQuery(t, `by k with maxspan=3s [a][b]![m]`), Limits{})
	at := func(name string, at int64) record {
		return record{"name": String(name), "at": Int(at), "k": String("x"), "text": String(name)}
	}
	var got []Result[record]
	for _, e := range []record{at("a", 9e9), at("b", 1e9), at("a", -1<<63), at("b", 1<<63-1), at("a", 1<<63-1), at("b", -1<<63), at("c", 0)} {
		got = append(got, s.Feed(e, nil)...)
	}
	got = append(got, s.Finish()...)
	if writtenResults(got) != "a b; a b" {
		t.Errorf("got %q, want two results", writtenResults(got))
	}
}
