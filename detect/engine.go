package detect

import (
	"errors"
	"fmt"
	"strings"

	"hooksnare/detect/eql"
	"hooksnare/detect/hook"
	"hooksnare/detect/rules"
	"hooksnare/pkg/event"
)

// Engine asks every rule about every event. It is for one goroutine.
type Engine struct {
	hooks      []compiled // rules that need a fact about a hook
	processes  []compiled // the other rules about events
	conditions []compiled // rules about sensors
	exceptions []exception
	findings   []Finding
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
// run are passed over.
func New(list []*rules.Rule, exceptions []Exception) (*Engine, error) {
	e := &Engine{matches: map[string]uint64{}}
	var faults []error
	for _, r := range list {
		if r.NotRunnable != "" {
			continue
		}
		m, err := Compile(r)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: query: %w", r.File, err))
			continue
		}
		c := compiled{r, m}
		switch {
		case r.Mentions("hooksnare.hook."):
			e.hooks = append(e.hooks, c)
		case r.Mentions("hooksnare.health."):
			e.conditions = append(e.conditions, c)
		default:
			e.processes = append(e.processes, c)
		}
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

// Compile binds a rule's query to the fields of a record.
func Compile(r *rules.Rule) (*eql.Matcher[*Record], error) {
	return eql.Compile(r.Query, category, Fields)
}

// Surroundings is what an analysis needs beside the event, and pure code can't look up.
type Surroundings struct {
	Home     string // of the process's effective user, "" if not known
	HostUUID string
}

// Interesting reports, without allocating, whether Examine can find anything in an
// event. Most events of a host are of no interest to any rule.
func (e *Engine) Interesting(ev *event.Event) bool {
	if len(e.processes) > 0 {
		return true
	}
	return ev.Kind == event.ExecKind && len(e.hooks) > 0 &&
		hook.ToolOf(ev.Process.Name(), ev.Process.Image.SigningID) != ""
}

// Examine returns what the rules find in an event. The slice holds until the next call;
// what it points to may be kept, but for the event.
func (e *Engine) Examine(ev *event.Event, s Surroundings) []Finding {
	e.findings = e.findings[:0]
	record := Record{Event: ev}
	for i := range e.processes {
		e.ask(&e.processes[i], &record)
	}
	if ev.Kind != event.ExecKind || len(e.hooks) == 0 {
		return e.findings
	}
	p := ev.Process
	if hook.ToolOf(p.Name(), p.Image.SigningID) == "" {
		return e.findings
	}
	facts := hook.Analyze(hook.Input{
		Name: p.Name(), Executable: p.Image.Executable, SigningID: p.Image.SigningID,
		Args: p.Exec.Args, WorkingDirectory: p.Exec.WorkingDirectory,
		EUID: p.Token.EUID, Home: s.Home, HostUUID: s.HostUUID,
	})
	for n := range facts {
		record.Fact = &facts[n]
		for i := range e.hooks {
			e.ask(&e.hooks[i], &record)
		}
	}
	return e.findings
}

// Consider returns what the rules find in a condition of a sensor.
func (e *Engine) Consider(c Condition) []Finding {
	e.findings = e.findings[:0]
	record := Record{Condition: &c}
	for i := range e.conditions {
		e.ask(&e.conditions[i], &record)
	}
	return e.findings
}

func (e *Engine) ask(c *compiled, r *Record) {
	if c.matcher.Match(r) {
		e.findings = append(e.findings, Finding{Rule: c.rule, Record: *r})
		e.matches[c.rule.ID]++
	}
}

// Matches returns how often a rule matched so far.
func (e *Engine) Matches(id string) uint64 { return e.matches[id] }

// Sentence says in words what was found, for an alert's message.
func (f *Finding) Sentence() string {
	switch {
	case f.Record.Fact != nil:
		return f.Rule.Name + ": " + factSentence(f.Record.Event.Process, f.Record.Fact)
	case f.Record.Event != nil:
		p := f.Record.Event.Process
		if f.Record.Event.Kind == event.ExecKind && p.Exec != nil {
			return f.Rule.Name + ": " + p.Name() + " was run as " + quote(p.Exec.CommandLine())
		}
		return f.Rule.Name + ": " + f.Record.Event.Kind.String() + " of " + quote(p.Image.Executable)
	case f.Record.Condition != nil && f.Record.Condition.Detail != "":
		return f.Rule.Name + ": " + f.Record.Condition.State + ": " + f.Record.Condition.Detail
	case f.Record.Condition != nil:
		return f.Rule.Name + ": " + f.Record.Condition.State
	}
	return f.Rule.Name
}

func factSentence(p *event.Process, f *hook.Fact) string {
	var b strings.Builder
	b.WriteString(p.Name())
	switch f.Operation {
	case hook.Set:
		b.WriteString(" sets " + f.Key)
		if f.HasValue {
			b.WriteString(" to " + quote(f.Value))
		}
		if f.Source != "" {
			b.WriteString(" from the key " + quote(f.Source))
		}
	case hook.Remove:
		b.WriteString(" removes " + orAll(f.Key))
	case hook.Import:
		b.WriteString(" imports")
		if f.SourceFile != "" {
			b.WriteString(" " + quote(f.SourceFile))
		}
	case hook.Edit:
		b.WriteString(" edits the preferences")
	}
	where := f.Plist
	if where == "" {
		where = f.Domain
	}
	if where != "" {
		b.WriteString(" in " + quote(where))
	}
	return b.String()
}

func orAll(key string) string {
	if key == "" {
		return "all keys"
	}
	return key
}

// quoteBytes bounds text from outside in a message; the members hold all of it.
const quoteBytes = 200

// quote shows text from outside so that it can't be taken for ours.
func quote(s string) string {
	if len(s) > quoteBytes {
		return fmt.Sprintf("%+q…", strings.ToValidUTF8(s[:quoteBytes], ""))
	}
	return fmt.Sprintf("%q", s)
}
