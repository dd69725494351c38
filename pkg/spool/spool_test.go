package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestDocuments(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, Options{Dir: dir, Outputs: []Output{{Name: "a"}, {Name: "b", MinSeverity: 50}}})
	must(t, s.Put())
	put(t, s, entry("low", 21, 0), entry("high", 73, 0))
	put(t, s, entry("critical", 99, 0))
	for name, want := range map[string][]string{"a": {"low", "high", "critical"}, "b": {"high", "critical"}} {
		if got := ids(t, waiting(t, s.Queue(name), 10)); !slices.Equal(got, want) {
			t.Errorf("output %s: got %v, want %v", name, got, want)
		}
	}
	items := waiting(t, s.Queue("a"), 10)
	for i, it := range items {
		d := parse(t, it.Document)
		if it.Sequence != uint64(i+1) || d.Sequence != it.Sequence || !it.Time.Equal(when) || it.ID != eventID(d.ID) || it.Update != 2 {
			t.Errorf("item %d: %+v", i, it)
		}
		file, err := os.ReadFile(filepath.Join(dir, "out/a", names(t, filepath.Join(dir, "out/a"))[i]))
		if err != nil || string(file) != string(it.Document) {
			t.Errorf("item %d: file holds %q, %v; want %q", i, file, err, it.Document)
		}
	}
	for _, name := range []string{".", "tmp", "out/a", "head", "chain", "ballast", "out/a/" + names(t, filepath.Join(dir, "out/a"))[0]} {
		st, err := os.Stat(filepath.Join(dir, name))
		if err != nil || st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v; want it for its owner alone", name, st.Mode(), err)
		}
	}
	if s.Queue("c") != nil {
		t.Error("a queue of no output")
	}
}

// TestEverywhere puts an alert that every output gets, also from memory.
func TestEverywhere(t *testing.T) {
	d := newFake()
	s, _ := open(t, Options{disk: d, Outputs: crashOutputs, manual: true})
	for _, fail := range []func(string, string) error{nil, readOnly} {
		d.setFail(fail)
		for _, everywhere := range []bool{true, false} {
			e := entry(fmt.Sprint(everywhere), 21, 0)
			e.Everywhere = everywhere
			if err := s.Put(e); err != nil && !errors.Is(err, ErrHeld) {
				t.Fatalf("Put: %v", err)
			}
		}
	}
	d.setFail(nil)
	if got := ids(t, drain(t, s.Queue("b"))); !slices.Equal(got, []string{"true", "true"}) {
		t.Errorf("output b got %v, want what goes everywhere", got)
	}
	if got := ids(t, drain(t, s.Queue("a"))); len(got) != 4 {
		t.Errorf("output a got %v, want all", got)
	}
}

func TestNextBounds(t *testing.T) {
	s, _ := open(t, Options{disk: newFake()})
	for i := range 6 {
		put(t, s, entry(fmt.Sprint(i), 47, 1000))
	}
	for _, tt := range []struct{ items, bytes, want int }{
		{3, 1 << 20, 3}, {100, 1 << 20, 6}, {100, 4000, 3}, {100, 1, 1}, {0, 0, 1}, {-1, -1, 1},
	} {
		items, err := s.Queue("a").Next(t.Context(), tt.items, tt.bytes)
		if err != nil || len(items) != tt.want || items[0].Sequence != 1 {
			t.Errorf("Next(%d, %d) = %d items, %v; want %d, the oldest first", tt.items, tt.bytes, len(items), err, tt.want)
		}
	}
}

func TestNextWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := open(t, Options{disk: newFake()})
		q := s.Queue("a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := q.Next(ctx, 1, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Next of nothing = %v, want %v", err, context.DeadlineExceeded)
		}
		got := make(chan error)
		next := func() { _, err := q.Next(t.Context(), 1, 1); got <- err }
		go next()
		synctest.Wait()
		put(t, s, entry("x", 47, 0))
		if err := <-got; err != nil {
			t.Errorf("Next = %v", err)
		}
		drain(t, q)
		go next()
		synctest.Wait()
		closeSpool(t, s)
		if err := <-got; !errors.Is(err, ErrClosed) {
			t.Errorf("Next of a closed spool = %v, want %v", err, ErrClosed)
		}
		for what, err := range map[string]error{"Put": s.Put(entry("x", 47, 0)), "Ack": q.Ack([]Item{{Sequence: 1}}), "Dead": q.Dead("no", []Item{{Sequence: 1}}), "Close": s.Close()} {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("%s of a closed spool = %v, want %v", what, err, ErrClosed)
			}
		}
	})
}

