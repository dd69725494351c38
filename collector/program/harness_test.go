package program

import (
	"context"
	"maps"
	"slices"
	"time"

	"hooksnare/pkg/event"
)

// Bounds of the watchers in these tests.
var maxWatched, maxSweep = ownLimits.values, ownLimits.sweep

// sweeper is a watcher that a test sweeps.
type sweeper struct {
	*watcher
	changes []event.ProgramChange
}

// newSweeper returns a watcher that knows what one before did.
func newSweeper(root string, previous State) *sweeper {
	s := &sweeper{watcher: newWatcher(Root, root, ownLimits)}
	s.previous = []map[string]Known{byValue(previous.Programs, maxWatched)}
	s.tell = func(_ string, c event.ProgramChange) { s.changes = append(s.changes, c) }
	return s
}

// Sweep sweeps the programs of values once, and returns what changed in their order.
func (s *sweeper) Sweep(values []string, now time.Time) []event.ProgramChange {
	s.changes, s.now = nil, func() time.Time { return now }
	s.set(values)
	s.sweep(context.Background())
	var out []event.ProgramChange
	for _, v := range values {
		for _, c := range s.changes {
			if c.Value == v {
				out = append(out, c)
			}
		}
	}
	return out
}

// State returns what is known.
func (s *sweeper) State() State { return State{Programs: s.known()} }

// unread returns the programs about which the last sweep could not learn all there is.
func (s *sweeper) unread() []event.Program {
	var out []event.Program
	for _, v := range slices.Sorted(maps.Keys(s.watched)) {
		if p, _ := s.program(v); p.Unread != "" {
			out = append(out, p)
		}
	}
	return out
}

// look examines a program as a command does.
func look(root, value string) (event.Program, []byte) {
	s := Examine(root, value, patience)
	return s.Program, s.Content
}
