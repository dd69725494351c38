package health

import (
	"fmt"
	"sync/atomic"
	"time"
)

// Counter is a kind of loss: something that a part of the agent forgot, skipped or could
// not look at. Its row says what that means.
type Counter uint8

// The counters. To add one, add a row to the table of losses: a test asks for it.
const (
	_ Counter = iota

	EventsMissing
	LinesTooLong
	LinesMalformed
	EventsUnusual
	NumberingJumps
	OutputCut

	ProcessesForgotten
	LineageForgotten
	CausesForgotten
	RuleMemoryForgotten

	HomesSilent
	FilesUnreadable
	ChangesDeferred
	ProgramsUnwatched
	ProgramsUnread
	FactsSkipped

	AlertsUnmade
	ConditionsUnnamed

	counters // how many there are
)

// CounterRow is what is known of a kind of loss.
type CounterRow struct {
	Word    string // its name in heartbeats and the status
	Now     bool   // it counts what is so now; others count what happened since the agent started
	Matters bool   // while it rises the condition events_forgotten is on, with the word as its subject
	Meaning string // what was lost, for `N ...`
}

// Loss is a count. Those that only rise count since the agent started.
type Loss struct {
	Counter Counter
	Count   uint64
}

// Row returns what is known of a kind of loss.
func (c Counter) Row() CounterRow {
	if c == 0 || c >= counters {
		return CounterRow{Word: "unknown"}
	}
	return losses[c]
}

// Counters returns the whole table, in the order of the counters.
func Counters() []CounterRow { return append([]CounterRow(nil), losses[1:]...) }

// FindCounter returns what is known of a kind of loss, by its word.
func FindCounter(word string) (CounterRow, bool) {
	for _, row := range losses[1:] {
		if row.Word == word {
			return row, true
		}
	}
	return CounterRow{}, false
}

// Add adds losses to a sum by their words; those of nothing are left out.
func Add(sum map[string]uint64, list []Loss) {
	for _, l := range list {
		if l.Count > 0 {
			word := l.Counter.Row().Word
			sum[word] += min(l.Count, ^uint64(0)-sum[word])
		}
	}
}

// Tally counts for parts that can't be asked, since they are for one goroutine or keep no count
// themselves. It may be used from any goroutine; the zero value is ready.
type Tally struct {
	counts [counters]atomic.Uint64
}

// Add counts one more loss.
func (t *Tally) Add(c Counter) { t.counts[c].Add(1) }

// Set sets how many there are now.
func (t *Tally) Set(c Counter, n uint64) { t.counts[c].Store(n) }

// Losses returns what was counted.
func (t *Tally) Losses() []Loss {
	var out []Loss
	for c := range t.counts {
		if n := t.counts[c].Load(); n > 0 {
			out = append(out, Loss{Counter(c), n})
		}
	}
	return out
}

// LossQuiet is how long a counter must stand still before its condition ends: no counter
// begins or ends one more than once in this time, however it is driven.
const LossQuiet = 5 * time.Minute

// Change is a condition that begins, or ends if Until is set.
type Change struct {
	Condition    Condition
	Detail       string
	Since, Until time.Time
}

// Tracker tells from the counts of losses when their conditions begin and end. The zero value
// is ready. It is for one goroutine.
type Tracker struct {
	state [counters]lossState
}

type lossState struct {
	last  uint64    // the count at the last look
	from  uint64    // the count before the condition began
	since time.Time // when it began; zero while it is off
	rose  time.Time // the last time that it rose, or was more than none
}

// Look takes the counts of now and returns what begins and ends. A counter that is given more
// than once is the sum; one that is not given stands at 0.
func (t *Tracker) Look(list []Loss, now time.Time) []Change {
	var sums [counters]uint64
	for _, l := range list {
		if l.Counter < counters {
			sums[l.Counter] += min(l.Count, ^uint64(0)-sums[l.Counter])
		}
	}
	var out []Change
	for c := Counter(1); c < counters; c++ {
		row := losses[c]
		if !row.Matters {
			continue
		}
		if change, ok := t.state[c].look(&row, sums[c], now); ok {
			out = append(out, change)
		}
	}
	return out
}

func (s *lossState) look(row *CounterRow, count uint64, now time.Time) (Change, bool) {
	before := s.last
	s.last = count
	loses := count > before || row.Now && count > 0
	if loses || s.rose.After(now) { // a clock that was set back holds nothing open for ever
		s.rose = now
	}
	change := Change{Condition: EventsForgotten.Of(row.Word)}
	switch {
	case loses && s.since.IsZero():
		s.since, s.from = now, before
		change.Detail = fmt.Sprintf("%d %s", count-before, row.Meaning)
		if row.Now {
			change.Detail = fmt.Sprintf("%d %s", count, row.Meaning)
		}
	case !s.since.IsZero() && !loses && now.Sub(s.rose) >= LossQuiet:
		change.Since, change.Until = s.since, now
		change.Detail = fmt.Sprintf("%d %s; none more in the last %v", count-min(s.from, count), row.Meaning, now.Sub(s.rose).Round(time.Second))
		if row.Now {
			change.Detail = "0 " + row.Meaning
		}
		s.since = time.Time{}
		return change, true
	default:
		return Change{}, false
	}
	change.Since = now
	return change, true
}
