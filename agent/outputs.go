package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"hooksnare/agent/config"
	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/logfile"
	"hooksnare/pkg/syslog"
)

// sink takes alerts to one place. It is for one goroutine.
type sink interface {
	// put delivers all of the alerts, or none where it can take them back.
	put(batch []*entry) error
	reopen() error
	Close() error
}

// entry is an alert on its way out.
type entry struct {
	alert *alert.Alert
	line  []byte // as JSON, with its line break
}

// Bounds of an output that can't keep up, and waits between its tries.
const (
	maxWaiting = 2048 // alerts
	maxBatch   = 256  // alerts
	retryMin   = 100 * time.Millisecond
	retryMax   = 30 * time.Second
)

// Outputs carries alerts to every place that the configuration names, each at its own
// pace: a slow or failing one delays no other.
type Outputs struct {
	list   []*output
	health func(name, detail string, on bool, since, until time.Time)
	wg     sync.WaitGroup
}

// output is one place.
type output struct {
	name  string
	min   int // event.severity
	batch int // alerts delivered at a time
	sink  sink
	owner *Outputs

	mu      sync.Mutex
	waiting []*entry
	dropped uint64
	closing bool
	reopen  bool
	wake    chan struct{}
}

// unavailable lists output types that the configuration knows and this version can't do.
func unavailable(o config.Output) bool { return o.Type != "file" && o.Type != "syslog" }

// OpenOutputs starts an output for each that is enabled. What can't be opened now is
// tried again with every alert. health is told when an output fails and when it works
// again; it may be called from any goroutine.
func OpenOutputs(list []config.Output, health func(name, detail string, on bool, since, until time.Time)) *Outputs {
	all := &Outputs{health: health}
	for _, c := range list {
		if !c.Enabled || unavailable(c) {
			continue
		}
		o := &output{name: c.Name, min: rules.Severity(c.MinSeverity).Number(), owner: all, wake: make(chan struct{}, 1)}
		switch c.Type {
		case "file":
			o.sink, o.batch = &fileSink{path: c.Path}, maxBatch
		case "syslog":
			o.sink, o.batch = &syslogSink{}, 1 // a line that is sent can't be taken back
		}
		all.list = append(all.list, o)
		all.wg.Go(o.run)
	}
	return all
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
	o.waiting = append(o.waiting, e)
	if len(o.waiting) > maxWaiting {
		o.drop()
	}
	o.mu.Unlock()
	o.signal()
}

// drop gives up the oldest of the least severe alerts.
func (o *output) drop() {
	least := 0
	for i, e := range o.waiting {
		if e.alert.Event.Severity < o.waiting[least].alert.Event.Severity {
			least = i
		}
	}
	o.waiting = slices.Delete(o.waiting, least, least+1)
	o.dropped++
}

func (o *output) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Reopen makes every output open its file anew.
func (all *Outputs) Reopen() {
	for _, o := range all.list {
		o.mu.Lock()
		o.reopen = true
		o.mu.Unlock()
		o.signal()
	}
}

// Close delivers what is waiting, until ctx is done, and ends the outputs. The error
// names those that had something left.
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
	for _, o := range all.list {
		o.mu.Lock()
		if n := len(o.waiting); n > 0 {
			faults = append(faults, fmt.Errorf("output %s: %d alerts not delivered", o.name, n))
		}
		o.mu.Unlock()
	}
	return errors.Join(faults...)
}

// run delivers until it is told to close and nothing is waiting, or a delivery fails
// while closing.
func (o *output) run() {
	defer o.sink.Close()
	var failing time.Time // since when; zero while it works
	wait := retryMin
	for {
		batch, reopen, closing := o.next()
		if reopen {
			o.sink.reopen() // a failure shows at the next delivery
		}
		if len(batch) == 0 {
			if closing {
				return
			}
			<-o.wake
			continue
		}
		err := o.sink.put(batch)
		if err == nil {
			o.done(batch)
			if !failing.IsZero() {
				o.owner.health("output_failed."+o.name, o.name+" works again", false, failing, time.Now())
			}
			failing, wait = time.Time{}, retryMin
			continue
		}
		if closing {
			return
		}
		if failing.IsZero() {
			failing = time.Now()
			o.owner.health("output_failed."+o.name, o.name+": "+err.Error(), true, failing, time.Time{})
		}
		o.rest(wait)
		wait = min(2*wait, retryMax)
	}
}

