package detect

import (
	"strings"

	"hooksnare/detect/eql"
	"hooksnare/detect/rules"
	"hooksnare/pkg/event"
)

// The categories of the records that there are.
const (
	processCategory   = "process"
	conditionCategory = "host"
	stateCategory     = "hooksnare" // not configuration: published rules have that for events of other sensors
)

// Names, and prefixes of names, of what is derived from an event.
const (
	verdictField = "hooksnare.verdict"
	hookPrefix   = "hooksnare.hook."
	healthPrefix = "hooksnare.health."
	statePrefix  = "hooksnare.change."
)

// situation is a kind of record: an event of a kind that does nothing to a hook, one that
// does, what became of preferences, or a condition of a sensor. What all its records have in
// common is worked out once.
type situation struct {
	category string
	example  Record
	fact     bool
	action   string // of what became of preferences
}

// situations are all kinds of records: by event.Kind for events without a fact, Other standing
// for conditions, and the others after them.
var situations = [...]situation{
	event.Other:    {conditionCategory, Record{Condition: &Condition{}}, false, ""},
	event.Fork:     {processCategory, ofKind(event.Fork), false, ""},
	event.ExecKind: {processCategory, ofKind(event.ExecKind), false, ""},
	event.Exit:     {processCategory, ofKind(event.Exit), false, ""},
	withFact:       {processCategory, ofKind(event.ExecKind), true, ""},

	withChange:     {stateCategory, Record{State: &Observed{Change: &event.Change{}}}, true, "hook-changed"},
	withProgram:    {stateCategory, Record{State: &Observed{Program: &event.ProgramChange{}}}, true, "hook-program-changed"},
	withExcepted:   {stateCategory, Record{State: &Observed{Excepted: "x"}}, true, "hook-excepted"},
	withUnreadable: {stateCategory, Record{State: &Observed{Unreadable: &event.Unreadable{}}}, true, "preferences-unreadable"},
}

// Kinds of records beside the kinds of events.
const (
	withFact       = event.Exit + 1 + iota // an exec that changes a hook
	withChange                             // a change of preferences
	withProgram                            // a change of a hook's program
	withUnreadable                         // preferences that can't be read
	withExcepted                           // a finding that an exception covers for the first time
)

func ofKind(k event.Kind) Record {
	return Record{Event: &event.Event{Kind: k, Process: &event.Process{Image: &event.Image{}}}}
}

// known returns what a field has in every record of the situation, and whether that is
// known: what kind of event it is, and the names of what it can't have.
func (s *situation) known(name string) (eql.Value, bool) {
	switch name {
	case "event.type":
		if s.category == stateCategory {
			return eql.Null(), false
		}
	case "event.action", "event.category", "event.kind", "event.module", "host.os.type", "host.os.family", "host.os.platform", "host.os.name":
	default:
		absent := strings.HasPrefix(name, hookPrefix) && !s.fact ||
			strings.HasPrefix(name, healthPrefix) && s.category != conditionCategory ||
			(name == verdictField || strings.HasPrefix(name, statePrefix)) && s.category != stateCategory ||
			strings.HasPrefix(name, "process.") && s.category == conditionCategory
		if !absent {
			return eql.Null(), false
		}
	}
	f, ok := Fields(name)
	if !ok {
		return eql.Null(), false
	}
	r := s.example
	return f(&r), true
}

// common returns what a field has in every record of an event.
func common(name string) (eql.Value, bool) {
	if strings.HasPrefix(name, "host.os.") || strings.HasPrefix(name, healthPrefix) || name == "event.category" || name == "event.kind" {
		return situations[event.ExecKind].known(name)
	}
	return eql.Null(), false
}

// remainingQuery returns what is left of a rule's query in the situation, nil if the rule can
// have nothing to say.
func (s *situation) remainingQuery(r *rules.Rule) *eql.Query {
	return remainingQuery(r, eql.String(s.category), s.known)
}

// remainingQuery is situation.remainingQuery for records of a category, of which some fields
// are known.
func remainingQuery(r *rules.Rule, category eql.Value, known func(string) (eql.Value, bool)) *eql.Query {
	if r.EventCategory != "" {
		category, _ = known(r.EventCategory)
	}
	return r.Query.Given(category, known)
}
