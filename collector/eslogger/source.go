package eslogger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Handler takes what a [Source] observes. Calls come one at a time, though not always from
// the same goroutine, and none after Run has returned. The source reads no further
// while a call lasts, and Run can't return before it.
type Handler interface {
	// HandleMessage takes one event. m and its bytes hold until the call returns.
	HandleMessage(m *Message)
	// HandleState takes a condition when it begins and when it ends. The end of the
	// reason why there was no eslogger comes just before the event that proved it.
	HandleState(st State)
}

// stopGraces is how many StopGraces all of a stop may take: three signals and the
// emptying of the pipes.
const stopGraces = 4

// Source keeps one eslogger running, however often it ends, and hands on what it reports.
type Source struct {
	opts    Options
	handler Handler
	probe   probe
	ran     atomic.Bool

	// calls makes the handler's calls one at a time, and guards what decides about them: the fields
	// up to probeDone. It is taken before mu, never after. Methods that need it end in Locked.
	calls  sync.Mutex
	canary canarySchedule
	shape  shapeJudge
	lostAt time.Time // of the last loss of a gap that is on, or zero

	probeDone chan struct{} // closed once the latest canary has ended; nil before the first

	mu         sync.Mutex // guards stats and conditions, which any goroutine may read
	stats      Stats
	conditions conditionSet

	backoff backoff // used by Run alone
}

// New checks the options.
func New(opts Options, h Handler) (*Source, error) {
	if h == nil {
		return nil, errors.New("eslogger source: no handler")
	}
	o, err := opts.complete()
	if err != nil {
		return nil, err
	}
	return &Source{
		opts:    o,
		handler: h,
		probe:   newProbe(o, os.Getpid()),
		canary:  canarySchedule{interval: o.CanaryInterval, timeout: o.Timing.CanaryTimeout, repeat: o.Timing.CanaryRepeat},
		backoff: backoff{min: o.Timing.BackoffMin, max: o.Timing.BackoffMax},
	}, nil
}

// Stats returns the counts so far. It may be called from any goroutine, also from a handler's call.
func (s *Source) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// States returns the conditions that are on, the oldest first. It may be called from
// any goroutine, also from a handler's call.
func (s *Source) States() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conditions.list()
}

// Run keeps eslogger running until ctx is done, ends it, hands on what it had still
// written, and returns when all that was started has ended: within four seconds and
// the handler's own time. It returns an error when a process does not end even
// then, or when called a second time, and none because ctx is done.
func (s *Source) Run(ctx context.Context) error {
	if !s.ran.CompareAndSwap(false, true) {
		return errors.New("eslogger source: can run only once")
	}
	asked := make(chan time.Time, 1)
	defer context.AfterFunc(ctx, func() { asked <- time.Now() })()
	for {
		wait, err := s.runOnce(ctx)
		if ctx.Err() == nil {
			sleepUntilDone(ctx, wait)
		}
		if ctx.Err() != nil {
			limit := (<-asked).Add(stopGraces * s.opts.Timing.StopGrace)
			return errors.Join(err, s.awaitCanary(limit))
		}
	}
}

// sleepUntilDone waits, until ctx is done at most.
func sleepUntilDone(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// runOnce runs one eslogger to its end and returns how long to wait before the next. The error
// is of a process that can't be ended.
func (s *Source) runOnce(ctx context.Context) (time.Duration, error) {
	r, err := s.startRun()
	if err != nil {
		s.calls.Lock()
		defer s.calls.Unlock()
		s.setCauseLocked(NotStarted, escape([]byte(err.Error()), maxStderrText), 1)
		return s.backoff.next(rand.Float64()), nil
	}
	why := s.awaitEnd(ctx, r)
	err = s.stopRun(r, why)
	if why == contextDone || ctx.Err() != nil {
		return 0, err
	}
	return s.judgeEnd(r, why, err), err
}

// judgeEnd sets the condition for an eslogger that ended without being asked to, and returns how
// long to wait before the next.
func (s *Source) judgeEnd(r *run, why ending, stuck error) time.Duration {
	s.calls.Lock()
	defer s.calls.Unlock()
	if r.proven && time.Since(r.began) >= s.opts.Timing.Healthy {
		s.backoff.reset()
	}
	if why == childSilent {
		s.updateStats(func(st *Stats) { st.Replace++ })
	} else {
		s.updateStats(func(st *Stats) { st.Exits++ })
	}
	c := r.stderr.complaint
	if c != nil {
		// It was counted when it was read.
		s.setCauseLocked(c.name, cutDetail(c.advice+"; "+r.detail(stuck)), 0)
	} else if why != childSilent || stuck != nil {
		// The reason for a silent one is Blind, which is on.
		s.setCauseLocked(Exited, cutDetail(r.detail(stuck)), 1)
	}
	if c != nil && c.needsAdmin {
		return s.opts.Timing.RetryDenied
	}
	return s.backoff.next(rand.Float64())
}

// setCauseLocked turns on the one cause why there is no eslogger, in place of any other.
func (s *Source) setCauseLocked(name Condition, detail string, count uint64) {
	s.beginLocked(name, time.Now(), detail, count)
	for _, other := range causes {
		if other != name {
			s.endLocked(other)
		}
	}
}

// clearCausesLocked turns every such cause off.
func (s *Source) clearCausesLocked() {
	for _, name := range causes {
		s.endLocked(name)
	}
}

// beginLocked and endLocked turn a condition on and off.
func (s *Source) beginLocked(name Condition, since time.Time, detail string, count uint64) {
	s.mu.Lock()
	st, fresh := s.conditions.turnOn(name, since, detail, count)
	s.mu.Unlock()
	if fresh {
		s.handler.HandleState(st)
	}
}

func (s *Source) endLocked(name Condition) {
	s.mu.Lock()
	st, was := s.conditions.turnOff(name, time.Now())
	s.mu.Unlock()
	if was {
		s.handler.HandleState(st)
	}
}

func (s *Source) updateStats(f func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.stats)
}

// awaitCanary waits for the last canary, which was killed when the context was done.
func (s *Source) awaitCanary(limit time.Time) error {
	s.calls.Lock()
	probing := s.probeDone
	s.calls.Unlock()
	if probing == nil || waitFor(probing, time.Until(limit)) {
		return nil
	}
	return fmt.Errorf("canary %s: did not end after a kill", s.probe.path)
}
