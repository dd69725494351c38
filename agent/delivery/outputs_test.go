package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/forward"
	"hooksnare/pkg/spool"
)

// fakePlace is an output's other end.
type fakePlace struct {
	mu     sync.Mutex
	got    []string // messages
	tries  int
	fails  func(try int) error // nil: it never does
	hangs  chan struct{}       // Send waits until it is closed; nil: it does not
	again  bool                // the next try is worth it now
	closed bool
}

func (s *fakePlace) Send(_ context.Context, items []forward.Item) forward.Result {
	if s.hangs != nil {
		<-s.hangs
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	s.again = false
	if s.fails != nil {
		if err := s.fails(s.tries); err != nil {
			return resultOf("x", len(items), err)
		}
	}
	for _, i := range items {
		var a alert.Alert
		if err := json.Unmarshal(i.Document, &a); err != nil {
			return resultOf("x", len(items), err)
		}
		s.got = append(s.got, a.Message)
	}
	return resultOf("x", len(items), nil)
}

func (s *fakePlace) Changed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.again
}

func (s *fakePlace) Close() error { s.closed = true; return nil }

func (s *fakePlace) messages() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// reports notes what is reported of outputs.
type reports struct {
	mu   sync.Mutex
	list []string
	from time.Time
}

func (h *reports) condition(c health.Condition, detail string, on bool, since, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at, sign := since, "+"
	if !on {
		at, sign = until, "-"
	}
	h.list = append(h.list, fmt.Sprintf("%v %s%s: %s", at.Sub(h.from).Round(time.Second), sign, c, detail))
}

func (h *reports) expect(t *testing.T, want ...string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Equal(h.list, want) {
		t.Errorf("reported: got\n%s\nwant\n%s", strings.Join(h.list, "\n"), strings.Join(want, "\n"))
	}
}

// opened starts outputs with the given ends, that are named a, b, c and so on, over a spool
// in dir.
func opened(t *testing.T, dir string, places ...*fakePlace) (*Outputs, *reports) {
	t.Helper()
	h := &reports{from: time.Now()}
	c := config.Config{StateDir: dir}
	for i := range places {
		c.Outputs = append(c.Outputs, config.Output{Name: string(rune('a' + i)), Type: "file", MinSeverity: "low", Enabled: true})
	}
	if len(places) > 1 {
		c.Outputs[1].MinSeverity = "high"
	}
	all, err := Open(Options{Config: c, Report: h.condition, senders: func(_ *config.Config, o *config.Output) (forward.Sender, error) {
		return places[o.Name[0]-'a'], nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return all, h
}

// some returns n alerts of a severity, numbered from first.
func some(n, severity, first int) []*alert.Alert {
	var out []*alert.Alert
	for i := range n {
		out = append(out, &alert.Alert{
			Message: fmt.Sprintf("%d-%d", severity, first+i), Hooksnare: &alert.Hooksnare{Verdict: alert.Observed},
			Event: alert.Event{Kind: "alert", ID: fmt.Sprintf("%d-%d", severity, first+i), Sequence: 1, Severity: severity},
		})
	}
	return out
}

func addAlert(t *testing.T, all *Outputs, a *alert.Alert) {
	t.Helper()
	line, err := a.Line()
	if err != nil {
		t.Error(err)
	}
	all.AddAlert(a, line)
}

func send(t *testing.T, all *Outputs, list ...*alert.Alert) []string {
	t.Helper()
	var names []string
	for _, a := range list {
		addAlert(t, all, a)
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
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		low, high := &fakePlace{}, &fakePlace{}
		all, h := opened(t, dir, low, high)
		var want, severe []string
		for i := range 300 {
			severity := []int{21, 47, 73, 99}[i%4]
			names := send(t, all, some(1, severity, i)...)
			if want = append(want, names...); severity >= 73 {
				severe = append(severe, names...)
			}
		}
		passes(all, 10*time.Second)
		if !all.Delivered() {
			t.Error("after ten seconds: got not all durable, want all")
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
// twice, the order stays, no other output waits, and it is reported once.
func TestOutputsFailing(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		failing := &fakePlace{fails: func(try int) error {
			if try <= 3 || try == 5 { // and again during its recovery
				return errors.New("disk is full")
			}
			return nil
		}}
		well := &fakePlace{}
		all, h := opened(t, dir, failing, well)
		want := send(t, all, some(9, 73, 0)...)
		passes(all, 2*time.Second)
		if got := well.messages(); !slices.Equal(got, want) {
			t.Errorf("the other output: got %q, want %q", got, want)
		}
		passes(all, time.Hour)
		if got := failing.messages(); !slices.Equal(got, want) {
			t.Errorf("the output that failed: got %q, want %q", got, want)
		}
		h.mu.Lock()
		text := strings.Join(h.list, "\n")
		h.mu.Unlock()
		if len(h.list) != 2 || !strings.Contains(h.list[0], " +output_failed.a: a: x: disk is full") || !strings.HasSuffix(text, " -output_failed.a: a works again") {
			t.Errorf("got reports\n%s\nwant that a failed once, and that it works again", text)
		}
		closes(t, all, "<nil>")
	})
}

// TestOutputsLatency adds one alert after the other. The clock of the test stands still while
// anything works, so any time that passes before a delivery is a pause: local outputs have none.
func TestOutputsLatency(t *testing.T) {
	for kind, want := range map[string]time.Duration{"file": 0, "syslog": 0, "otlp": gatherPause} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				place := &fakePlace{}
				c := config.Config{StateDir: dir, Outputs: []config.Output{{Name: "a", Type: kind, MinSeverity: "low", Enabled: true}}}
				all, err := Open(Options{Config: c, Report: func(health.Condition, string, bool, time.Time, time.Time) {},
					senders: func(*config.Config, *config.Output) (forward.Sender, error) { return place, nil }})
				if err != nil {
					t.Fatal(err)
				}
				var longest time.Duration
				for i := range 20 {
					begun := time.Now()
					send(t, all, some(1, 73, i)...)
					for len(place.messages()) == i && time.Since(begun) < time.Second {
						time.Sleep(time.Microsecond) // of the test's clock, once nothing works any more
					}
					longest = max(longest, time.Since(begun))
				}
				if got := longest.Round(10 * time.Millisecond); got != want {
					t.Errorf("%s: got up to %v between an alert and its delivery, want %v", kind, longest, want)
				}
				closes(t, all, "<nil>")
			})
		})
	}
}

