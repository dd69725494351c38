package spool

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// fill puts alerts until the disk refuses one, which it then holds; it returns how many.
func fill(t *testing.T, s *Spool, pad int) (n int) {
	t.Helper()
	for n = 1; n < 10_000; n++ {
		err := s.Put(entry(fmt.Sprint("id", n), 47, pad))
		if errors.Is(err, ErrHeld) && errors.Is(err, syscall.ENOSPC) {
			return n
		}
		if err != nil {
			t.Fatalf("Put %d: %v", n, err)
		}
	}
	t.Fatal("the disk does not get full")
	return 0
}

// fullThenFreed fills a spool's disk, has outputs served from memory, makes room and
// checks that nothing is lost.
func fullThenFreed(t *testing.T, o Options, free func()) {
	o.Outputs = []Output{{Name: "a"}, {Name: "b"}}
	s, log := open(t, o)
	first := s.Stats().Head.Chain
	n := fill(t, s, 2000)
	for range 5 {
		n++
		if err := s.Put(entry(fmt.Sprint("id", n), 47, 2000)); !errors.Is(err, ErrHeld) {
			t.Fatalf("Put on a full disk = %v, want %v", err, ErrHeld)
		}
	}
	st := s.Stats()
	if st.Held != 6 || st.HeldBytes < 6*2000 || st.Trouble == nil || st.Head.Chain == first {
		t.Fatalf("got %+v, want 6 held, and their numbers in another chain than %s", st, first)
	}
	// Output a takes everything, also from memory. Its links go, but b still has them.
	got := drain(t, s.Queue("a"))
	if len(got) != n {
		t.Fatalf("output a got %d of %d", len(got), n)
	}
	if s.maintain() || s.Stats().Held != 6 {
		t.Fatalf("%+v after another try, want the disk full still", s.Stats())
	}
	free()
	if !s.maintain() || s.Stats().Held != 0 || s.Stats().Trouble != nil {
		t.Fatalf("%+v with room, want nothing held", s.Stats())
	}
	n++
	put(t, s, entry(fmt.Sprint("id", n), 47, 0))
	closeSpool(t, s)
	s, _ = open(t, o)
	if rest := drain(t, s.Queue("a")); len(rest) != 1 {
		t.Errorf("output a got %d more after a restart, want the last alone", len(rest))
	}
	all := drain(t, s.Queue("b"))
	if len(all) != n {
		t.Errorf("output b got %d of %d", len(all), n)
	}
	if v := verify(t, append(docs(all), docs(got)...)...); !v.OK() || len(v.Chains) < 2 || v.Chains[1].Follows != v.Chains[0].Chain {
		t.Errorf("chains %+v, want them whole, and one to follow on the other", v)
	}
	for _, k := range []Kind{Full, Renewed, Room} {
		if len(log.of(k)) != 1 {
			t.Errorf("%v was reported %d times, want once:\n%s", k, len(log.of(k)), log)
		}
	}
}

func TestFullFake(t *testing.T) {
	d := newFake()
	d.room = 300_000
	fullThenFreed(t, Options{disk: d, ballast: 64 << 10, manual: true}, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.room *= 4
	})
}

// TestHeldBounds holds more than memory may take: the least severe goes, the oldest first.
func TestHeldBounds(t *testing.T) {
	d := newFake()
	d.setFail(readOnly)
	s, log := open(t, Options{disk: d, maxHeld: 4, manual: true})
	for i, sev := range []int{47, 21, 99, 21, 47, 73, 21} {
		if err := s.Put(entry(fmt.Sprint(i), sev, 0)); !errors.Is(err, ErrHeld) {
			t.Fatalf("Put = %v, want %v", err, ErrHeld)
		}
	}
	if got := ids(t, waiting(t, s.Queue("a"), 10)); !slices.Equal(got, []string{"0", "2", "4", "5"}) {
		t.Errorf("got %v, want the most severe", got)
	}
	d.setFail(nil)
	closeSpool(t, s)
	lost := 0
	for _, e := range log.of(Evicted) {
		lost += e.Severities[21]
	}
	if lost != 3 {
		t.Errorf("reported\n%s\nwant 3 of severity 21", log)
	}
	s, _ = open(t, Options{disk: d, manual: true})
	if got := ids(t, drain(t, s.Queue("a"))); !slices.Equal(got, []string{"0", "2", "4", "5"}) {
		t.Errorf("got %v after a restart, want the same", got)
	}
	put(t, s, entry("next", 47, 0))
	if h := s.Stats().Head; h.Sequence != 8 {
		t.Errorf("the next number is %d, want 8: the number of a lost one is not used again", h.Sequence)
	}
}

