package spool

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/pkg/hang"
)

// TestHungEverywhere has the disk hang at every operation of a life, before it is done and after.
// While it hangs, alerts are taken and handed out; then either the disk answers again, or the
// process is killed and another starts. Nothing that was durable may be missing, and no number
// be given out for different content; after the disk has answered no number may be missing.
func TestHungEverywhere(t *testing.T) {
	for _, killed := range []bool{false, true} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("killed %v, done %v", killed, after), func(t *testing.T) {
				t.Parallel()
				for at := 1; ; at++ {
					hung := false
					synctest.Test(t, func(t *testing.T) { hung = hangAt(t, at, after, killed) })
					if !hung {
						if at < 100 {
							t.Errorf("only %d operations: the life is no life", at)
						}
						break
					}
				}
			})
		}
	}
}

// hangAt has one operation hang, and reports whether there was one of that number.
func hangAt(t *testing.T, at int, after, killed bool) bool {
	w, d := newWorld(), newStuck(newFake())
	s, err := Open(Options{disk: d, Outputs: crashOutputs, ballast: 64, manual: true})
	if err != nil {
		t.Fatal(err)
	}
	log := &eventLog{s: s}
	d.next(at, after)
	rng := rand.New(rand.NewPCG(uint64(at), 3))
	what := ""
	for step := range 40 {
		switch step % 8 {
		case 0, 1, 3:
			w.put(s, rng)
		case 2:
			w.deliver(t, s, 0, 3, false)
		case 4:
			w.deliver(t, s, 1, 3, step == 20)
		case 5:
			s.maintain()
		case 6:
			w.deliver(t, s, 0, 2, step == 30)
		}
		if d.isStuck() && what == "" {
			what = d.what
		}
		if d.isStuck() && step%8 == 7 && rng.IntN(3) == 0 {
			break
		}
	}
	if what == "" {
		d.letGo() // see TestHungClose
		closeSpool(t, s)
		return false
	}
	fail := func(format string, args ...any) {
		t.Helper()
		d.letGo()
		synctest.Wait()
		s.Close()
		t.Fatalf("operation %d (%s) hung: %s; events:\n%s", at, what, fmt.Sprintf(format, args...), log)
	}
	if at%3 == 0 { // once more, while what was held is written
		d.letGo()
		synctest.Wait()
		d.next(1+at/3%25, after)
		s.maintain()
		w.put(s, rng)
		w.put(s, rng)
		w.deliver(t, s, 0, 9, false)
	}
	promised := w.next
	if killed {
		next := d.restart(killOnly, rng)
		d.letGo()
		synctest.Wait()
		s.Close()
		w.recover(t, next)
	} else {
		d.letGo()
		synctest.Wait()
		s.maintain()
		if !s.maintain() || len(s.unlinked) > 0 {
			fail("the disk answers again: %d unfinished, %q to be removed; want all done", len(s.unfinished), s.unlinked)
		}
		if left := d.entries(t, "tmp"); len(left) > 0 {
			fail("the disk answers again: got %q in tmp/, want nothing", left)
		}
		if st := s.Stats(); st.Held != 0 || st.Trouble != nil {
			fail("the disk answers again: got %d held, %v; want none", st.Held, st.Trouble)
		}
		for i := range crashOutputs {
			for s.queues[i].Stats().Depth > 0 {
				w.deliver(t, s, i, 100, false)
			}
			if left := d.entries(t, s.queues[i].folder("out")); len(left) > 0 {
				fail("all is delivered: got the links %q of output %s, want none", left, s.queues[i].name)
			}
		}
		closeSpool(t, s)
		w.recover(t, d.fakeDisk)
		for n := range promised {
			if id := fmt.Sprint("id", n+1); !w.got[0][id] {
				fail("output a did not get %s", id)
			}
		}
	}
	if m := w.missing(); len(m) > 0 || w.clash != "" {
		fail("lost %v, %s", m, w.clash)
	}
	v := w.links.Verdict()
	for i, f := range v.Chains {
		if f.Conflicting > 0 || f.Breaks > 0 || f.Missing > 0 && !killed {
			fail("chain %+v", f)
		}
		if !killed && i > 0 && (f.Follows == "" || f.First != v.Chains[i-1].Last+1) {
			fail("chains %+v: want each to follow on the one before", v.Chains)
		}
	}
	return true
}

