package detect

import (
	"time"

	"hooksnare/detect/eql"
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

// situation returns which of the situations it is.
func (o *Observed) situation() event.Kind {
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

// The event.type of what became of preferences, as ECS has it.
var (
	infoType     = eql.Strings([]string{"info"})
	deletionType = eql.Strings([]string{"deletion"})
	creationType = eql.Strings([]string{"creation"})
	changeType   = eql.Strings([]string{"change"})
)

func (o *Observed) eventType() eql.Value {
	switch {
	case o.Change == nil:
		return infoType
	case o.Change.New == nil:
		return deletionType
	case o.Change.Old == nil:
		return creationType
	}
	return changeType
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
	if ch.New == nil || hook.RunsProgram(ch.Key) && hook.IsBlank(*ch.New) {
		f.Operation = hook.Remove
		return f
	}
	f.Value, f.HasValue = *ch.New, true
	return f
}

// Observe returns what the rules find in what became of preferences. by is the event of the
// process that did it, nil if none is known; of a program and of a file that can't be read,
// fact is the hook that is concerned, nil if none is.
func (e *Engine) Observe(o Observed, fact *hook.Fact, by *event.Event) []Finding {
	e.findings = e.findings[:0]
	e.setRecord(Record{Event: by, Fact: fact, State: &o, at: o.Time()})
	kind := o.situation()
	for _, p := range e.asked[kind] {
		e.findings = p.appendFindings(e.findings, &e.record, kind)
	}
	return e.findings
}
