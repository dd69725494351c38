package forward

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	filesInterval = 5 * time.Second        // between checks of files while a person has to act
	flushWait     = 100 * time.Millisecond // for the queue to return what it has, when stopping
)

// Options are what a Runner works on. Name, Queue and Sender are required.
type Options struct {
	Name   string
	Queue  Queue
	Sender Sender

	Flush  time.Duration // for what is queued when Run is to end; 0: nothing is begun
	Gather time.Duration // between two requests that are not full, so that what comes meanwhile travels together

	random func() float64 // from 0 up to 1, for jitter; nil: a good one
}

// Health is the state of an output.
type Health struct {
	Kind   Kind      // KindNone: it is well
	Reason string    // one line, "" when it is well
	Since  time.Time // of this state
}

// Status is what a Runner has done and is doing.
type Status struct {
	Health       Health
	LastDelivery time.Time // zero before the first
	Sending      time.Time // since when a request is under way; zero without one
}

// Runner drains one queue through one sender: it is the one place that batches, waits and
// tries again. Runners share nothing: a slow receiver delays no other.
type Runner struct {
	options Options
	pace    pace

	mu     sync.Mutex // guards status
	status Status
}

// NewRunner returns a Runner.
func NewRunner(o Options) (*Runner, error) {
	if o.Name == "" || o.Queue == nil || o.Sender == nil {
		return nil, errors.New("forward: a runner needs a name, a queue and a sender")
	}
	if o.random == nil {
		o.random = rand.Float64
	}
	if g, ok := o.Sender.(Gradual); ok {
		// An acknowledgement that fails is made again, with the whole batch's.
		g.Each(func(i Item) { _ = o.Queue.Ack([]Item{i}) })
	}
	return &Runner{options: o, pace: pace{random: o.random, gather: o.Gather, items: 1, bytes: maxBytes}}, nil
}

// Status may be called at any time.
func (r *Runner) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

func (r *Runner) updateStatus(change func(s *Status)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.status)
}

// setHealth says what is wrong; nil for nothing.
func (r *Runner) setHealth(err *Error) {
	var h Health
	if err != nil {
		h.Kind, h.Reason = err.Kind, err.Error()
	}
	r.updateStatus(func(s *Status) {
		if h.Since = s.Health.Since; h.Kind != s.Health.Kind || h.Since.IsZero() {
			h.Since = time.Now()
		}
		s.Health = h
	})
}

// Run delivers until ctx ends, then finishes the request on its way and what is queued,
// for at most Options.Flush. It closes the sender, and returns its error.
func (r *Runner) Run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(r.options.Flush, cancel) })()
	r.setHealth(nil)
	for ctx.Err() == nil {
		r.waitFor(ctx, r.sendNext(ctx, work))
	}
	for r.options.Flush > 0 && r.pace.failures == 0 && work.Err() == nil { // without waiting, until something fails or nothing is left
		next, cancel := context.WithTimeout(work, flushWait)
		p := r.sendNext(next, work)
		cancel()
		if p.empty || p.failed {
			break
		}
	}
	return r.options.Sender.Close()
}

// sendNext takes what is queued and sends it once. next bounds the wait for a first alert,
// work the request.
func (r *Runner) sendNext(next, work context.Context) pause {
	items, err := r.options.Queue.Next(next, r.pace.items, r.pace.bytes)
	if next.Err() != nil && len(items) == 0 {
		return pause{empty: true}
	}
	if err == nil && len(items) == 0 {
		err = errors.New("it has nothing, and did not wait")
	}
	if err != nil {
		return r.queueFails("read", err)
	}
	begun := time.Now()
	r.updateStatus(func(s *Status) { s.Sending = begun })
	result := r.options.Sender.Send(work, items)
	r.updateStatus(func(s *Status) { s.Sending = time.Time{} })
	if len(result.Outcomes) != len(items) {
		text := fmt.Sprintf("the sender reports on %d alerts, %d were sent", len(result.Outcomes), len(items))
		result = uniformResult(len(items), Retry, r.newError(KindAnswer, text))
	}
	t, err := r.settleItems(items, &result)
	if err != nil {
		return r.queueFails("updated", err)
	}
	if work.Err() != nil {
		return pause{failed: true} // it was cut short by us: nobody's fault
	}
	if result.Err == nil && t.delivered < t.items {
		result.Err = r.newError(KindAnswer, "not everything was delivered, and no reason given")
	}
	r.updateHealth(t, result.Err)
	return r.pace.pauseAfter(t, &result, time.Since(begun))
}

func (r *Runner) newError(kind Kind, text string) *Error {
	return &Error{Receiver: r.options.Name, Kind: kind, Text: text}
}

// queueFails handles a failing queue: what it can't forget would be sent again at once and
// for ever.
func (r *Runner) queueFails(what string, err error) pause {
	r.setHealth(r.newError(KindQueue, "the queue can't be "+what+": "+printableLine(err.Error())))
	return r.pace.pauseAfterFailure(KindQueue, 0)
}

// settleItems makes the queue forget what was delivered, and sets aside what was refused.
func (r *Runner) settleItems(items []Item, result *Result) (tally, error) {
	t := tally{items: len(items)}
	var delivered, refused []Item
	var reasons []string // of refused
	for i := range items {
		t.bytes += len(items[i].Document)
		switch result.Outcomes[i] {
		case Delivered:
			delivered = append(delivered, items[i])
		case Refused:
			refused, reasons = append(refused, items[i]), append(reasons, result.reasonFor(i))
		}
	}
	t.delivered, t.refused = len(delivered), len(refused)
	if t.delivered > 0 {
		if err := r.options.Queue.Ack(delivered); err != nil {
			return t, err
		}
		r.updateStatus(func(s *Status) { s.LastDelivery = time.Now() })
	}
	for len(refused) > 0 { // those with one reason together
		n := 1
		for n < len(refused) && reasons[n] == reasons[0] {
			n++
		}
		if err := r.options.Queue.Dead(reasons[0], refused[:n]); err != nil {
			return t, err
		}
		refused, reasons = refused[n:], reasons[n:]
	}
	return t, nil
}

// waitFor waits until the pause or ctx ends, or a file changes that the pause is for.
func (r *Runner) waitFor(ctx context.Context, p pause) {
	watcher, _ := r.options.Sender.(Watcher)
	watches := p.files && watcher != nil
	for end := time.Now().Add(p.time); ; {
		left := time.Until(end)
		if left <= 0 {
			return
		}
		if watches {
			left = min(left, filesInterval)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(left):
		}
		if watches && watcher.Changed() {
			return
		}
	}
}

// updateHealth updates the health of the output after a request. What may pass by itself has to
// happen twice.
func (r *Runner) updateHealth(t tally, err *Error) {
	switch {
	case t.retried() == 0 && t.delivered > 0:
		r.setHealth(nil)
	case policies[err.Kind].document && t.retried() > 0: // the document at fault is yet to be found
	case policies[err.Kind].passing && r.pace.failures == 0:
	default:
		r.setHealth(err)
	}
}
