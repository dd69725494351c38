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
// hook that were derived from it, or a condition of a sensor.
type Record struct {
	Event     *event.Event // nil for a condition
	Fact      *hook.Fact   // nil without
	Condition *Condition   // nil for an event
}
