package program

import (
	"cmp"
	"context"
	"maps"
	"math"
	"os"
	"slices"
	"time"

	"hooksnare/pkg/event"
)

// Bounds of the watches in these tests.
var maxWatched, maxSweep = reservedLimits.values, reservedLimits.sweep

// sweeper is the watch of root's programs that a test sweeps.
type sweeper struct {
	*ownerWatch
	changes []event.ProgramChange
}

// newSweeper returns a watch that knows what one before did.
func newSweeper(root string, previous State) *sweeper {
	s := &sweeper{}
	w := NewWatchers(NewExaminer(root, nil), Options{Previous: previous}, func(_ string, c event.ProgramChange) { s.changes = append(s.changes, c) })
	s.ownerWatch = w.ownerLocked(Root)
	return s
}

// Sweep sweeps the programs of values once, and returns what changed in their order.
func (s *sweeper) Sweep(values []string, now time.Time) []event.ProgramChange {
	s.changes, s.now = nil, func() time.Time { return now }
	s.Set(map[string][]string{Root: values})
	s.sweepValues(context.Background())
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

// program returns the last view of a program.
func (s *sweeper) program(value string) (event.Program, bool) {
	return programOf(s.Watchers, Root, value)
}

// programOf returns the last view of a program, and why it may be out of date.
func programOf(w *Watchers, owner, value string) (event.Program, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.owners[owner]
	if o == nil || o.watched[value] == nil {
		return event.Program{}, false
	}
	p := o.watched[value].program
	p.Unread = cmp.Or(o.watched[value].unread, p.Unread)
	return p, true
}

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

// slowly is how many rounds a test makes: more where there is time for them.
func slowly(rounds, slow int) int {
	if os.Getenv("TEST_SLOW") == "1" {
		return slow
	}
	return rounds
}

// examineFor is Examine with a limit, and all that it found.
func examineFor(root, value string, limit time.Duration) View {
	return commands.examineBelow(root, Root, value, limit)
}

// examineBoth examines a program as a command does, and returns its content, too.
func examineBoth(root, value string) (event.Program, []byte) {
	v := examineFor(root, value, patience)
	return v.Program, v.Content
}

// ample is an allowance of all there can be.
func ample(limit time.Duration) allowance {
	return allowance{time.Now().Add(limit), math.MaxInt64, maxHash, reservedLimits.parts}
}