// TestOutputsHanging has an output that does not come back from a delivery.
func TestOutputsHanging(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		hanging, well := &fakePlace{hangs: make(chan struct{})}, &fakePlace{}
		all, h := opened(t, dir, hanging, well)
		want := send(t, all, some(9, 73, 0)...)
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

// TestOutputsRestart ends with outputs that hang and fail: what they did not acknowledge is
// there at the next start, in order.
func TestOutputsRestart(t *testing.T) {
	dir := t.TempDir()
	var want []string
	synctest.Test(t, func(t *testing.T) {
		hanging, failing := &fakePlace{hangs: make(chan struct{})}, &fakePlace{fails: func(int) error { return errors.New("no") }}
		all, _ := opened(t, dir, hanging, failing)
		want = send(t, all, some(9, 73, 0)...)
		passes(all, 2*time.Second)
		closes(t, all, "an output did not end in time: what it did not acknowledge waits for the next start")
		close(hanging.hangs)
	})
	synctest.Test(t, func(t *testing.T) {
		a, b := &fakePlace{}, &fakePlace{}
		all, _ := opened(t, dir, a, b)
		want = append(want, send(t, all, some(3, 73, 9)...)...)
		passes(all, time.Minute)
		closes(t, all, "<nil>")
		for name, p := range map[string]*fakePlace{"that hung": a, "that failed": b} {
			if got := p.messages(); !slices.Equal(got, want) {
				t.Errorf("the output %s: got %q, want %q", name, got, want)
			}
		}
	})
}

// TestOutputsBound has more to keep than the disk may hold, and an output that takes nothing:
// what is lost is reported.
func TestOutputsBound(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		place := &fakePlace{fails: func(int) error { return errors.New("no") }}
		h := &reports{from: time.Now()}
		c := config.Config{StateDir: dir, SpoolMaxAlerts: 100, Outputs: []config.Output{{Name: "a", Type: "file", MinSeverity: "low", Enabled: true}}}
		all, err := Open(Options{Config: c, Report: h.condition, senders: func(*config.Config, *config.Output) (forward.Sender, error) { return place, nil }})
		if err != nil {
			t.Fatal(err)
		}
		send(t, all, some(150, 47, 0)...)
		passes(all, 2*time.Minute)
		closes(t, all, "<nil>")
		all.Check(time.Now())
		h.mu.Lock()
		defer h.mu.Unlock()
		if !slices.ContainsFunc(h.list, func(s string) bool { return strings.Contains(s, "+alerts_lost: evicted") }) {
			t.Errorf("got reports\n%s\nwant that alerts were lost", strings.Join(h.list, "\n"))
		}
	})
}

