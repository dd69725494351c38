// Package judge is the door that every alert passes: it joins commands with the changes they
// made, applies exceptions, counts repeats, and holds every user to a share. It is pure: it has no
// disk, no goroutines, and no clock but the one it is given.
package judge

import (
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
	mu         sync.Mutex // guards all below but what is set once
	table      *process.Table
	engine     *detect.Engine
	exceptions []detect.Exception
	compose    *document.Composer
	host       host.Identity
	pins       Pins // nil: there is no disk, exceptions hold by their condition
	examine    Examine
	emit       func(*alert.Alert)
	note       func(c health.Condition, detail string, on bool, since time.Time) // nil: nobody notes conditions
	watching   *Watching                                                         // nil where no preferences are watched
	correlator *correlator
	hooked     []detect.Hooked                   // the hooks that are set
	judging    map[event.PreferenceKey][]*string // changes that are being examined: what was there before each

	repeats      map[detect.Share]*detect.Repeats[*alertGroup]
	budget       detect.Budget
	delayed      map[detect.Share][]*alertThread // threads with an update that waits for its share
	episodes     episodes                        // conditions and files that can't be read
	sharing      map[detect.Share]time.Time      // shares that are told to be used up, since when
	reportedBy   reportedBy                      // which alert reported each hook
	presets      map[string]bool                 // exceptions that come with the agent: whether their first use was told
	outbox       outbox
	repeatWindow time.Duration
	clock        func() time.Time // nil for a recording
	latest       time.Time        // the latest time of a recording
	closed       bool
	events       [event.Exit + 1]uint64 // by kind; counts has them when it is asked for
	counts       Counts
}

// Counts is what a pipeline did.
type Counts struct {
	Events   map[event.Kind]uint64
	Alerts   uint64            // given, with updates
	Repeated uint64            // counted into an update instead
	Held     uint64            // over a bound of their share
	Hidden   map[string]uint64 // by exception
	Unpinned map[string]uint64 // of these, by the condition alone: there was no disk
}

// Options is what a pipeline is made of.
type Options struct {
	Rules      []*rules.Rule
	Exceptions []detect.Exception
	Host       host.Identity
	Pins       Pins               // nil: there is no disk, exceptions hold by their condition
	Examine    Examine            // nil: there is no disk
	Emit       func(*alert.Alert) // takes every alert, in order, one at a time, and never waits
	// Note is called with the conditions of the pipeline itself; nil for none.
	Note         func(c health.Condition, detail string, on bool, since time.Time)
	Now          func() time.Time // nil: a recording, whose own times are the only clock
	RepeatWindow time.Duration
	Limits       process.Limits
	Watching     *Watching // nil: no preferences are watched
}

// New puts a pipeline together. The error names the rules and exceptions that it
// goes without; it works with the others.
func New(o Options) (*Judge, error) {
	p := &Judge{
		table: process.New(o.Limits), pins: o.Pins, examine: o.Examine, emit: o.Emit, note: o.Note, host: o.Host, repeatWindow: o.RepeatWindow, clock: o.Now, exceptions: o.Exceptions,
		repeats: map[detect.Share]*detect.Repeats[*alertGroup]{}, delayed: map[detect.Share][]*alertThread{},
		episodes: newEpisodes(), sharing: map[detect.Share]time.Time{}, judging: map[event.PreferenceKey][]*string{}, reportedBy: reportedBy{},
	}
	p.outbox.room.L = &p.mu
	p.presets = map[string]bool{}
	compose := document.ComposeOptions{Host: o.Host, Table: p.table, SetBy: p.reportedBy.by}
	if o.Watching != nil {
		p.watching, compose.KeptAt = o.Watching, o.Watching.KeptAt
		p.correlator = detect.NewCorrelator[*hookCommand, *hookChange](o.Watching.Window)
	}
	if o.Now != nil {
		compose.Now = o.Now
	}
	p.compose = document.NewComposer(compose)
	p.counts = Counts{Hidden: map[string]uint64{}, Unpinned: map[string]uint64{}}
	var err error
	p.engine, err = p.newEngine(o.Rules)
	return p, err
}

// newEngine compiles rules against the world that this pipeline sees.
func (p *Judge) newEngine(list []*rules.Rule) (*detect.Engine, error) {
	host := &p.host
	o := detect.Options{
		Exceptions: p.exceptions,
		World: detect.World{
			HostID: host.ID, Hostname: host.Hostname, Architecture: host.Arch, OSVersion: host.Version,
			UserName: host.Users.Name, GroupName: host.Users.Group, Home: host.Users.Home,
			Entity: host.AppendEntityID, Lookup: p.table.Lookup, Ancestors: p.table.Ancestors,
		},
	}
	return detect.New(list, o)
}

// SetRules goes on with other rules. What those know that stay, they keep. The error is as
// NewPipeline's.
func (p *Judge) SetRules(list []*rules.Rule) error {
	engine, err := p.newEngine(list)
	p.mu.Lock()
	defer p.mu.Unlock()
	engine.Inherit(p.engine)
	p.engine = engine
	return err
}

// Activities returns what every rule did so far.
func (p *Judge) Activities() []detect.Activity {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.engine.Activities()
}