// TestPutRefused gives entries that can't be kept: none of the Put is, and no number is
// used.
func TestPutRefused(t *testing.T) {
	s, _ := open(t, Options{disk: newFake()})
	for what, doc := range map[string]string{
		"empty": "", "line break": `{"hooksnare":{"x":{"a":` + "\n" + `1}}}`, "carriage return": `{"hooksnare":{"x":1}}` + "\r",
		"too long": `{"hooksnare":{"x":"` + strings.Repeat("x", maxDocument) + `"}}`, "no hooksnare": `{"x":1}`,
	} {
		if err := s.Put(entry("x", 47, 0), Entry{Document: []byte(doc)}); err == nil {
			t.Errorf("Put of a document that is %s = nil", what)
		}
	}
	if st := s.Stats(); st.Waiting != 0 || st.Head.Sequence != 0 {
		t.Errorf("%+v, want nothing kept", st)
	}
}

func TestOneOwner(t *testing.T) {
	o := Options{Dir: t.TempDir(), Outputs: []Output{{Name: "a"}}}
	s, _ := open(t, o)
	if _, err := Open(o); !errors.Is(err, ErrLocked) {
		t.Errorf("the second Open = %v, want %v", err, ErrLocked)
	}
	closeSpool(t, s)
	s, _ = open(t, o)
	closeSpool(t, s)
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(o.Dir, link))
	o.Dir = link
	if s, err := Open(o); err == nil {
		t.Error("Open of a link = nil")
		s.Close()
	}
}

func TestOptionsRefused(t *testing.T) {
	for _, outputs := range [][]Output{
		{{Name: ""}}, {{Name: "a/b"}}, {{Name: "a b"}}, {{Name: "a"}, {Name: "A"}}, {{Name: strings.Repeat("a", 129)}}, make([]Output, 33),
	} {
		if s, err := Open(Options{disk: newFake(), Outputs: outputs}); err == nil {
			t.Errorf("Open with outputs %.60v = nil", outputs)
			s.Close()
		}
	}
	if _, err := Open(Options{}); err == nil {
		t.Error("Open without a folder = nil")
	}
	for _, name := range []string{".", "..", ".a", "%a"} {
		s, err := Open(Options{disk: newFake(), Outputs: []Output{{Name: name}}, manual: true})
		if (err == nil) != (name != "%a") {
			t.Errorf("Open with output %q = %v", name, err)
		}
		if err == nil {
			putN(t, s, 1)
			closeSpool(t, s)
		}
	}
}

// TestOutputsChange takes an output out of the configuration, and puts it and another in.
func TestOutputsChange(t *testing.T) {
	d := newFake()
	with := func(outputs ...string) *Spool {
		o := Options{disk: d, manual: true}
		for _, name := range outputs {
			o.Outputs = append(o.Outputs, Output{Name: name})
		}
		s, _ := open(t, o)
		return s
	}
	s := with("a", ".b")
	putN(t, s, 3)
	closeSpool(t, s)
	s = with("a")
	putN(t, s, 1)
	st := s.Stats()
	if len(st.Queues) != 2 || st.Queues[1].Output != ".b" || st.Queues[1].Configured || st.Queues[1].Depth != 3 || s.Queue(".b") != nil {
		t.Errorf("%+v, want .b to wait for 3, though it is not configured", st.Queues)
	}
	drain(t, s.Queue("a"))
	closeSpool(t, s)
	s = with("c", ".b", "a")
	for name, want := range map[string]int{"a": 0, ".b": 3, "c": 0} {
		if got := s.Queue(name).Stats().Depth; got != want {
			t.Errorf("output %s waits for %d, want %d", name, got, want)
		}
	}
}

// TestConcurrent puts, delivers and asks for numbers from many goroutines.
func TestConcurrent(t *testing.T) {
	d := newFake()
	s, _ := open(t, Options{disk: d, Outputs: crashOutputs})
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 50 {
				put(t, s, entry(fmt.Sprintf("%d-%d", w, i), 73, 10))
			}
		})
	}
	got := make([]map[string]bool, 2)
	for i := range got {
		got[i] = map[string]bool{}
		wg.Go(func() {
			for len(got[i]) < 400 {
				items, err := s.queues[i].Next(t.Context(), 10, 1<<20)
				if err != nil {
					t.Error(err)
					return
				}
				for _, it := range items {
					got[i][parse(t, it.Document).ID] = true
				}
				s.Stats()
				s.queues[i].Ack(items)
			}
		})
	}
	wg.Wait()
	if st := s.Stats(); st.Waiting != 0 || st.Head.Sequence != 400 || st.Queues[0].Delivered != 400 {
		t.Errorf("%+v, want 400 delivered", st)
	}
}

