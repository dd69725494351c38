package agent

import (
	"maps"
	"slices"
	"sync"
	"time"

	"hooksnare/collector/eslogger"
	"hooksnare/collector/process"
	"hooksnare/detect"
	"hooksnare/detect/baseline"
	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// Pipeline carries each message from the decoder to the alert, in one pass and in the
// caller's goroutine: what can't keep up shows at the sensor, not in a queue.
type Pipeline struct {
	mu         sync.Mutex
	table      *process.Table
	engine     *detect.Engine
	exceptions []detect.Exception
	compose    composer
	pin        detect.Pin
	emit       func(*alert.Alert)
	live       bool
	watching   *Watching // nil where no preferences are watched
	correlator *correlator
	hooked     []detect.Hooked // the hooks that are set
	telling    []*alert.Alert  // what is to be given of a change, nil at all other times

	repeats *detect.Repeats[*family]
	signals detect.Signals
	open    map[string][]*alert.Alert // alerts of the conditions that are on, by name
	clock   time.Time                 // latest time of a recording
	closed  bool
	events  [event.Exit + 1]uint64 // by kind; counts has them when it is asked for
	counts  Counts
}

// Counts is what a pipeline did.
type Counts struct {
	Events   map[event.Kind]uint64
	Alerts   uint64 // given, with updates
	Repeated uint64 // counted into an update instead
	Held     uint64 // over max_signals
	// Confirmed counts changes by commands that an exception covers.
	Confirmed uint64
	Hidden    map[string]uint64 // by exception
	Unpinned  map[string]uint64 // of these, by the condition alone: there was no disk
}

// PipelineOptions is what a pipeline is made of.
type PipelineOptions struct {
	Rules        []*rules.Rule
	Exceptions   []detect.Exception
	Host         Identity
	Pin          detect.Pin         // nil: there is no disk, exceptions hold by their condition
	Emit         func(*alert.Alert) // takes every alert, in order, one at a time
	Live         bool               // false: a recording, whose own times are the only clock
	RepeatWindow time.Duration
	Limits       process.Limits
	Watching     *Watching // nil: no preferences are watched
}

// NewPipeline puts a pipeline together. The error names the rules and exceptions that it
// goes without; it works with the others.
func NewPipeline(o PipelineOptions) (*Pipeline, error) {
	p := &Pipeline{
		table: process.New(o.Limits), pin: o.Pin, emit: o.Emit, live: o.Live, exceptions: o.Exceptions,
		repeats: detect.NewRepeats[*family](o.RepeatWindow),
		open:    map[string][]*alert.Alert{},
	}
	if p.pin == nil {
		p.pin = func(string, *detect.Record) (string, bool, bool) { return "", false, false }
	}
	p.compose = composer{host: o.Host, table: p.table, setBy: setBy{}}
	if o.Watching != nil {
		p.watching, p.compose.lookAt, p.compose.keptAt, p.compose.around = o.Watching, o.Watching.Look, o.Watching.Kept, o.Watching.Around
		p.correlator = detect.NewCorrelator[*said, *said](o.Watching.Window)
	}
	if o.Live {
		p.compose.now = time.Now
	}
	p.counts = Counts{Hidden: map[string]uint64{}, Unpinned: map[string]uint64{}}
	var err error
	p.engine, err = p.newEngine(o.Rules)
	return p, err
}

// newEngine compiles rules against the world that this pipeline sees.
func (p *Pipeline) newEngine(list []*rules.Rule) (*detect.Engine, error) {
	host := &p.compose.host
	o := detect.Options{
		Exceptions: p.exceptions,
		World: detect.World{
			HostID: host.ID, Hostname: host.Hostname, Architecture: host.Arch, OSVersion: host.Version,
			UserName: host.Users.Name, GroupName: host.Users.Group, Home: host.Users.Home,
			Entity: host.appendEntity, Lookup: p.table.Lookup, Ancestors: p.table.Ancestors,
		},
		Learning: baseline.NoLearning, // a recording has no other history than itself
	}
	if p.live {
		o.Learning, o.Start = 0, time.Now()
	}
	return detect.New(list, o)
}

// SetRules goes on with other rules. What those know that stay, they keep. The error is as
// NewPipeline's.
func (p *Pipeline) SetRules(list []*rules.Rule) error {
	engine, err := p.newEngine(list)
	p.mu.Lock()
	defer p.mu.Unlock()
	engine.Inherit(p.engine)
	p.engine = engine
	return err
}

// Activities returns what every rule did so far.
func (p *Pipeline) Activities() []detect.Activity {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.engine.Activities()
}

// Memories returns what rules remember of long times, by the rule's id.
func (p *Pipeline) Memories() map[string][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.engine.Memories(p.now())
}

// Remember gives a rule back what Memories returned of it.
func (p *Pipeline) Remember(id string, memory []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.engine.Remember(id, memory, p.now())
}

// HandleMessage takes one message of the sensor.
func (p *Pipeline) HandleMessage(m *eslogger.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ev := p.table.Apply(m)
	if ev == nil {
		p.events[event.Other]++
		return
	}
	p.events[ev.Kind]++
	if !p.live && ev.Time.After(p.clock) {
		p.clock = ev.Time
	}
	found := p.engine.Examine(ev)
	p.judge(found)
	if ev.Kind == event.ExecKind && !slices.ContainsFunc(found, func(f detect.Finding) bool { return f.Record.Fact != nil }) {
		p.named(ev)
	}
	if !p.live {
		p.judge(p.engine.Advance(ev.Time))
	}
}

// now is the clock that windows go by: of the machine, or of the recording.
func (p *Pipeline) now() time.Time {
	if p.live {
		return time.Now()
	}
	return p.clock
}

// judge makes alerts of findings.
func (p *Pipeline) judge(found []detect.Finding) {
	if len(found) == 0 {
		return
	}
	now := p.now()
	p.tell(now, false)
	p.engine.Except(found, now, p.pin)
	joined := commands{p: p}
	for i := range found {
		f := &found[i]
		m := joined.of(f)
		if p.isHidden(f) {
			if m != nil {
				m.said.hidden = true
			}
			continue
		}
		p.find(f, now, m)
	}
	joined.end(now)
}

// isHidden counts a finding that an exception covers.
func (p *Pipeline) isHidden(f *detect.Finding) bool {
	if f.Hidden == "" {
		return false
	}
	p.counts.Hidden[f.Hidden]++
	if f.Unpinned {
		p.counts.Unpinned[f.Hidden]++
	}
	return true
}

// find gives a finding's alert, unless it is a repeat or one too many. That of a command
// whose change was seen before waits to be told together with that; m is nil for a finding
// that is of no command.
func (p *Pipeline) find(f *detect.Finding, now time.Time, m *deed) {
	same := f.Same()
	told, again := p.repeats.Again(same, now)
	if again {
		p.counts.Repeated++
	} else {
		a := p.allowed(f, now)
		if a == nil {
			return
		}
		given := m == nil || len(m.makes) == 0
		if given {
			p.give(a)
		}
		told = newFamily(a, given)
		for _, r := range p.repeats.Add(same, now, told) {
			p.repeated(r)
		}
	}
	if m != nil {
		m.said.families = append(m.said.families, told)
	}
}

// allowed returns a finding's alert, nil if it is one too many.
func (p *Pipeline) allowed(f *detect.Finding, now time.Time) *alert.Alert {
	ok, before := p.signals.Allow(f.Rule, now)
	if before != nil {
		p.give(p.compose.held(before))
	}
	if !ok {
		p.counts.Held++
		return nil
	}
	return p.compose.alert(f)
}

// repeated tells how often an alert came again.
func (p *Pipeline) repeated(r detect.Repeat[*family]) {
	t := r.Of.threads[0]
	p.say(t, repeated(t.last, r.Count, r.First, r.Last))
}

func (p *Pipeline) give(a *alert.Alert) {
	p.counts.Alerts++
	p.compose.setBy.note(a)
	if p.telling != nil {
		p.telling = append(p.telling, a)
		return
	}
	p.emit(a)
}

// HandleState takes a condition of the sensor as it begins and as it ends.
func (p *Pipeline) HandleState(st eslogger.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.condition(string(st.Name), st.Detail, st.On, st.Since, st.Until)
}

// Condition takes a condition of another part of the agent.
func (p *Pipeline) Condition(name, detail string, on bool, since, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.condition(name, detail, on, since, until)
}

func (p *Pipeline) condition(name, detail string, on bool, since, until time.Time) {
	if p.closed {
		return // the outputs take no more
	}
	if !on {
		told := p.open[name]
		delete(p.open, name)
		for _, a := range told {
			p.give(p.compose.ended(a, detail, until))
		}
		return
	}
	if _, known := p.open[name]; known {
		return
	}
	found := p.engine.Consider(detect.Condition{State: name, Detail: detail, Since: since})
	told := make([]*alert.Alert, 0, len(found))
	for i := range found {
		// Conditions are never held back: each is told when it begins and when it ends.
		a := p.compose.alert(&found[i])
		told = append(told, a)
		p.give(a)
	}
	p.open[name] = told
}

// Tick gives what has become due with time. It does nothing for a recording.
func (p *Pipeline) Tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.live {
		return
	}
	now := time.Now()
	p.judge(p.engine.Advance(now.Add(-eventDelay)))
	p.closeCommands(now.Add(-eventDelay))
	p.tell(now, false)
}

// eventDelay is how late an event may come that is not lost: what is not there by then did
// not happen.
const eventDelay = 5 * time.Second

// Close gives everything that was still held back. Conditions that begin or end later are
// not told: nobody takes alerts any more.
func (p *Pipeline) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tell(p.now(), true)
	p.closed = true
}

func (p *Pipeline) tell(now time.Time, all bool) {
	for _, r := range p.repeats.Due(now, all) {
		p.repeated(r)
	}
	for _, h := range p.signals.Due(now, all) {
		p.give(p.compose.held(h))
	}
}

// Counts returns what was done so far.
func (p *Pipeline) Counts() Counts {
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
