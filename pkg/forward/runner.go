package forward

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Bounds of what a Runner does. A receiver that comes back after an outage gets one
// alert first, then two, four and so on, with a pause of up to recoverPause before
// each request: from 100,000 agents at most 100,000 alerts in the first requests, spread
// over the time that their waits differ by.
const (
	defaultItems  = 500     // alerts in a request
	defaultBytes  = 4 << 20 // documents in a request
	leastBytes    = 64 << 10
	minWait       = time.Second
	maxWait       = 5 * time.Minute
	minSlow       = time.Minute // denied: a person has to act
	recoverPause  = time.Second
	refusalPause  = 100 * time.Millisecond // between requests while alerts are refused
	gatherPause   = 50 * time.Millisecond  // between requests that are not full
	filesInterval = 5 * time.Second        // between looks at files while access is denied
	flushLook     = 100 * time.Millisecond // for what is queued, when stopping
)

// Options say what a Runner works on. Name, Queue and Sender are required.
type Options struct {
	Name   string
	Queue  Queue
	Sender Sender

	MaxItems int           // in a request; 0: 500
	MaxBytes int           // documents in a request; 0: 4 MiB
	Gather   time.Duration // between requests that are not full; 0: 50 ms, negative: none
	Flush    time.Duration // for what is queued when Run is to end; 0: nothing is begun

	// Health is told when the output goes bad, when it is bad in another way, and when
	// it is well again. It must not call the Runner. May be nil.
	Health func(Health)

	// Random returns a number from 0 up to 1, for jitter; nil: a good one.
	Random func() float64
}

// Health is the state of an output.
type Health struct {
	Output string
	Kind   Kind      // KindNone: it is well
	Reason string    // one line, "" when it is well
	Since  time.Time // of this state
}

// Phase is what a Runner is about.
type Phase string

// The phases.
const (
	Idle    Phase = "idle"    // nothing is queued
	Sending Phase = "sending" // a request is on its way
	Waiting Phase = "waiting" // for the next try
	Stopped Phase = "stopped" // Run has ended, or not begun
)

// Status is what a Runner has done and is about.
type Status struct {
	Name         string
	Phase        Phase
	Health       Health
	NextTry      time.Time // while waiting
	LastDelivery time.Time
	LastError    string // also when it is well again
	LastErrorAt  time.Time
	Requests     uint64
	Delivered    uint64        // alerts
	Retried      uint64        // alerts that have to be sent again, each time
	Dead         uint64        // alerts
	Bytes        uint64        // of documents delivered
	Latency      time.Duration // of the last request that delivered
}

// Runner drains one queue through one sender. Runners share nothing: a slow receiver
// delays no other.
type Runner struct {
	o    Options
	pace pace

	mu     sync.Mutex
	status Status
}

// NewRunner returns a Runner.
func NewRunner(o Options) (*Runner, error) {
	if o.Name == "" || o.Queue == nil || o.Sender == nil {
		return nil, errors.New("forward: a runner wants a name, a queue and a sender")
	}
	if o.MaxItems <= 0 {
		o.MaxItems = defaultItems
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultBytes
	}
	if o.Gather == 0 {
		o.Gather = gatherPause
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	r := &Runner{o: o}
	r.pace = newPace(o)
	r.status = Status{Name: o.Name, Phase: Stopped, Health: Health{Output: o.Name}}
	if g, ok := o.Sender.(Gradual); ok {
		// An acknowledgement that fails is made again, with the whole batch's.
		g.Each(func(i Item) { _ = o.Queue.Ack([]Item{i}) })
	}
	return r, nil
}

// Status may be called at any time.
func (r *Runner) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

func (r *Runner) update(change func(s *Status)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.status)
}

// Run delivers until ctx ends, then finishes the request on its way and what is queued,
// for at most Options.Flush. It returns nil, and closes the sender.
func (r *Runner) Run(ctx context.Context) error {
	defer r.update(func(s *Status) { s.Phase = Stopped })
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		if r.o.Flush <= 0 {
			cancel()
			return
		}
		time.AfterFunc(r.o.Flush, cancel)
	})
	defer stop()
	r.update(func(s *Status) { s.Health.Since = time.Now() })
	for ctx.Err() == nil {
		wait := r.step(ctx, work)
		if !r.sleep(ctx, wait) {
			break
		}
	}
	if !r.pace.failing() {
		r.flush(work)
	}
	return r.o.Sender.Close()
}