// HandleMessage takes one message of the sensor. It waits for nothing.
func (p *Judge) HandleMessage(m *eslogger.Message) {
	p.mu.Lock()
	batch := p.applyMessage(m)
	quiet := p.outbox.isEmpty()
	p.mu.Unlock()
	if batch != nil {
		p.examineCommands(batch)
	}
	if !quiet || batch != nil {
		p.flushOutbox(false)
	}
}

func (p *Judge) applyMessage(m *eslogger.Message) *commandBatch {
	ev := p.table.Apply(m)
	if ev == nil {
		p.events[event.Other]++
		return nil
	}
	p.events[ev.Kind]++
	if p.clock == nil && ev.Time.After(p.latest) {
		p.latest = ev.Time
	}
	found := p.engine.Examine(ev)
	batch := p.sortFindings(found)
	if ev.Kind == event.ExecKind && batch == nil {
		p.noteMention(ev)
	}
	if p.clock == nil {
		if late := p.engine.Advance(ev.Time); len(late) > 0 {
			p.sortFindings(late)
		}
	}
	return batch
}

// windowTime is the clock that windows go by: of the machine, or of the recording.
func (p *Judge) windowTime() time.Time {
	if p.clock != nil {
		return p.clock()
	}
	return p.latest
}

// sortFindings gives the findings that need no look at the disk, and returns the others.
func (p *Judge) sortFindings(found []detect.Finding) *commandBatch {
	if len(found) == 0 {
		return nil
	}
	now := p.windowTime()
	found = slices.Clone(found) // to report one may ask the rules again
	p.sendDue(now, false)
	var batch *commandBatch
	for i := range found {
		f := &found[i]
		if f.Record.Fact == nil {
			p.engine.Except(found[i:i+1], now, p.pinsOn(nil))
			p.judgeFinding(f, nil, nil, nil, now)
			continue
		}
		if batch == nil {
			batch = &commandBatch{}
		}
		p.addCommand(batch, f, now)
	}
	return batch
}

// isHidden counts a finding that an exception covers.
func (p *Judge) isHidden(f *detect.Finding, x *document.Examination, now time.Time) bool {
	if f.Hidden == "" {
		return false
	}
	p.counts.Hidden[f.Hidden]++
	if f.Unpinned {
		p.counts.Unpinned[f.Hidden]++
	}
	p.reportFirstUse(f, x, now)
	return true
}

// reportFirstUse reports the first finding that an exception covers which nobody of the site has
// asked for: one that comes with the agent.
func (p *Judge) reportFirstUse(f *detect.Finding, x *document.Examination, now time.Time) {
	if p.pins == nil || p.watching == nil || !p.pins.IsPreset(f.Hidden) || p.presets[f.Hidden] {
		return
	}
	p.presets[f.Hidden] = true
	found := slices.Clone(p.engine.Observe(detect.Observed{Excepted: f.Hidden, Covered: f, Verdict: string(alert.Observed)}, f.Record.Fact, f.Record.Event))
	for i := range found {
		n := &found[i]
		t := p.openThread(n, func() *alert.Alert {
			a := p.compose.Compose(n)
			p.compose.AddExamination(a, n, x)
			return a
		}, now)
		if t != nil {
			p.beginThread(t)
		}
	}
}

// PresetsTold returns the exceptions whose first use was told, to be kept for the next start.
func (p *Judge) PresetsTold() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.presets))
}

// RestorePresetsTold takes back what PresetsTold returned.
func (p *Judge) RestorePresetsTold(list []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range list {
		p.presets[id] = true
	}
}

// HandleState takes a condition of the sensor as it begins and as it ends. It waits for
// nothing.
func (p *Judge) HandleState(st eslogger.State) {
	p.mu.Lock()
	p.handleCondition(string(st.Name), st.Detail, st.On, st.Since, st.Until)
	p.mu.Unlock()
	p.flushOutbox(false)
}

// Advance gives what has become due at a time. A live judge is called with the time of the machine,
// now and then; a recording goes by its own times, and needs it for what comes after its end alone.
func (p *Judge) Advance(now time.Time) {
	p.mu.Lock()
	batch := p.sortFindings(p.engine.Advance(now.Add(-EventDelay)))
	p.closeCommands(now.Add(-EventDelay))
	p.sendDue(now, false)
	p.mu.Unlock()
	if batch != nil {
		p.examineCommands(batch)
	}
	p.flushOutbox(true)
}

// EventDelay is how late an event may come that is not lost: what is not there by then did
// not happen.
const EventDelay = 5 * time.Second

// Close gives everything that was still held back. Conditions that begin or end later are
// not told: nobody takes alerts any more.
func (p *Judge) Close() {
	p.mu.Lock()
	p.sendDue(p.windowTime(), true)
	p.closed = true
	p.mu.Unlock()
	p.flushOutbox(true)
}

// Counts returns what was done so far.
func (p *Judge) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.counts
	out.Events, out.Hidden, out.Unpinned = map[event.Kind]uint64{}, maps.Clone(p.counts.Hidden), maps.Clone(p.counts.Unpinned)
	for kind, n := range p.events {
		if n > 0 {
			out.Events[event.Kind(kind)] = n
		}
	}
	return out
}
