// Package judge is the door that every alert passes: it joins commands with the changes they
// made, applies exceptions, counts repeats, and holds every user to a share. It is pure: it has no
// disk, no goroutines, and no clock but the one it is given.
package judge

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"hooksnare/agent/document"
	"hooksnare/agent/health"
	"hooksnare/agent/host"
	"hooksnare/collector/eslogger"
	"hooksnare/collector/process"
	"hooksnare/detect"
	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// Judge carries what collectors observe to the alert. Nothing that a user of the Mac
// controls is touched while its lock is held: what an alert says of the disk is examined
// outside, and comes back as a value.
type Judge struct {
	mu sync.Mutex // guards state, whose methods are called with it held
	state
}

// state is what a judge knows and has under way.
type state struct {
	// Set once.
	host     host.Identity
	table    *process.Table
	compose  *document.Composer
	examine  Examine
	emit     func(*alert.Alert, []byte)
	note     func(c health.Condition, detail string, on bool, since time.Time)
	watching *Watching        // nil where no preferences are watched
	clock    func() time.Time // nil for a recording

	engine     *detect.Engine
	exceptions []detect.Exception
	pins       Pins
	presets    map[string]bool // exceptions that come with the agent whose first use was reported
	correlator *correlator
	hooked     []detect.Hooked                   // the hooks that are set
	judging    map[event.PreferenceKey][]*string // changes that are being examined: what was there before each
	reportedBy map[string]string                 // which alert reported each hook, by hookKey

	repeats  *detect.Repeats[*alertGroup]
	budget   detect.Budget
	delayed  map[detect.Share][]*alertThread // threads with an update that waits for its share
	usedUp   map[detect.Share]time.Time      // shares that are reported to be used up, since when
	episodes map[string]*episode             // that have not ended: conditions and files that can't be read
	courses  map[string]*course              // of episodes
	outbox   outbox
	labels   map[string]string // of every document; nobody changes them

	latest time.Time // the latest time of a recording
	closed bool
	counts Counts
}

// Counts is what a judge did.
type Counts struct {
	Events   map[event.Kind]uint64
	Alerts   uint64            // given, with updates
	Repeated uint64            // counted into an update instead
	Held     uint64            // over a bound of their share
	Hidden   map[string]uint64 // by exception
	Unpinned map[string]uint64 // of these, by the condition alone: there was no disk
}

// Options is what a judge is made of.
type Options struct {
	Rules      []*rules.Rule
	Exceptions []detect.Exception
	Host       host.Identity
	Version    string            // of the agent
	Labels     map[string]string // go into every document; nobody changes them
	Pins       Pins              // nil: there is no disk, exceptions hold by their condition
	Examine    Examine           // nil: there is no disk
	// Emit takes every alert, in order, one at a time, and never waits. Its line is nil when it
	// can't be encoded.
	Emit func(a *alert.Alert, line []byte)
	// Note is called with the conditions of the judge itself; nil for none.
	Note         func(c health.Condition, detail string, on bool, since time.Time)
	Now          func() time.Time // nil: a recording, whose own times are the only clock
	RepeatWindow time.Duration
	Limits       process.Limits
	Watching     *Watching // nil: no preferences are watched
}

// Pins tells whether a hook's program is what an exception requires.
type Pins interface {
	// Check returns what about the program is not as the exception requires, "" for nothing.
	Check(exception string, r *detect.Record, x *document.Examination) string
	// IsPreset reports whether the exception comes with the agent.
	IsPreset(exception string) bool
}

// Question is what an alert wants to know of the disk.
type Question struct {
	Share  detect.Share // whose bounds the examination counts against
	Values []string     // of hooks: what they point to
	// Sources are files that commands read: which hooks are in them.
	Sources []string
	// Targets are what commands write to that may be another name of preferences: paths, and bundles
	// of applications.
	Targets []string
	File    string    // the preferences file; "" if it is not known
	At      time.Time // of the event
	// Watched says that what is found is what the watch of the program starts from.
	Watched bool
}

// maxQuestions bounds the values of one question: a command sets two hooks at the most that
// anything reads.
const maxQuestions = 4

// Examine answers a question and calls judge with the answer, at once or from another
// goroutine. waits tells judge whether it may wait for a disk.
type Examine func(q Question, judge func(x *document.Examination, waits bool))