// TestHungFromMemory has the disk hang while alerts wait on it: those that come are handed out
// at once, also those of the last moments, and nobody waits longer than the limit.
func TestHungFromMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newStuck(newFake())
		var hangs []string
		s, _ := open(t, Options{disk: d, ballast: -1, Hangs: func(hung bool, operation string) { hangs = append(hangs, fmt.Sprint(hung, operation)) }})
		putN(t, s, 3)
		q := s.Queue("a")
		s.memory = memory{docs: map[uint64][]byte{}} // as if others had come since
		put(t, s, entry("last", 47, 0))
		d.next(1, false)
		begin := time.Now()
		if err := s.Put(entry("new", 47, 0)); !errors.Is(err, ErrHeld) || !errors.Is(err, hang.ErrHangs) {
			t.Fatalf("Put on a disk that hangs = %v, want it held because of %v", err, hang.ErrHangs)
		}
		if took := time.Since(begin); took > diskLimit {
			t.Errorf("Put took %v, want %v at most", took, diskLimit)
		}
		begin = time.Now()
		if err := s.Put(entry("newer", 47, 0)); !errors.Is(err, ErrHeld) {
			t.Fatalf("the next Put = %v, want %v", err, ErrHeld)
		}
		items, err := q.Next(t.Context(), 10, 1<<20)
		if got, want := ids(t, items), []string{"last", "new", "newer"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("Next = %v, %v; want %v", got, err, want)
		}
		if err := q.Ack(items); err != nil {
			t.Errorf("Ack = %v, want nil: they are delivered", err)
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("the next Put, Next and Ack took %v, want no time", took)
		}
		got := make(chan []Item)
		go func() {
			items, err := q.Next(t.Context(), 10, 1<<20)
			if err != nil {
				t.Error(err)
			}
			got <- items
		}()
		synctest.Wait()
		select {
		case items := <-got:
			t.Errorf("Next = %v, want it to wait for the disk", ids(t, items))
		default:
		}
		d.letGo()
		if got, want := ids(t, <-got), []string{"id0", "id1", "id2"}; !slices.Equal(got, want) {
			t.Errorf("after the disk answers again Next = %v, want %v", got, want)
		}
		synctest.Wait()
		if st := s.Stats(); st.Held != 0 || st.Trouble != nil {
			t.Errorf("after the disk answers again: got %+v, want nothing held", st)
		}
		if len(hangs) != 2 || !strings.HasPrefix(hangs[0], "truewrite tmp/") || hangs[1] != "false" {
			t.Errorf("got %q, want that it hangs, with the operation, and that it answers", hangs)
		}
		if links := d.entries(t, "out/a"); len(links) != 3 {
			t.Errorf("out/a holds %q, want the three that were not acknowledged", links)
		}
	})
}

// entries returns what is in a folder.
func (d *fakeDisk) entries(t *testing.T, name string) (entries []string) {
	t.Helper()
	n, err := d.find(name)
	if err != nil {
		t.Fatal(err)
	}
	return sortedNames(n.now)
}

// TestHungClose closes a spool whose disk hangs: within a second, and the folder is not released
// before the disk can't change it any more.
func TestHungClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newStuck(newFake())
		s, err := Open(Options{disk: d, Outputs: []Output{{Name: "a"}}, ballast: -1})
		if err != nil {
			t.Fatal(err)
		}
		putN(t, s, 2)
		d.next(1, true)
		if err := s.Put(entry("new", 47, 0)); !errors.Is(err, ErrHeld) {
			t.Fatalf("Put = %v, want %v", err, ErrHeld)
		}
		begin := time.Now()
		if err := s.Close(); !errors.Is(err, hang.ErrHangs) {
			t.Errorf("Close = %v, want %v", err, hang.ErrHangs)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("Close took %v, want a second at most", took)
		}
		if _, err := Open(Options{disk: d}); !errors.Is(err, ErrLocked) {
			t.Errorf("Open while an operation hangs = %v, want %v", err, ErrLocked)
		}
		d.letGo()
		synctest.Wait()
		s, _ = open(t, Options{disk: d, ballast: -1, Outputs: []Output{{Name: "a"}}})
		closeSpool(t, s)
	})
}

// TestHungOpen opens a spool on a disk that hangs.
func TestHungOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for at := 1; at < 40; at++ {
			d := newStuck(newFake())
			d.next(at, at%2 == 0)
			begin := time.Now()
			s, err := Open(Options{disk: d, Outputs: []Output{{Name: "a"}}, manual: true})
			if took := time.Since(begin); took > 2*diskLimit {
				t.Errorf("Open with operation %d hanging took %v, want %v at most", at, took, 2*diskLimit)
			}
			if !d.isStuck() && err != nil {
				t.Fatal(err)
			}
			d.letGo()
			synctest.Wait()
			if err == nil {
				s.maintain()
				put(t, s, entry("x", 47, 0))
				closeSpool(t, s)
			}
			s, _ = open(t, Options{disk: d, manual: true})
			put(t, s, entry("x", 47, 0))
			closeSpool(t, s)
		}
	})
}

// TestHungDead has a receiver refuse an alert that could not be linked yet, while the disk hangs: it is
// set aside once the disk answers.
func TestHungDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newStuck(newFake())
		s, _ := open(t, Options{disk: d, manual: true, ballast: -1})
		q := s.Queue("a")
		d.setFail(failing("link", syscall.EMLINK))
		putN(t, s, 1)
		d.setFail(nil)
		items := waiting(t, q, 1)
		d.next(1, false)
		if err := q.Dead("no", items); err != nil {
			t.Errorf("Dead = %v, want nil: it is set aside later", err)
		}
		d.letGo()
		synctest.Wait()
		if !s.maintain() || q.Stats().DeadKept != 1 {
			t.Errorf("%+v, want one dead letter", q.Stats())
		}
		if dead, out := d.entries(t, "dead/a"), d.entries(t, "out/a"); len(dead) != 1 || len(out) != 0 {
			t.Errorf("got %q in dead/a and %q in out/a, want one and none", dead, out)
		}
		closeSpool(t, s)
	})
}