// TestHeldLost ends a process that could not write: Close says what is lost, and the next
// process uses none of the numbers for other content.
func TestHeldLost(t *testing.T) {
	d := newFake()
	s, _ := open(t, Options{disk: d, manual: true})
	put(t, s, entry("one", 47, 0))
	d.setFail(readOnly)
	if err := s.Put(entry("two", 47, 0), entry("three", 47, 0)); err == nil {
		t.Fatal("Put on a disk that takes nothing = nil")
	} else if !errors.Is(err, ErrHeld) || !strings.HasPrefix(err.Error(), "2 alerts held in memory: ") || !errors.Is(err, syscall.EROFS) {
		t.Fatalf("Put = %v, want two held because of %v", err, syscall.EROFS)
	}
	before := docs(waiting(t, s.Queue("a"), 10))
	if err := s.Close(); !errors.Is(err, syscall.EROFS) {
		t.Errorf("Close = %v, want the disk's error", err)
	}
	d.setFail(nil)
	s, _ = open(t, Options{disk: d, manual: true})
	put(t, s, entry("four", 47, 0))
	items := drain(t, s.Queue("a"))
	if got := ids(t, items); !slices.Equal(got, []string{"one", "four"}) {
		t.Errorf("got %v, want what was durable", got)
	}
	if v := verify(t, append(before, docs(items)...)...); !v.OK() {
		t.Errorf("%+v, want no clash", v)
	}
}

// TestSyncFails lets one sync fail: the alert is written again as another file, and the
// sync of the first is not repeated.
func TestSyncFails(t *testing.T) {
	for _, op := range []string{"sync", "syncdir"} {
		d := newFake()
		s, _ := open(t, Options{disk: d, manual: true})
		putN(t, s, 1)
		created, synced := map[string]int{}, map[string]int{}
		failed := false
		d.setFail(func(o, name string) error {
			switch o {
			case "create":
				created[name]++
			case "sync":
				synced[name]++
			}
			if o == op && !failed {
				failed = true
				return syscall.EIO
			}
			return nil
		})
		put(t, s, entry("two", 47, 0))
		tries := 0
		for name, n := range synced {
			tries += n
			if n > created[name] {
				t.Errorf("a failed %s: %s was created %d times and synced %d times", op, name, created[name], n)
			}
		}
		if tries != 2 {
			t.Errorf("a failed %s: synced %v, want two files", op, synced)
		}
		if got := ids(t, drain(t, s.Queue("a"))); !slices.Equal(got, []string{"id0", "two"}) {
			t.Errorf("a failed %s: got %v", op, got)
		}
	}
}

// TestUnlinked has the disk refuse links alone: the alert is durable in tmp/ and handed out
// from there, and linked later.
func TestUnlinked(t *testing.T) {
	d := newFake()
	o := Options{disk: d, Outputs: []Output{{Name: "a"}, {Name: "b"}}, manual: true}
	s, log := open(t, o)
	d.setFail(failing("link", syscall.EMLINK))
	putN(t, s, 3)
	if got := drain(t, s.Queue("a")); len(got) != 3 {
		t.Errorf("output a got %v, want three from tmp/", ids(t, got))
	}
	if s.maintain() {
		t.Error("nothing left to do, though links can't be made")
	}
	d.setFail(nil)
	if !s.maintain() {
		t.Error("something left to do, though links can be made")
	}
	closeSpool(t, s)
	s, _ = open(t, o)
	if a, b := s.Queue("a").Stats().Depth, drain(t, s.Queue("b")); a != 0 || len(b) != 3 {
		t.Errorf("after a restart %d wait for a and %v for b; want none and three", a, ids(t, b))
	}
	if len(log.of(Damaged)) > 0 {
		t.Errorf("reported\n%s\nwant nothing", log)
	}
}

// TestOpenReadOnly opens a spool on a disk that takes nothing: it works from memory, and
// writes when the disk is back.
func TestOpenReadOnly(t *testing.T) {
	for _, used := range []bool{false, true} {
		d := newFake()
		if used {
			s, _ := open(t, Options{disk: d, manual: true})
			putN(t, s, 2)
			closeSpool(t, s)
		}
		d.setFail(readOnly)
		s, _ := open(t, Options{disk: d, manual: true})
		before := s.Queue("a").Stats().Depth
		if err := s.Put(entry("x", 47, 0)); !errors.Is(err, ErrHeld) {
			t.Fatalf("Put = %v, want %v", err, ErrHeld)
		}
		d.setFail(nil)
		if !s.maintain() {
			t.Fatalf("not maintained: %+v", s.Stats())
		}
		closeSpool(t, s)
		s, _ = open(t, Options{disk: d, manual: true})
		if got := drain(t, s.Queue("a")); len(got) != before+1 {
			t.Errorf("used before: %v: got %v, want %d", used, ids(t, got), before+1)
		}
	}
}