// New returns a judge. The error names the rules and exceptions that it works without.
func New(o Options) (*Judge, error) {
	j := &Judge{state: state{
		table: process.New(o.Limits), pins: o.Pins, examine: o.Examine, emit: o.Emit, note: o.Note, host: o.Host, labels: o.Labels,
		clock: o.Now, watching: o.Watching, exceptions: o.Exceptions,
		presets: map[string]bool{}, judging: map[event.PreferenceKey][]*string{}, reportedBy: map[string]string{},
		repeats: detect.NewRepeats[*alertGroup](o.RepeatWindow), delayed: map[detect.Share][]*alertThread{},
		usedUp: map[detect.Share]time.Time{}, episodes: map[string]*episode{}, courses: map[string]*course{},
		counts: Counts{Events: map[event.Kind]uint64{}, Hidden: map[string]uint64{}, Unpinned: map[string]uint64{}},
	}}
	j.outbox.room.L = &j.mu
	compose := document.ComposeOptions{Host: o.Host, Version: o.Version, Table: j.table, Now: o.Now, SetBy: func(file, key string) string { return j.reportedBy[hookKey(file, key)] }}
	if o.Watching != nil {
		compose.KeptAt = o.Watching.KeptAt
		j.correlator = detect.NewCorrelator[*hookCommand, *hookChange](o.Watching.Window)
	}
	j.compose = document.NewComposer(compose)
	var err error
	j.engine, err = j.newEngine(o.Rules, o.Exceptions)
	return j, err
}

// newEngine compiles rules against the world that the judge sees.
func (j *Judge) newEngine(list []*rules.Rule, exceptions []detect.Exception) (*detect.Engine, error) {
	host := &j.host
	return detect.New(list, detect.Options{
		Exceptions: exceptions,
		World: detect.World{
			HostID: host.ID, Hostname: host.Hostname, Architecture: host.Arch, OSVersion: host.Version,
			UserName: host.Users.Name, GroupName: host.Users.Group, Home: host.Users.Home,
			Entity: host.AppendEntityID, Lookup: j.table.Lookup, Ancestors: j.table.Ancestors,
		},
	})
}

// SetRules replaces the rules. Those that stay keep what they know. The error names the rules
// and exceptions that the judge works without.
func (j *Judge) SetRules(list []*rules.Rule) error {
	engine, err := j.newEngine(list, nil)
	j.mu.Lock()
	defer j.mu.Unlock()
	err = errors.Join(err, engine.SetExceptions(j.exceptions))
	engine.Inherit(j.engine)
	j.engine = engine
	return err
}

// SetExceptions replaces the exceptions. The error names those that the judge works without.
func (j *Judge) SetExceptions(list []detect.Exception, pins Pins) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.exceptions, j.pins = list, pins
	return j.engine.SetExceptions(list)
}

// CheckExceptions returns why exceptions can't be put in force, nil if they can.
func (j *Judge) CheckExceptions(list []detect.Exception) error {
	_, err := j.newEngine(nil, list)
	return err
}

// SetWindows sets how long repeats are counted, and how far a command and a change may be apart.
func (j *Judge) SetWindows(repeat, correlation time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.repeats.SetWindow(repeat)
	if j.correlator != nil {
		j.correlator.SetWindow(correlation)
	}
}

// SetLabels replaces the labels of all that is sent from now on, updates of earlier alerts included.
func (j *Judge) SetLabels(labels map[string]string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.labels = labels
}

// Activities returns what every rule did so far.
func (j *Judge) Activities() []detect.Activity {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.engine.Activities()
}

// judgeAndFlush judges something with the lock held, and hands on what is to be given then.
func (j *Judge) judgeAndFlush(mayWait bool, judge func()) {
	j.mu.Lock()
	judge()
	j.mu.Unlock()
	j.flushOutbox(mayWait)
}

// HandleMessage takes one message of the sensor. It waits for nothing.
func (j *Judge) HandleMessage(m *eslogger.Message) {
	j.mu.Lock()
	batch := j.applyMessage(m)
	quiet := j.outbox.isEmpty()
	j.mu.Unlock()
	if batch != nil {
		j.examineCommands(batch)
	}
	if !quiet || batch != nil {
		j.flushOutbox(false)
	}
}

func (j *state) applyMessage(m *eslogger.Message) *commandBatch {
	ev := j.table.Apply(m)
	if ev == nil {
		j.counts.Events[event.Other]++
		return nil
	}
	j.counts.Events[ev.Kind]++
	if j.clock == nil && ev.Time.After(j.latest) {
		j.latest = ev.Time
	}
	batch := j.sortFindings(nil, j.engine.Examine(ev))
	if ev.Kind == event.ExecKind && batch == nil {
		j.noteMention(ev)
	}
	if j.watching != nil && j.watching.ReadAll != nil && detect.IsLogin(ev) {
		j.watching.ReadAll()
	}
	if j.clock == nil {
		batch = j.sortFindings(batch, j.engine.Advance(ev.Time))
	}
	return batch
}

