package eslogger

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hooksnare/pkg/quote"
)

// Options says what to run and how patient to be with it. The zero value runs
// /usr/bin/eslogger for exec, fork and exit, without a canary.
type Options struct {
	Path    string   // absolute; "" means /usr/bin/eslogger
	Events  []string // nil means exec, fork, exit
	MaxLine int      // bytes; 0 means [MaxLine]

	// CanaryInterval is how often a harmless program is run to prove that eslogger
	// reports it; 0 means never.
	CanaryInterval time.Duration
	// CanaryPath is that program, absolute; "" means /usr/bin/true.
	CanaryPath string
	// CanarySeenAs are further paths under which eslogger may report it, beside
	// CanaryPath and what that resolves to: with a disk under a root folder a stream
	// may name the path below the root or the path on the real disk.
	CanarySeenAs []string

	Timing Timing
}

// Timing are the waits of a [Source]; a zero field means its default. They are there
// for tests: the defaults are what the documents promise.
type Timing struct {
	BackoffMin    time.Duration // first wait before a restart: 1 s
	BackoffMax    time.Duration // longest wait before a restart: 60 s
	Healthy       time.Duration // a run that saw events for so long resets the wait: 60 s
	RetryDenied   time.Duration // wait after a refusal that only an administrator can lift: 60 s
	StopGrace     time.Duration // between INT, TERM, KILL and giving up: 1 s
	CanaryTimeout time.Duration // unseen for so long is blind: the interval, within 5 s and 30 s
	CanaryRepeat  time.Duration // until an unseen canary is run again, doubling: 1 s
	GapHold       time.Duration // events without loss that end a gap: 60 s
}

const (
	defaultPath   = "/usr/bin/eslogger"
	defaultCanary = "/usr/bin/true"

	// A canary passes through a kernel queue, another process and a pipe on a machine
	// that may be busy: less than 5 s would raise false alarms, and to wait longer than
	// 30 s gains nothing.
	canaryTimeoutMin = 5 * time.Second
	canaryTimeoutMax = 30 * time.Second
)

// maxEvents bounds the argument list; macOS knows some hundred events.
const maxEvents = 256

// CheckEvent reports why a name is not that of an event of eslogger, which refuses all events for one
// that it does not know.
func CheckEvent(name string) error {
	if !isEvent(name) {
		return fmt.Errorf("expected the name of an event, such as exec (/usr/bin/eslogger --list-events lists them), found %s", quote.Bounded(name, 80))
	}
	return nil
}

// CheckEvents reports why eslogger would not take a list of events.
func CheckEvents(names []string) error {
	for _, name := range names {
		if err := CheckEvent(name); err != nil {
			return err
		}
	}
	if len(names) > maxEvents {
		return fmt.Errorf("expected at most %d events, found %d", maxEvents, len(names))
	}
	return nil
}

// CheckProgram reports why a path is not one that a source can run.
func CheckProgram(path string) error {
	if !filepath.IsAbs(path) || strings.HasSuffix(path, "/") || strings.IndexByte(path, 0) >= 0 {
		return fmt.Errorf("expected the absolute path of a program, found %s", quote.Bounded(path, 80))
	}
	return nil
}

// complete checks o and returns it with every default filled in.
func (o Options) complete() (Options, error) {
	if o.Path == "" {
		o.Path = defaultPath
	}
	if o.CanaryPath == "" {
		o.CanaryPath = defaultCanary
	}
	if len(o.Events) == 0 {
		o.Events = []string{"exec", "fork", "exit"}
	}
	if o.MaxLine == 0 {
		o.MaxLine = MaxLine
	}
	if err := o.check(); err != nil {
		return o, err
	}
	o.Timing.fill(o.CanaryInterval)
	if o.Timing.BackoffMin > o.Timing.BackoffMax {
		return o, fmt.Errorf("eslogger back-off: the shortest wait %v is above the longest %v",
			o.Timing.BackoffMin, o.Timing.BackoffMax)
	}
	o.Events = slices.Clone(o.Events)
	o.CanarySeenAs = slices.Clone(o.CanarySeenAs)
	return o, nil
}

// Check reports why New would refuse the options.
func (o Options) Check() error {
	_, err := o.complete()
	return err
}

// check refuses what can't work; defaults for texts and lists are in place.
func (o Options) check() error {
	for _, p := range append([]string{o.Path, o.CanaryPath}, o.CanarySeenAs...) {
		if err := CheckProgram(p); err != nil {
			return fmt.Errorf("eslogger path: %w", err)
		}
	}
	if err := CheckEvents(o.Events); err != nil {
		return fmt.Errorf("eslogger events: %w", err)
	}
	if o.CanaryInterval > 0 && !slices.Contains(o.Events, "exec") {
		return fmt.Errorf("eslogger events %q: the canary needs exec; add it or set the canary interval to 0", o.Events)
	}
	if o.MaxLine < 0 {
		return fmt.Errorf("eslogger line bound %d: must not be negative", o.MaxLine)
	}
	t := o.Timing
	for _, d := range []time.Duration{o.CanaryInterval, t.BackoffMin, t.BackoffMax, t.Healthy, t.RetryDenied,
		t.StopGrace, t.CanaryTimeout, t.CanaryRepeat, t.GapHold} {
		if d < 0 {
			return fmt.Errorf("eslogger timing %v: must not be negative", d)
		}
	}
	return nil
}

// fill sets what is zero to its default.
func (t *Timing) fill(interval time.Duration) {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&t.BackoffMin, time.Second)
	set(&t.BackoffMax, 60*time.Second)
	set(&t.Healthy, 60*time.Second)
	set(&t.RetryDenied, 60*time.Second)
	set(&t.StopGrace, time.Second)
	set(&t.CanaryTimeout, min(max(interval, canaryTimeoutMin), canaryTimeoutMax))
	set(&t.CanaryRepeat, time.Second)
	set(&t.GapHold, 60*time.Second)
}