// TestMaintenance lets the spool itself notice that there is room again, in its own time.
func TestMaintenance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFake()
		s, _ := open(t, Options{disk: d})
		tries := 0
		d.mu.Lock()
		d.fail = func(op, name string) error {
			if op == "lstat" && name == "tmp" {
				tries++
			}
			return readOnly(op, name)
		}
		d.mu.Unlock()
		if err := s.Put(entry("x", 47, 0)); !errors.Is(err, ErrHeld) {
			t.Fatalf("Put = %v, want %v", err, ErrHeld)
		}
		time.Sleep(time.Hour)
		d.mu.Lock()
		if tries < 30 || tries > 150 {
			t.Errorf("%d tries in an hour, want about one a minute", tries)
		}
		d.fail = nil
		d.mu.Unlock()
		time.Sleep(2 * time.Minute)
		if st := s.Stats(); st.Held != 0 || st.Trouble != nil {
			t.Errorf("%+v two minutes after there was room again, want nothing held", st)
		}
		closeSpool(t, s)
	})
}

// TestLeftoverHeld opens a spool on a disk that takes nothing, while tmp/ holds an alert
// of the process before: it keeps its number, and is there when the disk is back.
func TestLeftoverHeld(t *testing.T) {
	d := newFake()
	s, _ := open(t, Options{disk: d, manual: true})
	put(t, s, entry("one", 47, 0))
	d.setFail(failing("link", syscall.EMLINK))
	put(t, s, entry("two", 47, 0))
	d = d.restart(killOnly, nil)
	d.setFail(readOnly)
	s, _ = open(t, Options{disk: d, manual: true})
	if err := s.Put(entry("three", 47, 0)); !errors.Is(err, ErrHeld) {
		t.Fatalf("Put = %v, want %v", err, ErrHeld)
	}
	d.setFail(nil)
	if !s.maintain() {
		t.Fatalf("not maintained: %+v", s.Stats())
	}
	items := drain(t, s.Queue("a"))
	if got := ids(t, items); !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Errorf("got %v, want all three in order", got)
	}
	if v := verify(t, docs(items)...); !v.OK() {
		t.Errorf("%+v, want no clash", v)
	}
}

// TestDiscarded has the disk refuse to take a file and to remove it: what was discarded goes
// before anything else is written.
func TestDiscarded(t *testing.T) {
	d := newFake()
	s, _ := open(t, Options{disk: d, manual: true})
	d.setFail(func(op, _ string) error {
		if op == "syncdir" || op == "remove" {
			return syscall.EIO
		}
		return nil
	})
	if err := s.Put(entry("one", 47, 0)); !errors.Is(err, ErrHeld) {
		t.Fatalf("Put = %v, want %v", err, ErrHeld)
	}
	if n := len(d.root.now["tmp"].now); n != 1 {
		t.Fatalf("%d files in tmp/, want that of the try", n)
	}
	created := false
	d.setFail(func(op, name string) error {
		if tmp := d.root.now["tmp"]; op == "create" && !created {
			created = true
			if len(tmp.now)+len(tmp.disk)+len(tmp.pending) > 0 {
				t.Errorf("create %s while tmp/ holds %d files, and %d after a power cut", name, len(tmp.now), len(tmp.disk))
			}
		}
		return nil
	})
	if !s.maintain() || !created {
		t.Errorf("not maintained: %+v", s.Stats())
	}
}

// acking acknowledges what waits while tmp/ is synced.
type acking struct {
	*fakeDisk
	ack func()
}

func (d *acking) SyncDir(name string, flush bool) error {
	if ack := d.ack; ack != nil && name == "tmp" {
		d.ack = nil
		ack()
	}
	return d.fakeDisk.SyncDir(name, flush)
}

// TestAckWhileWritten acknowledges alerts while they are moved from memory to disk: they
// do not come again after a restart.
func TestAckWhileWritten(t *testing.T) {
	fake := newFake()
	d := &acking{fakeDisk: fake}
	s, _ := open(t, Options{disk: d, manual: true})
	fake.setFail(readOnly)
	for range 3 {
		if err := s.Put(entry("x", 47, 0)); !errors.Is(err, ErrHeld) {
			t.Fatalf("Put = %v, want %v", err, ErrHeld)
		}
	}
	fake.setFail(nil)
	if err := s.unloadPrepared(d); err != nil {
		t.Fatal(err)
	}
	closeSpool(t, s)
	s, _ = open(t, Options{disk: fake, manual: true})
	if got := s.Queue("a").Stats().Depth; got != 1 {
		t.Errorf("%d wait after a restart, want the one that was not acknowledged", got)
	}
}

// unloadPrepared writes what is held, and acknowledges two of it in between: at the
// second sync of tmp/, when the files are written and not linked.
func (s *Spool) unloadPrepared(d *acking) error {
	q := s.Queue("a")
	d.ack = func() { d.ack = func() { q.Ack([]Item{{Sequence: 1}, {Sequence: 3}}) } }
	s.disk.Lock()
	defer s.disk.Unlock()
	return s.flushHeld()
}

func TestInUse(t *testing.T) {
	dir := t.TempDir() + "/spool"
	check := func(want bool) {
		t.Helper()
		if got, err := InUse(dir); got != want || err != nil {
			t.Errorf("InUse = %v, %v; want %v", got, err, want)
		}
	}
	check(false)
	s, _ := open(t, Options{Dir: dir})
	check(true)
	closeSpool(t, s)
	check(false)
}
