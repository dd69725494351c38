package health

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/clip"
)

// Bounds of what a [Board] holds. Conditions without a subject are always known; of those that
// have one, whose number others may drive up, so many are known at a time, and fewer are named:
// no user's can crowd out what is said of the agent itself.
const (
	maxSubjects      = 64  // of one condition that are known
	maxNamedSubjects = 8   // of one condition, in a heartbeat or status: a document is bounded
	maxEarly         = 128 // reports from before there is anybody who raises alerts
)

// Board holds the conditions that are on, logs each as it begins and ends, and has alerts raised
// about them. It is safe for concurrent use.
type Board struct {
	log zerolog.Logger

	mu    sync.Mutex // guards all below; nothing is called with it held
	on    map[Condition]alert.ConditionFacts
	raise Report   // nil before there is anybody who raises alerts
	early []report // what waits for that
	turns uint64   // conditions that began or ended
}

type report struct {
	condition    Condition
	detail       string
	on           bool
	since, until time.Time
}

// NewBoard returns a board on which no condition is on.
func NewBoard(log zerolog.Logger) *Board {
	return &Board{log: log, on: map[Condition]alert.ConditionFacts{}}
}

// Report takes a condition as it begins or ends, and has an alert raised about it.
func (b *Board) Report(c Condition, detail string, on bool, since, until time.Time) {
	b.Note(c, detail, on, since)
	b.mu.Lock()
	raise := b.raise
	if raise == nil && len(b.early) < maxEarly {
		b.early = append(b.early, report{c, detail, on, since, until})
	}
	b.mu.Unlock()
	if raise != nil {
		raise(c, detail, on, since, until)
	}
}

// RaiseWith says what raises alerts, and hands it what was reported so far.
func (b *Board) RaiseWith(raise Report) {
	b.mu.Lock()
	early := b.early
	b.raise, b.early = raise, nil
	b.mu.Unlock()
	for _, r := range early {
		raise(r.condition, r.detail, r.on, r.since, r.until)
	}
}

// Note takes a condition as it begins or ends of which somebody else raises the alert.
func (b *Board) Note(c Condition, detail string, on bool, since time.Time) {
	b.set(c, detail, on, since)
	e := b.log.Info()
	if on {
		e = b.log.Warn()
	}
	e.Stringer("state", c).Bool("active", on).Str("detail", detail).Msg("state")
}

// set is Note without a line in the log.
func (b *Board) set(c Condition, detail string, on bool, since time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, known := b.on[c]
	if !on {
		if known {
			b.turns++
		}
		delete(b.on, c)
		return
	}
	if !known {
		b.turns++
	}
	if known || c.Subject == "" || b.subjectsLocked(c.Name) < maxSubjects {
		b.on[c] = alert.ConditionFacts{State: c.String(), Detail: clip.Text(detail, clip.NameBytes), Since: alert.At(since)}
	}
}

// Turns counts the conditions that began or ended.
func (b *Board) Turns() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.turns
}

// subjectsLocked returns how many subjects of a condition are known.
func (b *Board) subjectsLocked(name Name) int {
	n := 0
	for c := range b.on {
		if c.Name == name {
			n++
		}
	}
	return n
}

// Facts returns the conditions that are on in the order of their table, of each kind the oldest
// first, and how many are on and not among them.
func (b *Board) Facts() (list []alert.ConditionFacts, unnamed uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]Condition, 0, len(b.on))
	for c := range b.on {
		all = append(all, c)
	}
	slices.SortFunc(all, func(x, y Condition) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), b.on[x].Since.Compare(b.on[y].Since.Time), cmp.Compare(x.Subject, y.Subject))
	})
	named := map[Name]int{}
	for _, c := range all {
		if named[c.Name]++; named[c.Name] > maxNamedSubjects {
			unnamed++
			continue
		}
		list = append(list, b.on[c])
	}
	return list, unnamed
}
