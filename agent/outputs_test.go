package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/agent/config"
	"hooksnare/pkg/alert"
)

// fakeSink is an output's other end.
type fakeSink struct {
	mu     sync.Mutex
	got    []string // messages
	tries  int
	fails  func(try int) error // nil: it never does
	hangs  chan struct{}       // put waits until it is closed; nil: it does not
	closed bool
}

func (s *fakeSink) put(batch []*entry) error {
	if s.hangs != nil {
		<-s.hangs
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	if s.fails != nil {
		if err := s.fails(s.tries); err != nil {
			return err
		}
	}
	for _, e := range batch {
		s.got = append(s.got, e.alert.Message)
	}
	return nil
}

func (s *fakeSink) reopen() error { return nil }

func (s *fakeSink) Close() error { s.closed = true; return nil }

func (s *fakeSink) messages() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// hearing notes what is told of outputs.
type hearing struct {
	mu   sync.Mutex
	told []string
	from time.Time
}

func (h *hearing) condition(name, detail string, on bool, since, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at, sign := since, "+"
	if !on {
		at, sign = until, "-"
	}
	h.told = append(h.told, fmt.Sprintf("%v %s%s: %s", at.Sub(h.from).Round(time.Second), sign, name, detail))
}

func (h *hearing) expect(t *testing.T, want ...string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Equal(h.told, want) {
		t.Errorf("told: got\n%s\nwant\n%s", strings.Join(h.told, "\n"), strings.Join(want, "\n"))
	}
}

// opened starts outputs with the given ends, that are named a, b, c and so on.
func opened(sinks ...*fakeSink) (*Outputs, *hearing) {
	all, h := &Outputs{}, &hearing{from: time.Now()}
	var timing outputTiming
	timing.fill()
	for i, s := range sinks {
		all.start(&output{
			name: string(rune('a' + i)), batch: 4, sink: s,
			trouble: trouble{health: h.condition, timing: timing},
		})
	}
	return all, h
}

// some returns n alerts of a severity, numbered from first.
func some(n, severity, first int) []*alert.Alert {
	var out []*alert.Alert
	for i := range n {
		out = append(out, &alert.Alert{
			Message: fmt.Sprintf("%d-%d", severity, first+i), Event: alert.Event{Severity: severity}, Hooksnare: &alert.Hooksnare{},
		})
	}
	return out
}

func send(t *testing.T, all *Outputs, list ...*alert.Alert) []string {
	t.Helper()
	var names []string
	for _, a := range list {
		if err := all.Add(a); err != nil {
			t.Fatal(err)
		}
		names = append(names, a.Message)
	}
	return names
}

// passes lets time pass as the agent does, which looks at its outputs every two seconds.
func passes(all *Outputs, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(2 * time.Second)
		all.Check(time.Now())
	}
	synctest.Wait()
}

func closes(t *testing.T, all *Outputs, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	began := time.Now()
	err := all.Close(ctx)
	if got := fmt.Sprint(err); got != want {
		t.Errorf("Close: got %s, want %s", got, want)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("Close: returned after %v, want a second at most", took)
	}
}

func TestOutputsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		low, high := &fakeSink{}, &fakeSink{}
		all, h := opened(low, high)
		all.list[1].min = 73
		var want, severe []string
		for i := range 300 {
			severity := []int{21, 47, 73, 99}[i%4]
			names := send(t, all, some(1, severity, i)...)
			if want = append(want, names...); severity >= 73 {
				severe = append(severe, names...)
			}
		}
		closes(t, all, "<nil>")
		if got := low.messages(); !slices.Equal(got, want) {
			t.Errorf("every severity: got %q, want %q", got, want)
		}
		if got := high.messages(); !slices.Equal(got, severe) {
			t.Errorf("high and critical: got %q, want %q", got, severe)
		}
		if !low.closed || !high.closed {
			t.Error("an output was not closed")
		}
		h.expect(t)
	})
}