// flush sends what is queued without waiting, until something fails or nothing is left.
func (r *Runner) flush(work context.Context) {
	for work.Err() == nil {
		look, cancel := context.WithTimeout(work, flushLook)
		wait := r.step(look, work)
		cancel()
		if wait.empty || wait.failed {
			return
		}
	}
}

// wait is a pause before the next step.
type wait struct {
	time   time.Duration
	failed bool // it is there because something is wrong
	empty  bool // there was nothing to send
	files  bool // a changed file ends it
}

// step takes what is queued and sends it once. next bounds the wait for a first alert,
// work the request.
func (r *Runner) step(next, work context.Context) wait {
	r.update(func(s *Status) { s.Phase = Idle })
	items, err := r.o.Queue.Next(next, r.pace.items(), r.pace.bytes)
	if next.Err() != nil && len(items) == 0 {
		return wait{empty: true}
	}
	if err == nil && len(items) == 0 {
		err = errors.New("it has nothing, and did not wait")
	}
	if err != nil {
		return r.queueFails("read", err)
	}
	r.update(func(s *Status) { s.Phase = Sending; s.Requests++ })
	begun := time.Now()
	result := r.o.Sender.Send(work, items)
	if len(result.Outcomes) != len(items) {
		result = all(len(items), Retry, &Error{Receiver: r.o.Name, Kind: KindAnswer, Text: fmt.Sprintf("the sender tells of %d alerts, %d were sent", len(result.Outcomes), len(items))})
	}
	b := sort(items, &result)
	if err := r.settle(b, &result, begun); err != nil {
		return r.queueFails("update", err)
	}
	if work.Err() != nil {
		return wait{failed: true} // it was cut short by us: nobody's fault
	}
	r.report(b, &result)
	return r.pace.after(b, &result, begun)
}

// queueFails is what happens when the queue itself does: what it can't forget would be
// sent again at once and for ever.
func (r *Runner) queueFails(what string, err error) wait {
	fault := &Error{Receiver: r.o.Name, Kind: KindQueue, Text: "the queue can't be " + what + ": " + line(err.Error()), Err: err}
	r.bad(fault, true)
	return r.pace.fail(KindQueue, 0)
}

// batch is what was sent, by what came of it.
type batch struct {
	items              []Item
	bytes              int
	delivered, refused []Item
	why                []string // of refused
	retry              int
}

func sort(items []Item, result *Result) *batch {
	b := &batch{items: items}
	for i := range items {
		b.bytes += len(items[i].Document)
		switch result.Outcomes[i] {
		case Delivered:
			b.delivered = append(b.delivered, items[i])
		case Refused:
			b.refused = append(b.refused, items[i])
			b.why = append(b.why, result.reason(i))
		default:
			b.retry++
		}
	}
	return b
}

// settle tells the queue what came of a batch.
func (r *Runner) settle(b *batch, result *Result, begun time.Time) error {
	if len(b.delivered) > 0 {
		if err := r.o.Queue.Ack(b.delivered); err != nil {
			return err
		}
		size := 0
		for i := range b.delivered {
			size += len(b.delivered[i].Document)
		}
		r.update(func(s *Status) {
			s.LastDelivery = time.Now()
			s.Latency = s.LastDelivery.Sub(begun)
			s.Delivered += uint64(len(b.delivered))
			s.Bytes += uint64(size)
		})
	}
	for first := 0; first < len(b.refused); { // those with one reason together
		last := first + 1
		for last < len(b.refused) && b.why[last] == b.why[first] {
			last++
		}
		if err := r.o.Queue.Dead(b.why[first], b.refused[first:last]); err != nil {
			return err
		}
		r.update(func(s *Status) { s.Dead += uint64(last - first) })
		first = last
	}
	r.update(func(s *Status) { s.Retried += uint64(b.retry) })
	return nil
}
