package detect

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"hooksnare/detect/hook"
	"hooksnare/detect/rules"
	"hooksnare/pkg/event"
)

// Engine asks every rule about every event. It is for one goroutine.
type Engine struct {
	programs   []*program
	index      [withFact]index             // by event.Kind: of events without a fact
	asked      [len(situations)][]*program // in the other situations
	late       []*program
	exceptions []exception

	world    World
	findings []Finding
	record   Record
	composed *composedTexts
	hooked   []Hooked
	readings *readingIndex // of hooked, nil until it is asked for
	at       time.Time     // the latest time that an event had
}

// Finding is a rule that matched.
type Finding struct {
	Rule   *rules.Rule
	Record Record // of a sequence the last event
	// Events are those of a sequence, in the order of the query, the last one too.
	Events []*Record
	// Hidden is the exception that covers it, "" for none. A covered finding gives no alert.
	Hidden string
	// Broken is an exception that would cover it if its pin held, and why it does not.
	Broken, Why string
	// Unpinned says that Hidden covers it by its condition alone: there was no disk on
	// which to look at its pin.
	Unpinned bool

	Trusted string // id of the exception that still covers a program that was updated
}

// Options are what an engine is made of beside its rules.
type Options struct {
	Exceptions []Exception
	World      World
}

// New compiles rules and exceptions. The error names every rule that can't be compiled;
// it leaves those out and goes on with the rest. Rules that can't run are passed over.
func New(list []*rules.Rule, o Options) (*Engine, error) {
	e := &Engine{world: o.World.withDefaults(), composed: newComposedTexts()}
	var faults []error
	sequences := 0
	for _, r := range list {
		if r.NotRunnable == "" && r.Query.IsSequence() {
			sequences++
		}
	}
	partials := max(sequencePartials/max(sequences, 1), leastPartials)
	for _, r := range list {
		if r.NotRunnable != "" {
			continue
		}
		p, err := newProgram(r, partials)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: query: %w", r.File, err))
			continue
		}
		e.addProgram(p)
	}
	faults = append(faults, e.SetExceptions(o.Exceptions))
	return e, errors.Join(faults...)
}

// addProgram files a rule under what it has to be asked about.
func (e *Engine) addProgram(p *program) {
	e.programs = append(e.programs, p)
	for k := range situations {
		q := situations[k].remainingQuery(p.rule)
		switch {
		case k != int(event.Other) && k < int(withFact):
			e.index[k].addRule(q)
		case q != nil && (k != int(withFact) || p.hooks):
			e.asked[k] = append(e.asked[k], p)
		}
	}
	if p.late {
		e.late = append(e.late, p)
	}
}

// Examine returns what the rules find in an event. The slice holds until the next call;
// what it points to may be kept, but for the event.
func (e *Engine) Examine(ev *event.Event) []Finding {
	e.findings = e.findings[:0]
	if ev.Time.After(e.at) {
		e.at = ev.Time
	}
	e.setRecord(Record{Event: ev, at: ev.Time})
	if ev.Time.IsZero() {
		e.record.at = e.at
	}
	facts := e.facts(ev)
	for n, asked := range e.index[ev.Kind].rulesFor(&e.record) {
		if p := e.programs[n]; asked && (!p.hooks || len(facts) == 0) {
			e.findings = p.appendFindings(e.findings, &e.record, ev.Kind)
		}
	}
	for i := range facts {
		e.record.Fact = &facts[i]
		for _, p := range e.asked[withFact] {
			e.findings = p.appendFindings(e.findings, &e.record, withFact)
		}
	}
	return e.findings
}

func (e *Engine) setRecord(r Record) {
	e.composed.reset()
	r.world, r.composed = &e.world, e.composed
	e.record = r
}

// facts returns what an event does to hooks, if anyone asks.
func (e *Engine) facts(ev *event.Event) []hook.Fact {
	p := ev.Process
	if len(e.asked[withFact]) == 0 || ev.Kind != event.ExecKind || p.Exec == nil {
		return nil
	}
	executed := e.executed(ev)
	if hook.ToolOf(p.Name(), p.Image.SigningID) == "" {
		return executed
	}
	return append(executed, hook.Analyze(e.hookInput(p))...)
}

// hookInput returns the process of the record as package hook looks at it.
func (e *Engine) hookInput(p *event.Process) hook.Input {
	return hook.Input{
		Name: p.Name(), Executable: p.Image.Executable, SigningID: p.Image.SigningID,
		Args: p.Exec.Args, WorkingDirectory: p.Exec.WorkingDirectory,
		EUID: p.Token.EUID, Home: e.record.home(), HostUUID: e.world.HostID,
	}
}

// Imitated returns what a process does to hooks if it is one of the tools under another name and
// signature. That it has such arguments proves nothing: a change of that file to that value does.
func (e *Engine) Imitated(ev *event.Event) []hook.Fact {
	p := ev.Process
	if p.Exec == nil || hook.ToolOf(p.Name(), p.Image.SigningID) != "" {
		return nil
	}
	e.setRecord(Record{Event: ev, at: ev.Time})
	return hook.Imitate(e.hookInput(p))
}

// ExamineFact returns what the rules find in a fact that became known of an event later. Sequences
// have had the event.
func (e *Engine) ExamineFact(ev *event.Event, fact *hook.Fact) []Finding {
	e.findings = e.findings[:0]
	e.setRecord(Record{Event: ev, Fact: fact, at: ev.Time})
	for _, p := range e.asked[withFact] {
		if p.sequence == nil {
			e.findings = p.appendFindings(e.findings, &e.record, withFact)
		}
	}
	return e.findings
}

// Consider returns what the rules find in a condition of a sensor.
func (e *Engine) Consider(c Condition) []Finding {
	e.findings = e.findings[:0]
	e.setRecord(Record{Condition: &c, at: c.Since})
	for _, p := range e.asked[event.Other] {
		e.findings = p.appendFindings(e.findings, &e.record, event.Other)
	}
	return e.findings
}

// Advance returns what the rules find at a time since something did not happen until then.
func (e *Engine) Advance(now time.Time) []Finding {
	e.findings = e.findings[:0]
	for _, p := range e.late {
		e.findings = p.appendSequences(e.findings, p.sequence.Advance(now.UnixNano()))
	}
	return e.findings
}

// Inherit takes over what an engine with other rules knows: how often rules matched, how
// often exceptions were used, and what rules that are the same remember.
func (e *Engine) Inherit(old *Engine) {
	e.at = old.at
	e.SetHooks(old.hooked)
	for _, p := range e.programs {
		if i := slices.IndexFunc(old.programs, func(o *program) bool { return o.rule.ID == p.rule.ID }); i >= 0 {
			p.inherit(old.programs[i])
		}
	}
	e.inheritUses(old.exceptions)
}

// Activity is what a rule did so far.
type Activity struct {
	Rule       *rules.Rule
	Matches    uint64
	Last       time.Time // zero without a match
	Remembered int       // sequences that have begun
	Dropped    uint64    // of these, forgotten for want of room: each may be a match that was lost
}

// Activities returns what every rule did so far.
func (e *Engine) Activities() []Activity {
	out := make([]Activity, len(e.programs))
	for i, p := range e.programs {
		out[i] = Activity{Rule: p.rule, Matches: p.matches, Last: p.last}
		if p.sequence != nil {
			_, out[i].Remembered = p.sequence.Pending()
			d := p.sequence.Dropped()
			out[i].Dropped = d.Keys + d.Partials + d.Expanded
		}
	}
	return out
}
