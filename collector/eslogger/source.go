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

// Source keeps one eslogger running, whatever becomes of it, and hands on what it says.
type Source struct {
	opts    Options
	handler Handler
	probe   probe
	ran     atomic.Bool

	// calls makes the handler's calls one at a time, and guards what decides about
	// them. Taken before mu, never after.
	calls  sync.Mutex
	canary canary
	shape  shape
	lostAt time.Time // of the last loss of a gap that is on, or zero

	probing chan struct{} // closed once the latest canary has ended; nil before the first

	mu    sync.Mutex // guards what other goroutines may ask for
	stats Stats
	board board

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
		canary:  canary{interval: o.CanaryInterval, timeout: o.Timing.CanaryTimeout, repeat: o.Timing.CanaryRepeat},
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
	return s.board.list()
}

// Run keeps eslogger running until ctx is done, ends it, hands on what it had still
// written, and returns when all that was started has ended: within four seconds and
// the handler's own time. It returns an error when a process would not end even
// then, or when called a second time; that ctx is done is none.
func (s *Source) Run(ctx context.Context) error {
	if !s.ran.CompareAndSwap(false, true) {
		return errors.New("eslogger source: can run only once")
	}
	asked := make(chan time.Time, 1)
	defer context.AfterFunc(ctx, func() { asked <- time.Now() })()
	for {
		wait, err := s.once(ctx)
		if ctx.Err() == nil {
			rest(ctx, wait)
		}
		if ctx.Err() != nil {
			limit := (<-asked).Add(stopGraces * s.opts.Timing.StopGrace)
			return errors.Join(err, s.awaitProbe(limit))
		}
	}
}

// rest waits, until ctx is done at most.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// once runs one eslogger to its end and returns how long to wait before the next. The error
// is of a process that can't be ended.
func (s *Source) once(ctx context.Context) (time.Duration, error) {
	r, err := s.open()
	if err != nil {
		s.calls.Lock()
		defer s.calls.Unlock()
		s.because(NotStarted, escape([]byte(err.Error()), murmurText), 1)
		return s.backoff.next(rand.Float64()), nil
	}
	why := s.watch(ctx, r)
	err = s.close(r, why)
	if why == told || ctx.Err() != nil {
		return 0, err
	}
	return s.judge(r, why, err), err
}

// judge says why an eslogger ended that was not told to, and how long to wait now.
func (s *Source) judge(r *run, why ending, stuck error) time.Duration {
	s.calls.Lock()
	defer s.calls.Unlock()
	if r.proven && time.Since(r.began) >= s.opts.Timing.Healthy {
		s.backoff.reset()
	}
	if why == silent {
		s.tally(func(st *Stats) { st.Replace++ })
	} else {
		s.tally(func(st *Stats) { st.Exits++ })
	}
	c := r.murmur.found
	if c != nil {
		// Its begin was counted when it was heard.
		s.because(c.name, bounded(c.advice+"; "+r.detail(stuck)), 0)
	} else if why != silent || stuck != nil {
		// Of a silent one Blind is the reason, and it is on.
		s.because(Exited, bounded(r.detail(stuck)), 1)
	}
	if c != nil && c.denied {
		return s.opts.Timing.RetryDenied
	}
	return s.backoff.next(rand.Float64())
}

// because turns on the one cause why there is no eslogger, in place of any other. Calls are held.
func (s *Source) because(name Condition, detail string, count uint64) {
	s.begin(name, time.Now(), detail, count)
	for _, other := range causes {
		if other != name {
			s.end(other)
		}
	}
}

// works turns every such cause off. Calls are held.
func (s *Source) works() {
	for _, name := range causes {
		s.end(name)
	}
}

// begin and end turn a condition on and off. Calls are held.
func (s *Source) begin(name Condition, since time.Time, detail string, count uint64) {
	s.mu.Lock()
	st, fresh := s.board.begin(name, since, detail, count)
	s.mu.Unlock()
	if fresh {
		s.handler.HandleState(st)
	}
}

func (s *Source) end(name Condition) {
	s.mu.Lock()
	st, was := s.board.end(name, time.Now())
	s.mu.Unlock()
	if was {
		s.handler.HandleState(st)
	}
}

// tally changes the counts.
func (s *Source) tally(f func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.stats)
}

// awaitProbe waits for the last canary, which was killed as the context was done.
func (s *Source) awaitProbe(limit time.Time) error {
	s.calls.Lock()
	probing := s.probing
	s.calls.Unlock()
	if probing == nil || waitFor(probing, time.Until(limit)) {
		return nil
	}
	return fmt.Errorf("canary %s: did not end after a kill", s.probe.path)
}
