package forward

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// scripted is a Sender. It notes when it was asked and for how much.
type scripted struct {
	mu      sync.Mutex
	answer  func(items []Item) Result
	took    time.Duration
	at      []time.Time
	sizes   []int
	changed bool
	closed  bool
}

func (s *scripted) Send(ctx context.Context, items []Item) Result {
	s.mu.Lock()
	s.at, s.sizes = append(s.at, time.Now()), append(s.sizes, len(items))
	s.mu.Unlock()
	if s.took > 0 {
		select {
		case <-ctx.Done():
			return uniformResult(len(items), Retry, problem(KindNetwork))
		case <-time.After(s.took):
		}
	}
	s.mu.Lock()
	answer := s.answer
	s.mu.Unlock()
	return answer(items)
}

// asked returns when requests came, and for how many items.
func (s *scripted) asked() (at []time.Time, sizes []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.at), slices.Clone(s.sizes)
}

// change has the receiver behave in another way from now on.
func (s *scripted) change(answer func([]Item) Result, files bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer, s.changed = answer, files
}

func (s *scripted) Close() error { s.closed = true; return nil }

func (s *scripted) Changed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// pass lets time pass, and waits until nobody has anything to do.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func problem(kind Kind) *Error {
	return &Error{Receiver: "out", Kind: kind, Text: fmt.Sprint("kind ", kind)}
}

func yes(items []Item) Result { return uniformResult(len(items), Delivered, nil) }

// world runs a Runner in time that passes at once.
type world struct {
	*Runner
	q    *memory
	stop func()
}

func start(t *testing.T, q *memory, s Sender, o Options) *world {
	t.Helper()
	w := &world{q: q}
	o.Name, o.Queue, o.Sender = "out", q, s
	if o.random == nil {
		random := rand.New(rand.NewPCG(1, 2))
		o.random = random.Float64
	}
	r, err := NewRunner(o)
	if err != nil {
		t.Fatal(err)
	}
	w.Runner = r
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	return w
}

// isKind checks what is wrong with the output now.
func (w *world) isKind(t *testing.T, kind Kind) {
	t.Helper()
	if got := w.Status().Health; got.Kind != kind || (got.Reason == "") != (kind == KindNone) || got.Since.IsZero() {
		t.Errorf("got health %+v, want %v", got, kind)
	}
}

// delivered returns how many items are acknowledged.
func (w *world) delivered() int {
	w.q.mu.Lock()
	defer w.q.mu.Unlock()
	return len(w.q.acked)
}

func TestLoneAlertGoesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answer: yes}
		q := newMemory()
		w := start(t, q, s, Options{})
		pass(time.Hour)
		began := time.Now()
		q.add(Item{Sequence: 1, Document: []byte("{}")})
		synctest.Wait()
		if at, _ := s.asked(); len(at) != 1 || !at[0].Equal(began) || w.delivered() != 1 {
			t.Errorf("got requests at %v, want one at %v", at, began)
		}
		if n := q.asked(); n > 3 {
			t.Errorf("got %d looks at an empty queue in an hour", n)
		}
		w.stop()
	})
}

func TestGathersUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answer: yes, took: time.Millisecond}
		q := newMemory()
		w := start(t, q, s, Options{Gather: 50 * time.Millisecond})
		for i := range 10_000 {
			q.add(Item{Sequence: uint64(i + 1), Document: []byte("{}")})
			pass(time.Millisecond)
		}
		pass(time.Second)
		if at, _ := s.asked(); len(at) > 250 || w.delivered() != 10_000 {
			t.Errorf("got %d requests for %d alerts in 10 seconds, want at most 250 for 10000", len(at), w.delivered())
		}
		w.stop()
	})
}

