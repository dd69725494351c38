package detect

import (
	"errors"
	"fmt"

	"hooksnare/detect/eql"
	"hooksnare/detect/hook"
	"hooksnare/detect/rules"
	"hooksnare/pkg/event"
)

// Engine asks every rule about every event. It is for one goroutine.
type Engine struct {
	processes  []compiled // rules that do not look at hooks
	hooks      []compiled // rules that do: asked about each fact of an event
	bare       []compiled // those of hooks that can match without a fact: asked about events that have none
	conditions []compiled // rules about sensors
	exceptions []exception
	findings   []Finding
	record     Record
	matches    map[string]uint64
}

type compiled struct {
	rule    *rules.Rule
	matcher *eql.Matcher[*Record]
}

// Finding is a rule that matched.
type Finding struct {
	Rule   *rules.Rule
	Record Record
	// Hidden is the exception that covers it, "" for none. A covered finding is no alert.
	Hidden string
	// Broken is an exception that would cover it if its pin held, and why it does not.
	Broken, Why string
	// Unpinned says that Hidden covers it by its condition alone: there was no disk on
	// which to look at its pin.
	Unpinned bool
}

// New compiles rules and exceptions. The error names every rule that can't be compiled;
// the caller leaves those out and goes on with the rest. Rules that this version can't
// run, and those about events that it does not see, are passed over.
func New(list []*rules.Rule, exceptions []Exception) (*Engine, error) {
	e := &Engine{matches: map[string]uint64{}}
	var faults []error
	for _, r := range list {
		if !Sees(r) {
			continue
		}
		m, err := Compile(r)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: query: %w", r.File, err))
			continue
		}
		e.add(compiled{r, m})
	}
	for _, x := range exceptions {
		c, err := x.compile()
		if err != nil {
			faults = append(faults, err)
			continue
		}
		e.exceptions = append(e.exceptions, c)
	}
	return e, errors.Join(faults...)
}

// add files a rule under what it has to be asked about.
func (e *Engine) add(c compiled) {
	r := c.rule
	if asks(r, conditionCategory) {
		e.conditions = append(e.conditions, c)
	}
	if !asks(r, processCategory) || needs(r.Query.Where(), isHealth) {
		return
	}
	if !r.Mentions(hookFields) {
		e.processes = append(e.processes, c)
		return
	}
	e.hooks = append(e.hooks, c)
	if !needs(r.Query.Where(), isHook) {
		e.bare = append(e.bare, c)
	}
}

// Surroundings is what an analysis needs beside the event, and pure code can't look up.
type Surroundings struct {
	Home        string // of the process's effective user, "" if not known
	HostUUID    string
	UserName    string         // of the process's effective user, "" if not known
	Responsible *event.Process // nil if not known, or the process itself
}

// Interesting reports, without allocating, whether Examine can find anything in an
// event. Most events of a host are of no interest to any rule.
func (e *Engine) Interesting(ev *event.Event) bool {
	return len(e.processes) > 0 || len(e.bare) > 0 || e.mayHaveFacts(ev)
}

// mayHaveFacts reports whether an event is of a tool that can change a hook, and whether
// anyone asks.
func (e *Engine) mayHaveFacts(ev *event.Event) bool {
	p := ev.Process
	return len(e.hooks) > 0 && ev.Kind == event.ExecKind && p.Exec != nil && hook.ToolOf(p.Name(), p.Image.SigningID) != ""
}

// Examine returns what the rules find in an event. The slice holds until the next call;
// what it points to may be kept, but for the event.
func (e *Engine) Examine(ev *event.Event, s Surroundings) []Finding {
	e.findings = e.findings[:0]
	e.record = Record{Event: ev, UserName: s.UserName, Responsible: s.Responsible}
	e.ask(e.processes)
	facts := e.facts(ev, s)
	if len(facts) == 0 {
		e.ask(e.bare)
	}
	for n := range facts {
		e.record.Fact = &facts[n]
		e.ask(e.hooks)
	}
	return e.findings
}

// facts returns what an event does to hooks.
func (e *Engine) facts(ev *event.Event, s Surroundings) []hook.Fact {
	if !e.mayHaveFacts(ev) {
		return nil
	}
	p := ev.Process
	return hook.Analyze(hook.Input{
		Name: p.Name(), Executable: p.Image.Executable, SigningID: p.Image.SigningID,
		Args: p.Exec.Args, WorkingDirectory: p.Exec.WorkingDirectory,
		EUID: p.Token.EUID, Home: s.Home, HostUUID: s.HostUUID,
	})
}

// Consider returns what the rules find in a condition of a sensor.
func (e *Engine) Consider(c Condition) []Finding {
	e.findings = e.findings[:0]
	e.record = Record{Condition: &c}
	e.ask(e.conditions)
	return e.findings
}

// ask asks rules about the record.
func (e *Engine) ask(list []compiled) {
	for i := range list {
		if c := &list[i]; c.matcher.Match(&e.record) {
			e.findings = append(e.findings, Finding{Rule: c.rule, Record: e.record})
			e.matches[c.rule.ID]++
		}
	}
}

// Matches returns how often a rule matched so far.
func (e *Engine) Matches(id string) uint64 { return e.matches[id] }
