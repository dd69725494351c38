package detect

import (
	"testing"
	"time"
)

func TestSignals(t *testing.T) {
	r, other := rule(t, "r", "any where true"), rule(t, "other", "any where true")
	var s Signals
	at := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
	for i := range r.MaxSignals {
		if ok, before := s.Allow(r, at(i)); !ok || before != nil {
			t.Fatalf("alert %d: got %v, %+v", i, ok, before)
		}
	}
	for i := range 4 {
		if ok, before := s.Allow(r, at(10+i)); ok || before != nil {
			t.Fatalf("alert over the limit: got %v, %+v", ok, before)
		}
	}
	if ok, _ := s.Allow(other, at(14)); !ok {
		t.Error("another rule is held back too")
	}
	if got := s.Due(at(299), false); got != nil {
		t.Errorf("before the window's end: got %+v", got[0])
	}
	wantHeld := func(h *Held, count, first, last int) {
		t.Helper()
		if h == nil || h.Rule != r || h.Count != count || !h.First.Equal(at(first)) || !h.Last.Equal(at(last)) {
			t.Errorf("got %+v, want %d from %v to %v", h, count, at(first), at(last))
		}
	}
	ok, before := s.Allow(r, at(300))
	if !ok {
		t.Error("the first of the next window is held back")
	}
	wantHeld(before, 4, 10, 13)
	if ok, before = s.Allow(r, at(301)); !ok || before != nil {
		t.Errorf("the second of the next window: got %v and %+v, want the summary once", ok, before)
	}
	s.Allow(r, at(302))
	s.Allow(r, at(303))
	got := s.Due(at(600), false)
	if len(got) != 1 {
		t.Fatalf("got %d summaries, want 1", len(got))
	}
	wantHeld(got[0], 1, 303, 303)
	if again := s.Due(at(900), true); again != nil {
		t.Errorf("told twice: %+v", again[0])
	}
}

// TestSignalsAll tells what was held back of every rule at the end, in one order.
func TestSignalsAll(t *testing.T) {
	for range 20 {
		var s Signals
		want := []string{"b", "a", "c", "d"}
		for i, id := range want {
			r := rule(t, id, "any where true")
			r.MaxSignals = 1
			first := now.Add(time.Duration(min(i, 1)) * time.Second) // the last three at the same time
			s.Allow(r, first)
			s.Allow(r, first)
		}
		s.Allow(rule(t, "quiet", "any where true"), now)
		got := s.Due(now, true)
		if len(got) != len(want) {
			t.Fatalf("got %d summaries, want %d", len(got), len(want))
		}
		for i := range want {
			if got[i].Rule.ID != want[i] {
				t.Fatalf("summary %d: got rule %s, want %s", i, got[i].Rule.ID, want[i])
			}
		}
	}
}
