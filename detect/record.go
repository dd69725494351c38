// Package detect judges what collectors observed: which rule an event matches, which
// exception covers it, what is a repeat and what is too much. It is pure: the same
// events in the same order give the same findings, on any machine and at any time.
package detect

import (
	"time"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// Condition is a state of a sensor, as it begins.
type Condition struct {
	State  string
	Detail string
	Since  time.Time
}

// Record is what a rule is asked about: an event of a process, one of the facts about a
// hook that were derived from it, or a condition of a sensor. It is for one goroutine: it
// keeps what rules made it work out.
type Record struct {
	Event       *event.Event   // nil for a condition
	Fact        *hook.Fact     // nil without
	Condition   *Condition     // nil for an event
	UserName    string         // of the event's process, "" if not known
	Responsible *event.Process // nil if not known, or the process itself

	commandLine, parentCommandLine joined
}

// joined is a command line, once a rule has asked for it: it may be long, and many rules
// ask for the same one.
type joined struct {
	text string
	done bool
}

func (j *joined) of(x *event.Exec) string {
	if !j.done {
		j.text, j.done = x.CommandLine(), true
	}
	return j.text
}