// windowTime is the clock of windows: of the machine, or of the recording.
func (j *state) windowTime() time.Time {
	if j.clock != nil {
		return j.clock()
	}
	return j.latest
}

// sortFindings gives the findings that need no look at the disk, and adds the others to a
// batch, which is nil as long as there are none.
func (j *state) sortFindings(batch *commandBatch, found []detect.Finding) *commandBatch {
	if len(found) == 0 {
		return batch
	}
	now := j.windowTime()
	found = slices.Clone(found) // to report one may ask the rules again
	j.sendDue(now, false)
	for i := range found {
		f := &found[i]
		if f.Record.Fact == nil {
			j.exceptFindings(found[i:i+1], nil, now)
			j.judgeFinding(f, nil, nil, nil, now)
			continue
		}
		if batch == nil {
			batch = &commandBatch{}
		}
		j.addCommand(batch, f, now)
	}
	return batch
}

// exceptFindings marks the findings that exceptions cover, by what an examination found.
func (j *state) exceptFindings(found []detect.Finding, x *document.Examination, now time.Time) {
	j.engine.Except(found, now, func(exception string, r *detect.Record) (why string, held, checked bool) {
		if j.pins == nil {
			return "", false, false
		}
		why = j.pins.Check(exception, r, x)
		return why, why == "", true
	})
}

// isHidden counts a finding that an exception covers, and reports the first one that is covered
// by an exception which nobody of the site has asked for: one that comes with the agent.
func (j *state) isHidden(f *detect.Finding, x *document.Examination, now time.Time) bool {
	if f.Hidden == "" {
		return false
	}
	j.counts.Hidden[f.Hidden]++
	if f.Unpinned {
		j.counts.Unpinned[f.Hidden]++
	}
	if j.pins == nil || j.watching == nil || !j.pins.IsPreset(f.Hidden) || j.presets[f.Hidden] {
		return true
	}
	j.presets[f.Hidden] = true
	o := detect.Observed{Excepted: f.Hidden, Covered: f, Verdict: string(alert.Observed)}
	j.reportFindings(j.engine.Observe(o, f.Record.Fact, f.Record.Event), now, func(a *alert.Alert, n *detect.Finding) {
		j.compose.AddExamination(a, n, x)
	})
	return true
}

// HandleState takes a condition of the sensor as it begins and as it ends. It waits for
// nothing.
func (j *Judge) HandleState(st eslogger.State) {
	j.judgeAndFlush(false, func() { j.handleCondition(string(st.Name), st.Detail, st.On, st.Since, st.Until) })
}

// Advance gives what has become due at a time. A live judge is called with the time of the machine,
// now and then; a recording has its own times, and needs it for what comes after its end alone.
func (j *Judge) Advance(now time.Time) {
	j.mu.Lock()
	batch := j.sortFindings(nil, j.engine.Advance(now.Add(-EventDelay)))
	j.closeCommands(now.Add(-EventDelay))
	j.sendDue(now, false)
	j.mu.Unlock()
	if batch != nil {
		j.examineCommands(batch)
	}
	j.flushOutbox(true)
}

// EventDelay is how late an event may come that is not lost: what is not there by then did
// not happen.
const EventDelay = 5 * time.Second

// Close gives everything that was still held back. Conditions that begin or end later are
// not reported: nobody takes alerts any more.
func (j *Judge) Close() {
	j.judgeAndFlush(true, func() {
		j.sendDue(j.windowTime(), true)
		j.closed = true
	})
}

// Counts returns what was done so far.
func (j *Judge) Counts() Counts {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := j.counts
	out.Events, out.Hidden, out.Unpinned = maps.Clone(out.Events), maps.Clone(out.Hidden), maps.Clone(out.Unpinned)
	return out
}

// Uses returns how often every exception was used.
func (j *Judge) Uses() []detect.Use {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.engine.Uses()
}

// Losses returns what was forgotten for want of room.
func (j *Judge) Losses() []health.Loss {
	j.mu.Lock()
	defer j.mu.Unlock()
	t := j.table.Stats()
	out := []health.Loss{
		{Counter: health.ProcessesForgotten, Count: t.Evicted},
		{Counter: health.LineageForgotten, Count: t.EvictedInUse},
	}
	if j.correlator != nil {
		out = append(out, health.Loss{Counter: health.CausesForgotten, Count: j.correlator.Forgotten()})
	}
	for _, r := range j.engine.Activities() {
		out = append(out, health.Loss{Counter: health.RuleMemoryForgotten, Count: r.Dropped})
	}
	return out
}
