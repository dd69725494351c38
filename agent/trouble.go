package agent

import (
	"fmt"
	"sync"
	"time"
)

// outputTiming are the waits of an output's conditions; a zero field means its default.
// They are there for tests.
type outputTiming struct {
	hang time.Duration // a delivery that lasts longer counts as failing: 10 s
	// hold is how long an output must work before its trouble is over: 60 s. The alert of
	// a condition goes to the output that it is about, too. Without a hold one that fails now
	// and then would raise alerts about its own alerts for ever.
	hold time.Duration
}

func (t *outputTiming) fill() {
	if t.hang == 0 {
		t.hang = 10 * time.Second
	}
	if t.hold == 0 {
		t.hold = time.Minute
	}
}

// facts are what is known of an output's deliveries.
type facts struct {
	began   time.Time // of the delivery under way, zero without one
	failing time.Time // since when deliveries fail, zero while they do not
	failed  time.Time // the last time
	why     string

	dropped  uint64 // alerts given up for room
	lastDrop time.Time
	waiting  int
}

// ended takes note of the end of a delivery.
func (f *facts) ended(err error, now time.Time) {
	began := f.began
	f.began = time.Time{}
	if err == nil {
		f.failing = time.Time{}
		return
	}
	if f.failing.IsZero() {
		f.failing = began
	}
	f.failed, f.why = now, err.Error()
}

// trouble is what was told of an output.
type trouble struct {
	health condition
	timing outputTiming

	mu      sync.Mutex // one telling at a time; taken before the output's, never after
	failing time.Time  // the condition that is on, by its begin
	lost    time.Time
	dropped uint64 // when nothing was being lost
	hung    time.Time
}

// tell tells what has begun or ended, once each.
func (t *trouble) tell(name string, f facts, now time.Time) {
	t.tellFailing(name, f, now)
	t.tellLost(name, f, now)
}

func (t *trouble) tellFailing(name string, f facts, now time.Time) {
	state := "output_failed." + name
	if !f.began.IsZero() && now.Sub(f.began) >= t.timing.hang {
		t.hung = now
		if f.failing.IsZero() {
			f.failing, f.why = f.began, fmt.Sprintf("no answer for %v", t.timing.hang)
		}
	}
	switch {
	case t.failing.IsZero() && !f.failing.IsZero():
		t.failing = f.failing
		t.health(state, name+": "+f.why, true, t.failing, time.Time{})
	case !t.failing.IsZero() && f.failing.IsZero() && now.Sub(f.failed) >= t.timing.hold && now.Sub(t.hung) >= t.timing.hold:
		since := t.failing
		t.failing = time.Time{}
		t.health(state, name+" works again", false, since, now)
	}
}

func (t *trouble) tellLost(name string, f facts, now time.Time) {
	state := "alerts_lost." + name
	switch {
	case t.lost.IsZero() && f.dropped > t.dropped:
		t.lost = f.lastDrop
		t.health(state, fmt.Sprintf("%s can't keep up: %d alerts given up", name, f.dropped-t.dropped), true, t.lost, time.Time{})
	case !t.lost.IsZero() && f.waiting == 0 && now.Sub(f.lastDrop) >= t.timing.hold:
		since, n := t.lost, f.dropped-t.dropped
		t.lost, t.dropped = time.Time{}, f.dropped
		t.health(state, fmt.Sprintf("%s keeps up again: %d alerts given up in all", name, n), false, since, now)
	}
}