// TestBackoff looks at the waits while nothing works, and at what comes first when it
// does again.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answer: func(items []Item) Result { return uniformResult(len(items), Retry, problem(KindNetwork)) }}
		w := start(t, newMemory(numbered(5000)...), s, Options{})
		pass(24 * time.Hour)
		at, sizes := s.asked()
		if n := len(at); n < 24*60/5 || n > 24*60 {
			t.Errorf("got %d requests in a day, want one every 5 minutes or a few more", n)
		}
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap < time.Second || gap > 5*time.Minute || sizes[i] != 1 {
				t.Errorf("request %d: %d items after %v", i, sizes[i], gap)
			}
		}
		w.isKind(t, KindNetwork)
		tries := len(at)
		s.change(yes, false)
		pass(10 * time.Minute)
		at, sizes = s.asked()
		if got := sizes[tries:]; !slices.Equal(got[:10], []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 500}) || w.delivered() != 5000 {
			t.Errorf("got requests of %v items, %d delivered", got, w.delivered())
		}
		if spread := at[tries+9].Sub(at[tries]); spread < time.Second {
			t.Errorf("got full requests %v after the first, want some pause between them", spread)
		}
		w.isKind(t, KindNone)
		w.stop()
	})
}

// TestOutageAtFullSpeed has the receiver fail in the middle of a backlog: it must not get
// a full request as soon as it is back.
func TestOutageAtFullSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answer: yes, took: 100 * time.Millisecond}
		w := start(t, newMemory(numbered(20_000)...), s, Options{})
		pass(1550 * time.Millisecond) // 1 to 500, and some full ones
		s.change(func(items []Item) Result { return uniformResult(len(items), Retry, problem(KindBusy)) }, false)
		pass(time.Hour)
		_, sizes := s.asked()
		failed := len(sizes)
		if full := sizes[12]; full != 500 || sizes[failed-1] != 1 {
			t.Errorf("got requests of %v, want full ones, then one", sizes)
		}
		s.change(yes, false)
		pass(time.Hour)
		_, sizes = s.asked()
		if got, want := sizes[failed:failed+5], []int{1, 2, 4, 8, 16}; !slices.Equal(got, want) || w.delivered() != 20_000 {
			t.Errorf("got requests of %v, want %v; %d delivered", got, want, w.delivered())
		}
		w.stop()
	})
}

func numbered(n int) []Item {
	out := make([]Item, n)
	for i := range out {
		out[i] = Item{Sequence: uint64(i + 1), Document: []byte("{}")}
	}
	return out
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{}
		s.answer = func(items []Item) Result {
			if at, _ := s.asked(); len(at) == 1 {
				r := uniformResult(len(items), Retry, problem(KindThrottled))
				r.RetryAfter = 10 * time.Minute
				return r
			}
			return yes(items)
		}
		w := start(t, newMemory(numbered(3)...), s, Options{})
		pass(time.Minute)
		w.isKind(t, KindNone) // of a receiver that was busy once
		pass(time.Hour)
		at, _ := s.asked()
		if gap := at[1].Sub(at[0]); gap < 10*time.Minute || gap > 11*time.Minute {
			t.Errorf("got %v, want 10 minutes and up to one more", gap)
		}
		w.stop()
	})
}

// TestDenied waits for a person, or for the file that the person changes.
func TestDenied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answer: func(items []Item) Result { return uniformResult(len(items), Retry, problem(KindDenied)) }}
		w := start(t, newMemory(numbered(3)...), s, Options{})
		pass(10 * time.Hour)
		at, _ := s.asked()
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap < time.Minute || gap > 5*time.Minute {
				t.Errorf("request %d: after %v", i, gap)
			}
		}
		w.isKind(t, KindDenied)
		s.change(yes, true)
		time.Sleep(filesInterval)
		synctest.Wait()
		if got := w.Status(); got.LastDelivery.IsZero() || got.Health.Kind != KindNone {
			t.Errorf("got %+v, want a delivery as soon as the file changed", got)
		}
		w.stop()
	})
}