// rest waits, or until the output is told to close.
func (o *output) rest(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			return
		case <-o.wake:
			o.mu.Lock()
			closing := o.closing
			o.mu.Unlock()
			if closing {
				return
			}
		}
	}
}

// next returns what to deliver now; it stays waiting until done is called.
func (o *output) next() (batch []*entry, reopen, closing bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	reopen, o.reopen = o.reopen, false
	return slices.Clone(o.waiting[:min(len(o.waiting), o.batch)]), reopen, o.closing
}

// done takes delivered alerts out of those waiting. Some may have been dropped meanwhile.
func (o *output) done(batch []*entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	left := o.waiting[:0]
	for _, e := range o.waiting {
		if !slices.Contains(batch, e) {
			left = append(left, e)
		}
	}
	clear(o.waiting[len(left):])
	o.waiting = left
}

// OutputStats says how an output stands.
type OutputStats struct {
	Name    string
	Waiting int
	Dropped uint64
}

// Stats returns how every output stands.
func (all *Outputs) Stats() []OutputStats {
	var out []OutputStats
	for _, o := range all.list {
		o.mu.Lock()
		out = append(out, OutputStats{o.name, len(o.waiting), o.dropped})
		o.mu.Unlock()
	}
	return out
}

// fileSink is the local log: whole documents, on the disk before put returns.
type fileSink struct {
	path string
	log  *logfile.File
}

func (s *fileSink) put(batch []*entry) error {
	if s.log == nil {
		l, err := logfile.Open(s.path, logfile.Options{})
		if err != nil {
			return err
		}
		s.log = l
	}
	var all []byte
	for _, e := range batch {
		all = append(all, e.line...)
	}
	return s.log.Append(all)
}

func (s *fileSink) reopen() error {
	if s.log == nil {
		return nil
	}
	return s.log.Reopen()
}

func (s *fileSink) Close() error {
	if s.log == nil {
		return nil
	}
	return s.log.Close()
}

// syslogSink is the system's log: a line for a person, best effort.
type syslogSink struct {
	w *syslog.Writer
}

func (s *syslogSink) put(batch []*entry) error {
	if s.w == nil {
		w, err := syslog.Open("hooksnare")
		if err != nil {
			return err
		}
		s.w = w
	}
	for _, e := range batch {
		if err := s.w.Write(syslogSeverity(e.alert.Event.Severity), syslogText(e.alert)); err != nil {
			return err
		}
	}
	return nil
}

func (s *syslogSink) reopen() error { return nil }

func (s *syslogSink) Close() error {
	if s.w == nil {
		return nil
	}
	return s.w.Close()
}

func syslogSeverity(number int) syslog.Severity {
	switch {
	case number >= 99:
		return syslog.Critical
	case number >= 73:
		return syslog.High
	case number >= 47:
		return syslog.Medium
	}
	return syslog.Low
}

// syslogText says who, what and where to look; the whole document is in the local log.
func syslogText(a *alert.Alert) string {
	var b strings.Builder
	fmt.Fprintf(&b, "event.id=%s event.sequence=%d rule.id=%s", a.Event.ID, a.Event.Sequence, a.Rule.ID)
	if v := a.Hooksnare.Verdict; v != "" {
		fmt.Fprintf(&b, " verdict=%s", v)
	}
	if a.User != nil {
		fmt.Fprintf(&b, " user.id=%s", a.User.ID)
	}
	if a.Process != nil {
		fmt.Fprintf(&b, " process.pid=%d", a.Process.PID)
	}
	b.WriteString(" " + a.Message)
	return b.String()
}
