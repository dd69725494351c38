package detect

import (
	"time"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// Observed is what became of preferences, or of what they point to, or of a finding: one of
// the four.
type Observed struct {
	Change     *event.Change
	Program    *event.ProgramChange
	Unreadable *event.Unreadable
	Excepted   string   // the exception that covers a finding for the first time
	Covered    *Finding // that finding

	Verdict string // confirmed, unattributed or observed
	Home    string // of a program: the home folder of the preferences that name it, "" for none
}

// The actions of what was observed, as rules ask for them.
const (
	hookChanged    = "hook-changed"
	programChanged = "hook-program-changed"
	unreadable     = "preferences-unreadable"
	excepted       = "hook-excepted"
)

func (o *Observed) action() string {
	switch {
	case o.Change != nil:
		return hookChanged
	case o.Program != nil:
		return programChanged
	case o.Excepted != "":
		return excepted
	}
	return unreadable
}

func (o *Observed) kind() event.Kind {
	switch {
	case o.Change != nil:
		return withChange
	case o.Program != nil:
		return withProgram
	case o.Excepted != "":
		return withExcepted
	}
	return withUnreadable
}

// Time returns when it was seen.
func (o *Observed) Time() time.Time {
	switch {
	case o.Change != nil:
		return o.Change.Time
	case o.Program != nil:
		return o.Program.Time
	case o.Unreadable != nil:
		return o.Unreadable.Since
	case o.Covered != nil:
		return o.Covered.Record.Time()
	}
	return time.Time{}
}

// What a change is a difference to, as rules ask for it.
var sinceNames = map[event.Since]string{event.SinceSeen: "running", event.SinceStop: "stopped", event.SinceNever: "first_look"}

// FactOf returns what a change does to a hook.
func FactOf(ch *event.Change) *hook.Fact {
	f := &hook.Fact{Operation: hook.Set, Key: ch.Key, Plist: ch.File, Scope: hook.Scope(ch.Scope), Strict: true}
	if ch.New == nil {
		f.Operation = hook.Remove
		return f
	}
	f.Value, f.HasValue = *ch.New, true
	return f
}

// Observe returns what the rules find in what became of preferences. by is the event of the
// process that did it, nil if none is known; of a program and of a file that can't be read,
// fact tells the hook that is concerned, nil if none is.
func (e *Engine) Observe(o Observed, fact *hook.Fact, by *event.Event) []Finding {
	e.findings = e.findings[:0]
	e.begin(Record{Event: by, Fact: fact, State: &o, at: o.Time()})
	kind := o.kind()
	for _, p := range e.asked[kind] {
		e.findings = p.ask(&e.record, kind, e.findings)
	}
	return e.findings
}