// TestQueueFails has a disk that can be read and not changed: the same alert must not
// go out again and again.
func TestQueueFails(t *testing.T) {
	for _, what := range []string{"next", "ack", "dead"} {
		synctest.Test(t, func(t *testing.T) {
			s := &scripted{answer: yes}
			if what == "dead" {
				s.answer = func(items []Item) Result { return uniformResult(len(items), Refused, problem(KindRefused)) }
			}
			q := newMemory(numbered(2)...)
			var mended atomic.Bool
			q.fail = func(w string) error {
				if !mended.Load() && w == what {
					return errors.New("input/output error")
				}
				return nil
			}
			w := start(t, q, s, Options{})
			pass(time.Hour)
			at, _ := s.asked()
			if n := max(len(at), q.asked()); n > 100 {
				t.Errorf("%s: got %d tries in an hour", what, n)
			}
			if got := w.Status().Health; got.Kind != KindQueue || !strings.Contains(got.Reason, "input/output error") {
				t.Errorf("%s: got %+v", what, got)
			}
			mended.Store(true)
			pass(time.Hour)
			if q.left() > 0 {
				t.Errorf("%s: %d items are left", what, q.left())
			}
			w.stop()
		})
	}
}

func TestSenderTellsOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answer: func(items []Item) Result { return uniformResult(len(items)+1, Delivered, nil) }}
		q := newMemory(numbered(2)...)
		w := start(t, q, s, Options{})
		pass(time.Hour)
		if q.left() != 2 || w.Status().Health.Kind != KindAnswer {
			t.Errorf("got %d items left, %+v", q.left(), w.Status())
		}
		w.stop()
	})
}

// TestStop ends runners that are in the middle of something.
func TestStop(t *testing.T) {
	tests := []struct {
		name  string
		took  time.Duration
		kind  Kind
		flush time.Duration
		left  int
	}{
		{"everything is sent", time.Second, KindNone, time.Minute, 0},
		{"until the deadline", 20 * time.Second, KindNone, 30 * time.Second, 1000},
		{"not while it fails", time.Second, KindBusy, time.Minute, 1000},
		{"nothing is begun", 20 * time.Second, KindNone, 0, 1000},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			s := &scripted{took: test.took, answer: yes}
			if test.kind != KindNone {
				s.answer = func(items []Item) Result { return uniformResult(len(items), Retry, problem(test.kind)) }
			}
			q := newMemory(numbered(1000)...)
			w := start(t, q, s, Options{Flush: test.flush})
			pass(test.took / 2)
			began := time.Now()
			w.stop()
			if took := time.Since(began); took > test.flush {
				t.Errorf("%s: took %v, want at most %v", test.name, took, test.flush)
			}
			if left := q.left(); (left == 0) != (test.left == 0) || left+len(q.acked) != 1000 {
				t.Errorf("%s: got %d left and %d acknowledged", test.name, left, len(q.acked))
			}
			if at, _ := s.asked(); test.kind != KindNone && len(at) != 1 {
				t.Errorf("%s: got %d requests, want one", test.name, len(at))
			}
			if got := w.Status(); !got.Sending.IsZero() || !s.closed {
				t.Errorf("%s: got %+v, closed %v", test.name, got, s.closed)
			}
		})
	}
}

// TestSlowOutput has one receiver that takes a minute for each answer beside one that is
// quick.
func TestSlowOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, quick := &scripted{answer: yes, took: time.Minute}, &scripted{answer: yes, took: time.Millisecond}
		a, b := newMemory(numbered(2000)...), newMemory(numbered(2000)...)
		one, two := start(t, a, slow, Options{}), start(t, b, quick, Options{})
		pass(time.Second)
		if a.left() != 2000 || b.left() != 0 {
			t.Errorf("after a second the slow one has %d left, the quick one %d", a.left(), b.left())
		}
		one.stop()
		two.stop()
	})
}

func TestNewRunner(t *testing.T) {
	for i, o := range []Options{{}, {Name: "x"}, {Name: "x", Queue: newMemory()}, {Queue: newMemory(), Sender: &scripted{}}} {
		if _, err := NewRunner(o); err == nil {
			t.Errorf("options %d: got no error", i)
		}
	}
}
