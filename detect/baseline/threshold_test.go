package baseline

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func newThreshold(t testing.TB, o ThresholdOptions) *Threshold {
	t.Helper()
	if o.Window == 0 {
		o.Window = time.Minute
	}
	th, err := NewThreshold(o)
	if err != nil {
		t.Fatal(err)
	}
	return th
}

func TestThreshold(t *testing.T) {
	const s, m = time.Second, time.Minute
	type event struct {
		group  string
		values string // of the field that counts different ones, separated by spaces
		at     time.Duration
		count  int
		fired  bool
	}
	for _, c := range []struct {
		name    string
		options ThresholdOptions
		events  []event
	}{
		{"fires at the number, once", ThresholdOptions{AtLeast: 3}, []event{
			{"a", "", 0, 1, false}, {"a", "", 1 * s, 2, false}, {"a", "", 2 * s, 3, true}, {"a", "", 3 * s, 3, false}}},
		{"fires at one", ThresholdOptions{AtLeast: 1}, []event{
			{"a", "", 0, 1, true}, {"a", "", 30 * s, 1, false}, {"a", "", m, 1, true}, {"b", "", m, 1, true}}},
		{"groups count by themselves", ThresholdOptions{AtLeast: 2}, []event{
			{"a", "", 0, 1, false}, {"b", "", 0, 1, false}, {"a", "", 0, 2, true}, {"b", "", 0, 2, true}}},
		{"an event leaves the window after its length", ThresholdOptions{AtLeast: 2}, []event{
			{"a", "", 0, 1, false}, {"a", "", m, 1, false}, {"a", "", 2*m - 1, 2, true}}},
		{"what goes on fires again after a window", ThresholdOptions{AtLeast: 2}, []event{
			{"a", "", 0, 1, false}, {"a", "", 1 * s, 2, true}, {"a", "", 40 * s, 2, false}, {"a", "", 60 * s, 2, false},
			{"a", "", 61 * s, 2, true}, {"a", "", 62 * s, 2, false}}},
		{"late events count as of the latest", ThresholdOptions{AtLeast: 3}, []event{
			{"a", "", 50 * s, 1, false}, {"a", "", 0, 2, false}, {"a", "", 109 * s, 3, true}}},
		{"a clock set back starts anew", ThresholdOptions{AtLeast: 2}, []event{
			{"a", "", 100 * m, 1, false}, {"a", "", 0, 1, false}, {"a", "", s, 2, true}, {"a", "", -m, 1, false}, {"a", "", -m, 2, true}}},
		{"different values are needed too", ThresholdOptions{AtLeast: 2, Distinct: []int{3}}, []event{
			{"a", "x", 0, 1, false}, {"a", "x", 1 * s, 2, false}, {"a", "y", 2 * s, 2, false}, {"a", "z", 3 * s, 2, true}}},
		{"different values leave the window", ThresholdOptions{AtLeast: 1, Distinct: []int{2}}, []event{
			{"a", "x", 0, 1, false}, {"a", "y", m, 1, false}, {"a", "x", m + s, 1, true}}},
		{"a value seen again stays", ThresholdOptions{AtLeast: 1, Distinct: []int{2}}, []event{
			{"a", "x", 0, 1, false}, {"a", "x", 50 * s, 1, false}, {"a", "y", 100 * s, 1, true}}},
		{"one event brings several values", ThresholdOptions{AtLeast: 1, Distinct: []int{2}}, []event{
			{"a", "x x", 0, 1, false}, {"a", "x y", 1 * s, 1, true}}},
		{"an event without a value counts, its value does not", ThresholdOptions{AtLeast: 2, Distinct: []int{1}}, []event{
			{"a", "", 0, 1, false}, {"a", "", 1 * s, 2, false}, {"a", "x", 2 * s, 2, true}}},
	} {
		th := newThreshold(t, c.options)
		for i, e := range c.events {
			count, fired := th.Add([]string{e.group}, [][]string{strings.Fields(e.values)}, after(e.at))
			if count != e.count || fired != e.fired {
				t.Errorf("%s: event %d, %s after %v: got %d, %v, want %d, %v", c.name, i, e.group, e.at, count, fired, e.count, e.fired)
			}
		}
	}
}

func TestAddAny(t *testing.T) {
	th := newThreshold(t, ThresholdOptions{AtLeast: 2})
	for i, c := range []struct {
		lists [][]string
		want  []string
		count int
	}{
		{[][]string{{"h"}, {"a", "a", "b"}}, nil, 0}, // a comes twice and counts once
		{[][]string{{"h"}, {"c", "b", "a"}}, []string{"h", "b"}, 2},
		{[][]string{{"h"}, {}}, nil, 0},
		{[][]string{{"h"}, {"a"}}, nil, 0}, // it fired with b
		{nil, nil, 0},                      // without fields all events are one group
		{nil, []string{}, 2},
	} {
		got, count := th.AddAny(c.lists, nil, start)
		if !slices.Equal(got, c.want) || (got == nil) != (c.want == nil) || count != c.count {
			t.Errorf("event %d, %q: got %q, %d, want %q, %d", i, c.lists, got, count, c.want, c.count)
		}
	}
	th.AddAny([][]string{make([]string, 11), make([]string, 10)}, nil, start)
	if got := th.Stats().Cut; got != 1 {
		t.Errorf("more groups than are looked at: got %d counted, want 1", got)
	}
}

