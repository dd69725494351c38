package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"hooksnare/agent/config"
	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
)

// Bounds of an output that can't keep up, and waits between its tries.
const (
	maxWaiting      = 2048    // alerts
	maxWaitingBytes = 4 << 20 // of JSON; what is kept in memory is about twice that
	maxBatch        = 256     // alerts
	retryMin        = 100 * time.Millisecond
	retryMax        = 30 * time.Second
)

// condition tells that something began, or ended, to be not as it should.
type condition func(name, detail string, on bool, since, until time.Time)

// Outputs carries alerts to every place that the configuration names, in order, each at
// its own pace: a slow, failing or hanging one delays no other.
type Outputs struct {
	list []*output
	wg   sync.WaitGroup
}

// output is one place.
type output struct {
	name  string
	min   int // event.severity
	batch int // alerts delivered at a time
	sink  sink

	trouble trouble

	mu      sync.Mutex
	waiting []*entry // oldest first; the first flying of them are being delivered
	flying  int
	bytes   int // of those waiting
	closing bool
	reopen  bool
	facts   facts

	wake chan struct{}
}

// entry is an alert on its way out.
type entry struct {
	alert *alert.Alert
	line  []byte // as JSON, with its line break
}

// OpenOutputs starts an output for each that is enabled, and one for show unless that is
// nil. What can't be opened now is tried again with every alert. health is told when an
// output is in trouble and when that is over; it may be called from any goroutine.
func OpenOutputs(list []config.Output, show io.Writer, health condition, t outputTiming) *Outputs {
	all := &Outputs{}
	t.fill()
	start := func(name, severity string, s sink, batch int) {
		all.start(&output{
			name: name, min: rules.Severity(severity).Number(), batch: batch, sink: s,
			trouble: trouble{health: health, timing: t},
		})
	}
	for _, c := range list {
		switch {
		case !c.Enabled:
		case c.Type == "file":
			start(c.Name, c.MinSeverity, &fileSink{path: c.Path}, maxBatch)
		case c.Type == "syslog":
			start(c.Name, c.MinSeverity, &syslogSink{}, 1) // a line that is sent can't be taken back
		}
	}
	if show != nil {
		start("stdout", "low", &textSink{show}, 1)
	}
	return all
}

func (all *Outputs) start(o *output) {
	o.wake = make(chan struct{}, 1)
	all.list = append(all.list, o)
	all.wg.Go(o.run)
}

// Add hands an alert to every output that wants it. It does not wait for them.
func (all *Outputs) Add(a *alert.Alert) error {
	line, err := a.Line()
	if err != nil {
		return err
	}
	e := &entry{a, append(line, '\n')}
	for _, o := range all.list {
		if a.Event.Severity >= o.min {
			o.add(e)
		}
	}
	return nil
}

func (o *output) add(e *entry) {
	o.mu.Lock()
	o.waiting, o.bytes = append(o.waiting, e), o.bytes+len(e.line)
	for len(o.waiting) > maxWaiting || o.bytes > maxWaitingBytes && len(o.waiting) > o.flying+1 {
		o.drop()
	}
	o.mu.Unlock()
	o.signal()
}

// drop gives up the oldest of the least severe alerts that are not being delivered.
func (o *output) drop() {
	least := o.flying
	for i := o.flying; i < len(o.waiting); i++ {
		if o.waiting[i].alert.Event.Severity < o.waiting[least].alert.Event.Severity {
			least = i
		}
	}
	o.bytes -= len(o.waiting[least].line)
	o.waiting = slices.Delete(o.waiting, least, least+1)
	o.facts.dropped++
	o.facts.lastDrop = time.Now()
}

func (o *output) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Reopen makes every output open its file anew, and try again at once.
func (all *Outputs) Reopen() {
	for _, o := range all.list {
		o.mu.Lock()
		o.reopen = true
		o.mu.Unlock()
		o.signal()
	}
}

// Check tells of what shows with time alone: an output that hangs, that gave up alerts, or
// that works again for a while.
func (all *Outputs) Check(now time.Time) {
	for _, o := range all.list {
		o.tell(now)
	}
}

// tell compares how the output stands with what was told.
func (o *output) tell(now time.Time) {
	o.trouble.mu.Lock()
	defer o.trouble.mu.Unlock()
	o.mu.Lock()
	f := o.facts
	f.waiting = len(o.waiting)
	o.mu.Unlock()
	o.trouble.tell(o.name, f, now)
}

// Close delivers what is waiting, until ctx is done, and ends the outputs. The error
// names those that had something left. Nothing may be added once it was called.
func (all *Outputs) Close(ctx context.Context) error {
	for _, o := range all.list {
		o.mu.Lock()
		o.closing = true
		o.mu.Unlock()
		o.signal()
	}
	done := make(chan struct{})
	go func() { // ends with the outputs; one that hangs in the system ends with the process
		all.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	var faults []error
	for _, s := range all.Stats() {
		if s.Waiting > 0 {
			faults = append(faults, fmt.Errorf("output %s: %d alerts not delivered", s.Name, s.Waiting))
		}
	}
	return errors.Join(faults...)
}

// run delivers until it is told to close and nothing is waiting, or a delivery fails
// while closing.
func (o *output) run() {
	defer o.sink.Close()
	wait := retryMin
	for {
		batch, reopen, closing := o.next()
		if reopen {
			_ = o.sink.reopen() // a failure shows at the next delivery
		}
		if len(batch) == 0 {
			if closing {
				return
			}
			<-o.wake
			continue
		}
		err := o.sink.put(batch)
		o.done(err)
		o.tell(time.Now())
		switch {
		case err == nil:
			wait = retryMin
		case closing:
			return
		default:
			o.rest(wait)
			wait = min(2*wait, retryMax)
		}
	}
}

// rest waits, or until the output is told to close or to open anew.
func (o *output) rest(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			return
		case <-o.wake:
			o.mu.Lock()
			stop := o.closing || o.reopen
			o.mu.Unlock()
			if stop {
				return
			}
		}
	}
}

// next returns what to deliver now; it stays waiting until done is called, and its place
// in memory is left alone so long.
func (o *output) next() (batch []*entry, reopen, closing bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	reopen, o.reopen = o.reopen, false
	if o.flying = min(len(o.waiting), o.batch); o.flying > 0 {
		o.facts.began = time.Now()
	}
	return o.waiting[:o.flying:o.flying], reopen, o.closing
}

// done takes note of how a delivery went.
func (o *output) done(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.facts.ended(err, time.Now())
	n := o.flying
	if o.flying = 0; err != nil {
		return
	}
	for _, e := range o.waiting[:n] {
		o.bytes -= len(e.line)
	}
	clear(o.waiting[:n])
	o.waiting = o.waiting[n:]
}

// OutputStats says how an output stands.
type OutputStats struct {
	Name    string
	Waiting int
	Dropped uint64
}

// Delivered reports whether every alert that was given is in the local logs.
func (all *Outputs) Delivered() bool {
	for _, o := range all.list {
		if _, local := o.sink.(*fileSink); !local {
			continue
		}
		o.mu.Lock()
		waiting := len(o.waiting)
		o.mu.Unlock()
		if waiting > 0 {
			return false
		}
	}
	return true
}

// Stats returns how every output stands.
func (all *Outputs) Stats() []OutputStats {
	var out []OutputStats
	for _, o := range all.list {
		o.mu.Lock()
		out = append(out, OutputStats{o.name, len(o.waiting), o.facts.dropped})
		o.mu.Unlock()
	}
	return out
}