// TestOutputsFailing has an output that fails for a while: nothing is lost or delivered
// twice, the order stays, no other output waits, and it is told once.
func TestOutputsFailing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failing := &fakeSink{fails: func(try int) error {
			if try <= 3 || try == 5 { // and again amid its recovery
				return errors.New("disk is full")
			}
			return nil
		}}
		well := &fakeSink{}
		all, h := opened(failing, well)
		want := send(t, all, some(9, 47, 0)...)
		synctest.Wait()
		if got := well.messages(); !slices.Equal(got, want) {
			t.Errorf("the other output: got %q, want %q", got, want)
		}
		h.expect(t, "0s +output_failed.a: a: disk is full")
		passes(all, 2*time.Minute)
		if got := failing.messages(); !slices.Equal(got, want) {
			t.Errorf("the output that failed: got %q, want %q", got, want)
		}
		h.expect(t, "0s +output_failed.a: a: disk is full", "1m2s -output_failed.a: a works again")
		closes(t, all, "<nil>")
	})
}

// TestOutputsHanging has an output that does not come back from a delivery.
func TestOutputsHanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging, well := &fakeSink{hangs: make(chan struct{})}, &fakeSink{}
		all, h := opened(hanging, well)
		want := send(t, all, some(9, 47, 0)...)
		passes(all, 30*time.Second)
		if got := well.messages(); !slices.Equal(got, want) {
			t.Errorf("the other output: got %q, want %q", got, want)
		}
		h.expect(t, "0s +output_failed.a: a: no answer for 10s")
		close(hanging.hangs)
		passes(all, 2*time.Minute)
		if got := hanging.messages(); !slices.Equal(got, want) {
			t.Errorf("the output that hung: got %q, want %q", got, want)
		}
		h.expect(t, "0s +output_failed.a: a: no answer for 10s", "1m30s -output_failed.a: a works again")
		closes(t, all, "<nil>")
	})
}

func TestOutputsCloseHanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging := &fakeSink{hangs: make(chan struct{})}
		failing := &fakeSink{fails: func(int) error { return errors.New("no") }}
		well := &fakeSink{}
		all, _ := opened(hanging, failing, well)
		want := send(t, all, some(9, 47, 0)...)
		closes(t, all, "output a: 9 alerts not delivered\noutput b: 9 alerts not delivered")
		if got := well.messages(); !slices.Equal(got, want) {
			t.Errorf("the other output: got %q, want %q", got, want)
		}
		close(hanging.hangs)
	})
}

// TestOutputsBound gives an output that hangs more than it may keep: what is least severe
// goes first, oldest first, and it is told how much that was.
func TestOutputsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging := &fakeSink{hangs: make(chan struct{})}
		all, h := opened(hanging)
		first := send(t, all, some(1, 21, 0)...)
		synctest.Wait() // this one is being delivered and can't be given up
		send(t, all, some(100, 21, 100)...)
		high := send(t, all, some(1000, 73, 1000)...)
		medium := send(t, all, some(maxWaiting-1000, 47, 10_000)...)
		send(t, all, some(1, 21, 200)...) // the least severe of all, and the room is taken
		passes(all, 12*time.Second)
		close(hanging.hangs)
		passes(all, 3*time.Minute)
		// 1 + 100 + 1000 + 1048 + 1 are 102 too many: all low ones but that one, and the
		// oldest of medium severity.
		want := slices.Concat(first, high, medium[1:])
		if got := hanging.messages(); !slices.Equal(got, want) {
			t.Errorf("got %d alerts, from %q; want %d, from %q", len(got), got[:8], len(want), want[:8])
		}
		h.expect(t,
			"0s +alerts_lost.a: a can't keep up: 102 alerts given up", "0s +output_failed.a: a: no answer for 10s",
			"1m0s -alerts_lost.a: a keeps up again: 102 alerts given up in all", "1m12s -output_failed.a: a works again")
		if got := all.Stats(); got[0] != (OutputStats{"a", 0, 102}) {
			t.Errorf("stats: got %+v, want none waiting and 102 dropped", got)
		}
		closes(t, all, "<nil>")
	})
}

func TestOutputsBoundInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging := &fakeSink{hangs: make(chan struct{})}
		all, _ := opened(hanging)
		const size = 100 << 10
		for i := range 200 {
			send(t, all, &alert.Alert{Message: fmt.Sprintf("%d-%s", i, strings.Repeat("x", size)), Hooksnare: &alert.Hooksnare{}})
		}
		synctest.Wait()
		if got, most := all.list[0].bytes, maxWaitingBytes; got > most {
			t.Errorf("waiting: got %d bytes, want at most %d", got, most)
		}
		stats := all.Stats()[0]
		if got := stats.Waiting + int(stats.Dropped); got != 200 || stats.Waiting < maxWaitingBytes/size-2 {
			t.Errorf("got %+v, want 200 in all and most of the room taken", stats)
		}
		close(hanging.hangs)
		closes(t, all, "<nil>")
		if got := all.list[0].bytes; got != 0 {
			t.Errorf("after all was delivered: got %d bytes, want 0", got)
		}
	})
}

// TestOutputsFeedback has an output whose every second delivery fails, and that is sent the
// alerts about itself: they must not raise each other for ever.
func TestOutputsFeedback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &fakeSink{fails: func(try int) error {
			if try%2 == 1 {
				return errors.New("no")
			}
			return nil
		}}
		all, h := opened(sink)
		listen := h.condition
		all.list[0].trouble.health = func(name, detail string, on bool, since, until time.Time) {
			listen(name, detail, on, since, until)
			send(t, all, some(1, 73, 0)...)
		}
		send(t, all, some(1, 47, 0)...)
		passes(all, time.Hour)
		if got := len(h.told); got == 0 || got > 2*60+1 {
			t.Errorf("in an hour: told %d times, want twice a minute at most", got)
		}
		closes(t, all, "<nil>")
	})
}

// TestOutputsReopen tries at once when it is asked to open anew, however long the wait.
func TestOutputsReopen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := true
		sink := &fakeSink{}
		sink.fails = func(int) error {
			if broken {
				return errors.New("no")
			}
			return nil
		}
		all, _ := opened(sink)
		want := send(t, all, some(1, 47, 0)...)
		passes(all, 10*time.Minute)
		sink.mu.Lock()
		broken = false
		sink.mu.Unlock()
		all.Reopen()
		synctest.Wait()
		if got := sink.messages(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q at once", got, want)
		}
		closes(t, all, "<nil>")
	})
}

// TestOutputsConcurrent adds, looks, reopens and closes from many goroutines.
func TestOutputsConcurrent(t *testing.T) {
	before := runtime.NumGoroutine()
	flaky := &fakeSink{fails: func(int) error {
		if rand.IntN(2) == 0 {
			return errors.New("no")
		}
		return nil
	}}
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	var shown bytes.Buffer
	all := OpenOutputs([]config.Output{
		{Name: "file", Type: "file", Path: path, MinSeverity: "low", Enabled: true},
		{Name: "off", Type: "file", Path: path + ".off", MinSeverity: "low"},
	}, &shown, func(string, string, bool, time.Time, time.Time) {}, outputTiming{})
	all.start(&output{name: "flaky", batch: 3, sink: flaky, trouble: trouble{health: func(string, string, bool, time.Time, time.Time) {}}})
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for _, a := range some(50, 47, 1000*n) {
				if err := all.Add(a); err != nil {
					t.Error(err)
				}
				all.Check(time.Now())
				all.Stats()
			}
			all.Reopen()
		})
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	flaky.mu.Lock()
	flaky.fails = nil
	flaky.mu.Unlock()
	_ = all.Close(ctx)
	for limit := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("after Close: %d goroutines, before %d", runtime.NumGoroutine(), before)
		}
	}
}
