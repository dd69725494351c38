package spool

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// ofShare is an alert of a share.
func ofShare(share string, sev int) Entry {
	e := entry(share, sev, 0)
	e.Share = share
	return e
}

// TestAddStalled adds far more than there is room for while the disk takes nothing: whoever adds
// waits a moment once, and the flood of one user costs nobody else an alert.
func TestAddStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newStuck(newFake())
		s, log := open(t, Options{disk: d})
		d.next(1, false)
		s.Add(ofShare("system", 21))
		synctest.Wait()
		begin := time.Now()
		s.Add(ofShare("root", 21))
		s.Add(ofShare("503", 21))
		for range 3 * maxAdded {
			s.Add(ofShare("502", 99))
		}
		if took := time.Since(begin); took > maxPause {
			t.Errorf("adding took %v, want %v at most", took, maxPause)
		}
		s.mu.Lock()
		entries, bytes := slices.Clone(s.added.entries), s.added.bytes
		s.mu.Unlock()
		if len(entries) > maxAdded || bytes > maxAddedBytes {
			t.Errorf("%d wait, of %d bytes; want at most %d and %d", len(entries), bytes, maxAdded, maxAddedBytes)
		}
		if entries[0].Share != "root" || entries[1].Share != "503" {
			t.Errorf("got alerts of %q and %q first, want root's and 503's", entries[0].Share, entries[1].Share)
		}
		want := fmt.Sprintf(`evicted: the disk takes alerts too slowly, %d times, of severity 99: %[1]d, of "502": %[1]d`, 3*maxAdded+2-len(entries))
		if got := log.of(Evicted); len(got) != 1 || got[0].String() != want {
			t.Errorf("reported %q, want %q", got, want)
		}
		d.letGo()
		s.Flush()
		var got []string
		for _, it := range drain(t, s.Queue("a")) {
			if id := parse(t, it.Document).ID; id != "502" {
				got = append(got, id)
			}
		}
		if want := []string{"system", "root", "503"}; !slices.Equal(got, want) {
			t.Errorf("got the alerts of %q beside the flood, want %q", got, want)
		}
		closeSpool(t, s)
	})
}

// TestAddWaits has those wait who add more than there is room for, as long as the disk takes
// something: nothing is given up.
func TestAddWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, stored := newFake(), 0
		d.around = func(op, name string, run func()) {
			if op == "syncdir" && name == "tmp" {
				time.Sleep(maxPause / 2)
			}
			run()
		}
		s, log := open(t, Options{disk: d, Stored: func([]byte) { stored++ }})
		const n = 2 * maxAdded
		for i := range n {
			s.Add(entry(fmt.Sprint(i), 47, 0))
		}
		s.Flush()
		if st := s.Stats(); st.Added != 0 || st.Waiting != n || stored != n {
			t.Errorf("%d alerts wait, %d are to be stored and %d were, want all %d stored", st.Waiting, st.Added, stored, n)
		}
		if lost := log.of(Evicted); len(lost) > 0 {
			t.Errorf("reported %v, want none given up", lost)
		}
		closeSpool(t, s)
	})
}

// TestAddRefused adds what can't be kept among others: these are stored, in order.
func TestAddRefused(t *testing.T) {
	s, log := open(t, Options{disk: newFake()})
	bad := entry("bad", 47, 0)
	bad.Document = []byte("{\n}")
	for _, e := range []Entry{entry("one", 47, 0), bad, entry("two", 47, 0)} {
		s.Add(e)
	}
	s.Flush()
	if got, want := ids(t, drain(t, s.Queue("a"))), []string{"one", "two"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if lost := log.of(Evicted); len(lost) != 1 || !strings.Contains(lost[0].String(), "line break") {
		t.Errorf("reported %v, want the one with a line break", lost)
	}
	closeSpool(t, s)
}
