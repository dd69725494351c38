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
)

// Prefixes of the names of what is derived from an event.
const (
	hookPrefix   = "hooksnare.hook."
	healthPrefix = "hooksnare.health."
)

// situation is a kind of record: an event of a kind that does nothing to a hook, one that
// does, or a condition of a sensor. What all its records have in common is worked out once.
type situation struct {
	name     string
	category string
	example  Record
	fact     bool
}

// situations are all kinds of records, in the order of event.Kind; those without facts
// first.
var situations = [...]situation{
	event.Other:    {"a condition of a sensor", conditionCategory, Record{Condition: &Condition{}}, false},
	event.Fork:     {"a fork", processCategory, ofKind(event.Fork), false},
	event.ExecKind: {"an exec", processCategory, ofKind(event.ExecKind), false},
	event.Exit:     {"an exit", processCategory, ofKind(event.Exit), false},
	withFact:       {"an exec that changes a hook", processCategory, ofKind(event.ExecKind), true},
}

const withFact = event.Exit + 1

func ofKind(k event.Kind) Record {
	return Record{Event: &event.Event{Kind: k, Process: &event.Process{Image: &event.Image{}}}}
}

// known returns what a field has in every record of the situation, and whether that is
// known: what kind of event it is, and the names of what it can't have.
func (s *situation) known(name string) (eql.Value, bool) {
	switch name {
	case "event.category", "event.type", "event.action", "event.kind", "event.module",
		"host.os.type", "host.os.family", "host.os.platform", "host.os.name":
	default:
		absent := strings.HasPrefix(name, hookPrefix) && !s.fact ||
			strings.HasPrefix(name, healthPrefix) && s.category == processCategory ||
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

// concerns reports whether a rule can have something to say about a record of the
// situation. It may say yes where the answer is no.
func (s *situation) concerns(r *rules.Rule) bool { return possible(r, s.category, s.known) }

// possible reports whether a rule can have something to say about a record of a category
// of which some fields are known.
func possible(r *rules.Rule, of string, known func(string) (eql.Value, bool)) bool {
	switch {
	case r.KQL != nil:
		for _, name := range r.KQL.Fields() {
			if v, ok := known(name); ok && !kqlAllows(r, name, v) {
				return false
			}
		}
		return true
	case r.Query == nil:
		return false
	case r.EventCategory != "":
		v, ok := known(r.EventCategory)
		return !ok || r.Query.Possible(v, known)
	}
	return r.Query.Possible(eql.String(of), known)
}

// kqlAllows reports whether a query in kuery can hold of records that have a value in a
// field.
func kqlAllows(r *rules.Rule, name string, v eql.Value) bool {
	values, limited := r.KQL.Allowed(name)
	if !limited {
		return true
	}
	need := eql.Requirement{Category: eql.Any, Field: name, Values: values}
	return need.Allows(eql.Null(), v)
}

// lookedUp are the fields by which rules in kuery are found, the best first.
var lookedUp = [...]string{"process.name", "process.executable", "process.parent.name", "process.args"}

// requirements returns what a record must meet for a rule to be asked about it: one of
// them.
func requirements(r *rules.Rule) []eql.Requirement {
	if r.KQL == nil {
		return r.Query.Requires()
	}
	for _, name := range lookedUp {
		if values, ok := r.KQL.Allowed(name); ok {
			return []eql.Requirement{{Category: eql.Any, Field: name, Values: values}}
		}
	}
	return []eql.Requirement{{Category: eql.Any}}
}