// TestThresholdBounds floods a threshold: it stays in its bounds, and what it says it
// holds is what it holds.
func TestThresholdBounds(t *testing.T) {
	for _, o := range []ThresholdOptions{
		{AtLeast: 10, MaxGroups: 20},
		{AtLeast: 10, Distinct: []int{4, 2}, MaxBytes: 600},
		{AtLeast: 50, MaxBytes: 50 * timeSize},
	} {
		th := newThreshold(t, o)
		random := rand.New(rand.NewPCG(1, 1))
		for i := range 5000 {
			group, value := fmt.Sprint(random.IntN(40)), []string{fmt.Sprint(random.IntN(9))}
			th.Add([]string{group}, [][]string{value, value}, after(time.Duration(i)*100*time.Millisecond))
			sum := 0
			for _, c := range th.groups.all {
				sum += c.bytes()
			}
			if s := th.Stats(); s.Bytes != sum || sum > th.o.MaxBytes || s.Groups > th.o.MaxGroups {
				t.Fatalf("%+v, event %d: got %+v and %d bytes held", o, i, s, sum)
			}
		}
		if s := th.Stats(); s.Dropped == 0 {
			t.Errorf("%+v: got %+v, want groups dropped and counted", o, s)
		}
	}
	th := newThreshold(t, ThresholdOptions{AtLeast: 5})
	for i := range 1000 { // out of the window they go without loss
		th.Add([]string{fmt.Sprint(i)}, nil, after(time.Duration(i)*10*time.Second))
	}
	if s := th.Stats(); s.Dropped != 0 || s.Groups > 15 {
		t.Errorf("got %+v, want no loss and few groups", s)
	}
	wide := newThreshold(t, ThresholdOptions{AtLeast: 1, Distinct: []int{3}})
	wide.Add(nil, [][]string{make([]string, maxCombinations+1)}, start)
	if s := wide.Stats(); s.Cut != 1 {
		t.Errorf("more values than are looked at: got %d counted, want 1", s.Cut)
	}
}

func TestThresholdOptions(t *testing.T) {
	for want, o := range map[string]ThresholdOptions{
		"threshold: 0 is less than 1":      {Window: time.Hour},
		"window: 0s":                       {AtLeast: 1},
		"cardinality: 0 is less than 1":    {AtLeast: 1, Window: 1, Distinct: []int{1, 0}},
		"cardinality: more than 16 fields": {AtLeast: 1, Window: 1, Distinct: make([]int, 17)},
		"groups: -1":                       {AtLeast: 1, Window: 1, MaxGroups: -1},
		"bytes: -1":                        {AtLeast: 1, Window: 1, MaxBytes: -1},
		"does not fit in 79 bytes":         {AtLeast: 10, Window: 1, MaxBytes: 79},
		"does not fit in 4194304 bytes":    {AtLeast: 1 << 62, Window: 1, Distinct: []int{1 << 62, 1 << 62}},
	} {
		if _, err := NewThreshold(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want an error with %q", o, err, want)
		}
	}
}

// slowThreshold is the reference: it keeps every event and looks at all of them.
type slowThreshold struct {
	o      ThresholdOptions
	events map[string][]slowEvent
	fired  map[string]time.Time
}

type slowEvent struct {
	at     time.Time
	values [][]string
}

func (s *slowThreshold) add(group string, values [][]string, at time.Time) (count int, fired bool) {
	list := s.events[group]
	if n := len(list); n > 0 && at.Before(list[n-1].at) {
		at = list[n-1].at
	}
	list = append(list, slowEvent{at, values})
	s.events[group] = list
	different := make([]map[string]bool, len(s.o.Distinct))
	for _, e := range list {
		if at.Sub(e.at) >= s.o.Window {
			continue
		}
		count++
		for i := range different {
			for _, v := range e.values[i] {
				if different[i] == nil {
					different[i] = map[string]bool{}
				}
				different[i][v] = true
			}
		}
	}
	reached := count >= s.o.AtLeast
	for i, d := range different {
		reached = reached && len(d) >= s.o.Distinct[i]
	}
	last, before := s.fired[group]
	if fired = reached && (!before || at.Sub(last) >= s.o.Window); fired {
		s.fired[group] = at
	}
	return min(count, s.o.AtLeast), fired
}

// TestThresholdReference compares with the reference on random streams, and moves the
// counts through a snapshot now and then.
func TestThresholdReference(t *testing.T) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 1))
		o := ThresholdOptions{AtLeast: 1 + random.IntN(8), Window: time.Duration(1+random.IntN(20)) * time.Second}
		for range random.IntN(3) {
			o.Distinct = append(o.Distinct, 1+random.IntN(5))
		}
		th := newThreshold(t, o)
		slow := &slowThreshold{o, map[string][]slowEvent{}, map[string]time.Time{}}
		at := start
		for step := range 400 {
			at = at.Add(time.Duration(random.IntN(3)) * time.Second)
			late := at.Add(-time.Duration(random.IntN(2)) * o.Window / 2)
			group := fmt.Sprint(random.IntN(3))
			values := make([][]string, len(o.Distinct))
			for i := range values {
				for range random.IntN(3) {
					values[i] = append(values[i], fmt.Sprint(random.IntN(6)))
				}
			}
			count, fired := th.Add([]string{group}, values, late)
			wantCount, want := slow.add(group, values, late)
			if count != wantCount || fired != want {
				t.Fatalf("seed %d, %+v, step %d, %s after %v: got %d, %v, want %d, %v", seed, o, step, group, late.Sub(start), count, fired, wantCount, want)
			}
			if random.IntN(20) == 0 {
				moved := newThreshold(t, o)
				if err := moved.Restore(th.Snapshot()); err != nil {
					t.Fatal(err)
				}
				th = moved
			}
		}
	}
}
