package eslogger

import (
	"slices"
	"strings"
	"time"
)

// Condition names a way in which the sensor does not do its job.
type Condition string

// The first seven say why there is no working eslogger, one at a time: the next begins
// just before the one it replaces ends. The last ends when a later eslogger delivers
// an event. The other conditions are on beside these and beside each other.
const (
	Exited           Condition = "eslogger_exited"     // it ended by itself or was killed
	NoFullDiskAccess Condition = "no_full_disk_access" // macOS refuses: the grant is missing
	NotRoot          Condition = "not_root"            // macOS refuses: not run by root
	NotEntitled      Condition = "not_entitled"        // macOS refuses: the program lacks its entitlement
	TooManyClients   Condition = "too_many_clients"    // Endpoint Security has no place left
	UnknownEvent     Condition = "unknown_event"       // this macOS lacks an event that was asked for
	NotStarted       Condition = "not_started"         // the program is missing or can't be executed

	// Blind: canaries were run and not seen, or could not be run. Ends with the next one
	// seen. If no other exec was seen either, eslogger is replaced as it begins.
	Blind Condition = "blind"
	// Gap: events were dropped, or stood on lines that could not be read. Ends with the
	// first event after [Timing].GapHold without a loss, so that a burst is one gap.
	// The state has to be scanned again at both ends.
	Gap Condition = "gap"
	// SchemaUnknown: three lines that are malformed or of an unknown shape, with fewer than 256
	// usual ones in succession between them. Ends after 256 usual ones in succession.
	SchemaUnknown Condition = "schema_unknown"
)

// causes are the conditions that exclude each other.
var causes = []Condition{Exited, NoFullDiskAccess, NotRoot, NotEntitled, TooManyClients, UnknownEvent, NotStarted}

// State is one condition, as it begins or as it ends.
type State struct {
	Name   Condition
	On     bool
	Since  time.Time // when it began; of Blind, when the first unseen canary was run
	Until  time.Time // when it ended; zero while it is on
	Detail string    // the latest reason: printable ASCII, bounded
	Count  uint64    // exits, unseen rounds of canaries, events lost or unusual lines since it began
}

// conditionSet holds the conditions that are on. The zero value is ready. Source.mu guards it.
type conditionSet struct {
	on map[Condition]State
}

// turnOn turns a condition on and reports whether it was off. One that was on keeps its
// begin, takes the newer detail and adds to its count.
func (c *conditionSet) turnOn(name Condition, since time.Time, detail string, count uint64) (State, bool) {
	if c.on == nil {
		c.on = make(map[Condition]State)
	}
	st, was := c.on[name]
	if !was {
		st = State{Name: name, On: true, Since: since}
	}
	st.Detail = detail
	st.Count = addSaturating(st.Count, count)
	c.on[name] = st
	return st, !was
}

// turnOff turns a condition off and reports whether it was on.
func (c *conditionSet) turnOff(name Condition, now time.Time) (State, bool) {
	st, was := c.on[name]
	if !was {
		return State{}, false
	}
	delete(c.on, name)
	st.On, st.Until = false, now
	return st, true
}

// list returns what is on, the oldest first.
func (c *conditionSet) list() []State {
	var all []State
	for _, st := range c.on {
		all = append(all, st)
	}
	slices.SortFunc(all, func(x, y State) int {
		if order := x.Since.Compare(y.Since); order != 0 {
			return order
		}
		return strings.Compare(string(x.Name), string(y.Name))
	})
	return all
}

// addSaturating adds without overflow: the numbers of a stream can't be trusted.
func addSaturating(a, b uint64) uint64 {
	if a+b < a {
		return ^uint64(0)
	}
	return a + b
}