// TestEventsCausePuts puts an alert about each loss, which causes another loss: it ends, because
// losses are summed up.
func TestEventsCausePuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := open(t, Options{disk: newFake(), MaxAlerts: 5})
		putN(t, s, 20)
		reports, lost := 0, 0
		for range 600 {
			for _, e := range s.Events() {
				reports++
				lost += e.Count
				put(t, s, entry("loss", 73, 0))
			}
			time.Sleep(time.Second)
		}
		if reports < 2 || reports > 11 || lost < 15 || lost > 15+reports {
			t.Errorf("%d reports of %d losses, want at most one a minute, and of all 15 and those the reports caused", reports, lost)
		}
		closeSpool(t, s)
		if left := s.Events(); len(left) != 1 {
			t.Errorf("after the end: got %v, want the last loss", left)
		}
	})
}

// TestAge lets alerts grow old, and the clock jump, which does not make them old.
func TestAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFake()
		var step atomic.Int64 // what the clock was set forward
		o := Options{disk: d, MaxAge: 24 * time.Hour, now: func() time.Time { return time.Now().Round(0).Add(time.Duration(step.Load())) }}
		s, _ := open(t, o)
		old := entry("old", 99, 0)
		old.Time = time.Now()
		put(t, s, old)
		time.Sleep(23 * time.Hour)
		if n := s.Stats().Waiting; n != 1 {
			t.Errorf("%d wait after 23 hours, want 1", n)
		}
		closeSpool(t, s)
		time.Sleep(100 * time.Hour) // the machine is off
		s, log := open(t, o)
		time.Sleep(50 * time.Minute)
		if n := s.Stats().Waiting; n != 1 {
			t.Errorf("%d wait 50 minutes after a start, want 1: there must be time to deliver", n)
		}
		time.Sleep(time.Hour)
		if n := s.Stats().Waiting; n != 0 || len(log.of(Evicted)) != 1 {
			t.Errorf("%d wait, want none", n)
		}
		closeSpool(t, s)
		for _, jump := range []time.Duration{10 * 365 * 24 * time.Hour, -10 * 365 * 24 * time.Hour} {
			step.Store(0)
			s, _ = open(t, o)
			young := entry("young", 21, 0)
			young.Time = time.Now()
			put(t, s, young)
			step.Store(int64(jump))
			time.Sleep(3 * time.Hour)
			if n := s.Stats().Waiting; n != 1 {
				t.Errorf("%d wait after the clock jumped by %v, want 1", n, jump)
			}
			step.Store(0)
			drain(t, s.Queue("a"))
			closeSpool(t, s)
		}
	})
}

// TestDeadBounds refuses more than is kept of what is dead.
func TestDeadBounds(t *testing.T) {
	d := newFake()
	s, log := open(t, Options{disk: d, manual: true})
	q := s.Queue("a")
	for range 11 {
		var entries []Entry
		for i := range 100 {
			entries = append(entries, entry(fmt.Sprint(i), 47, 0))
		}
		put(t, s, entries...)
		if err := q.Dead("400 Bad Request", waiting(t, q, 100)); err != nil {
			t.Fatal(err)
		}
	}
	if st := q.Stats(); st.Dead != 1100 || st.DeadKept != maxDead || st.Depth != 0 {
		t.Errorf("%+v, want 1100 dead, %d kept", st, maxDead)
	}
	closeSpool(t, s)
	if n := len(d.root.now["dead"].now["a"].now); n != maxDead {
		t.Errorf("%d files, want %d", n, maxDead)
	}
	refused, dropped := 0, 0
	for _, e := range log.of(Refused) {
		refused += e.Count
		if e.Why != "400 Bad Request" || e.Name != "dead/a" {
			t.Errorf("reported %v", e)
		}
	}
	for _, e := range log.of(Dropped) {
		dropped += e.Count
	}
	if refused != 1100 || dropped != 100 {
		t.Errorf("reported %d refused and %d dropped, want 1100 and 100:\n%s", refused, dropped, log)
	}
	s, _ = open(t, Options{disk: d, manual: true})
	if st := s.Queue("a").Stats(); st.DeadKept != maxDead {
		t.Errorf("%d dead after a restart, want %d", st.DeadKept, maxDead)
	}
}