// TestOutputsFeedback has an output whose deliveries mostly fail, and that is sent the
// alerts about itself: they must not raise each other for ever.
func TestOutputsFeedback(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		place := &fakePlace{fails: func(try int) error {
			if try%6 != 0 {
				return errors.New("no")
			}
			return nil
		}}
		all, h := opened(t, dir, place)
		listen := h.condition
		all.opts.Report = func(c health.Condition, detail string, on bool, since, until time.Time) {
			listen(c, detail, on, since, until)
			send(t, all, some(1, 73, 0)...)
		}
		send(t, all, some(1, 47, 0)...)
		passes(all, time.Hour)
		if got := len(h.list); got == 0 || got > 2*60+1 {
			t.Errorf("in an hour: %d reports, want twice a minute at most", got)
		}
		closes(t, all, "<nil>")
	})
}

// TestOutputsElsewhere has a state folder that can't be used: alerts are delivered, and that
// they do not outlive the agent is reported.
func TestOutputsElsewhere(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "spool"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	place := &fakePlace{}
	all, h := opened(t, dir, place)
	want := send(t, all, some(3, 47, 0)...)
	all.Check(time.Now())
	closes(t, all, "<nil>")
	if got := place.messages(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(h.list) != 1 || !strings.Contains(h.list[0], "+spool_failed: alerts wait in ") {
		t.Errorf("got reports %q, want that the spool is elsewhere", h.list)
	}
}

// TestOutputsTwice has two agents with one state folder.
func TestOutputsTwice(t *testing.T) {
	dir := t.TempDir()
	all, _ := opened(t, dir, &fakePlace{})
	defer closes(t, all, "<nil>")
	_, err := Open(Options{Config: config.Config{StateDir: dir}, Report: func(health.Condition, string, bool, time.Time, time.Time) {}})
	if !errors.Is(err, spool.ErrLocked) {
		t.Errorf("a second agent: got %v, want %v", err, spool.ErrLocked)
	}
}

// TestOutputsConcurrent adds, looks, reopens and closes from many goroutines.
func TestOutputsConcurrent(t *testing.T) {
	before := runtime.NumGoroutine()
	flaky := &fakePlace{fails: func(int) error {
		if rand.IntN(2) == 0 {
			return errors.New("no")
		}
		return nil
	}}
	dir := t.TempDir()
	path := filepath.Join(dir, "alerts.jsonl")
	var shown bytes.Buffer
	o := Options{Console: &shown, Report: func(health.Condition, string, bool, time.Time, time.Time) {}}
	o.Config = config.Config{StateDir: dir, Outputs: []config.Output{
		{Name: "file", Type: "file", Path: path, MinSeverity: "low", Enabled: true},
		{Name: "off", Type: "file", Path: path + ".off", MinSeverity: "low"},
		{Name: "flaky", Type: "flaky", MinSeverity: "low", Enabled: true},
	}}
	o.senders = func(of *config.Config, c *config.Output) (forward.Sender, error) {
		if c.Type == "flaky" {
			return flaky, nil
		}
		return o.newSender(of, c)
	}
	all, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for _, a := range some(50, 47, 1000*n) {
				addAlert(t, all, a)
			}
			all.Reopen()
		})
	}
	wg.Go(func() {
		for range 50 {
			all.Check(time.Now())
			all.Delivered()
		}
	})
	wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_ = all.Close(ctx)
	for limit := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("after Close: %d goroutines, before %d", runtime.NumGoroutine(), before)
		}
	}
	if b, err := os.ReadFile(path); err != nil || bytes.Count(b, []byte("\n")) != 200 {
		t.Errorf("the log: got %d lines, %v; want 200", bytes.Count(b, []byte("\n")), err)
	}
	if got := strings.Count(shown.String(), "MEDIUM"); got < 1 || got > 200 {
		t.Errorf("shown: got %d alerts, want some", got)
	}
}
