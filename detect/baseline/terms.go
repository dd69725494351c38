package baseline

import (
	"fmt"
	"slices"
	"time"
)

// defaultEntries bounds a memory of terms to a few MiB: BenchmarkTermsMemory prints it.
const defaultEntries = 65_536

// NoLearning is the value of TermsOptions.Learning that reports new combinations from
// the first moment.
const NoLearning = time.Duration(-1)

// TermsOptions says what is to be remembered.
type TermsOptions struct {
	Fields int           // values in one combination, at least 1
	Window time.Duration // how long after its last sighting a combination stays known

	// Learning is how long after the start, with an empty memory, combinations are noted
	// but not reported: 0 for one window. A server compares with the history that it has
	// stored; a fresh Mac has none, and everything on it would be new.
	Learning time.Duration

	MaxEntries int    // combinations remembered, 0 for 65,536
	Identity   string // the rule and its fields: a snapshot of any other is refused
}

// Terms remembers which combinations of values were seen within a window, as rules of
// type new_terms need it.
type Terms struct {
	o        TermsOptions
	window   int64
	start    int64 // of learning
	until    int64 // end of learning
	known    *recent[int64]
	digester digester
	stats    TermsStats
}

// TermsStats counts what became of combinations.
type TermsStats struct {
	Entries int    // remembered now
	Learned uint64 // new, and not reported because of learning
	Dropped uint64 // forgotten within their window for want of room: they will be new again
	Cut     uint64 // events with more combinations than are looked at
}

// NewTerms returns an empty memory that begins to learn at start. It begins anew if the
// clock turns out to have been more than a window ahead then.
func NewTerms(o TermsOptions, start time.Time) (*Terms, error) {
	if err := checkWindow(o.Window); err != nil {
		return nil, err
	}
	switch {
	case o.Fields < 1 || o.Fields > maxFields:
		return nil, fmt.Errorf("fields: %d is not between 1 and %d", o.Fields, maxFields)
	case o.Learning > maxWindow:
		return nil, fmt.Errorf("learning: %v is more than ten years", o.Learning)
	case o.MaxEntries < 0 || o.MaxEntries > 1<<24:
		return nil, fmt.Errorf("entries: %d is not between 0 and %d", o.MaxEntries, 1<<24)
	}
	if o.MaxEntries == 0 {
		o.MaxEntries = defaultEntries
	}
	if o.Learning == 0 {
		o.Learning = o.Window
	}
	o.Learning = max(o.Learning, 0)
	t := &Terms{o: o, window: int64(o.Window), known: newRecent[int64]()}
	t.learn(nanos(start))
	return t, nil
}

// learn begins a period of learning.
func (t *Terms) learn(at int64) { t.start, t.until = at, at+int64(t.o.Learning) }

// LearningUntil returns when new combinations begin to be reported.
func (t *Terms) LearningUntil() time.Time { return time.Unix(0, t.until).UTC() }

// Stats returns the counts so far.
func (t *Terms) Stats() TermsStats {
	s := t.stats
	s.Entries = t.known.len()
	return s
}

// Seen notes a combination and reports whether it is the first within the window and
// learning is over. A number of values other than Fields is no combination.
func (t *Terms) Seen(values []string, at time.Time) (first bool) {
	return len(values) == t.o.Fields && t.note(t.digester.of(values...), nanos(at))
}

// SeenAny notes every combination of one element from each field's list and returns
// the first that is new, nil without one. A field without a value makes no combination.
func (t *Terms) SeenAny(lists [][]string, at time.Time) (first []string) {
	if len(lists) != t.o.Fields {
		return nil
	}
	more := combinations(lists, func(values []string) {
		if t.Seen(values, at) && first == nil {
			first = slices.Clone(values)
		}
	})
	if more {
		t.stats.Cut++
	}
	return first
}

// note notes a sighting and reports whether it is to be reported.
func (t *Terms) note(key digest, at int64) bool {
	if last := t.known.use(key); last != nil {
		known := within(*last, at, t.window)
		if !known || at > *last {
			*last = at
		}
		return !known && !t.learning(at)
	}
	for t.known.len() >= t.o.MaxEntries {
		t.dropLast(at)
	}
	*t.known.add(key) = at
	return !t.learning(at)
}

// learning reports whether what is new at this time is only noted, and counts it.
func (t *Terms) learning(at int64) bool {
	if t.until == t.start {
		return false
	}
	if at < t.start-t.window {
		t.learn(at) // or a clock that was years ahead would make it last for years
	}
	if at >= t.until {
		return false
	}
	t.stats.Learned++
	return true
}

// within reports whether two times are no more than a window apart. A sighting from
// the future is the mark of a clock that was set back, and no reason for staying known
// until then.
func within(a, b, window int64) bool { return a-b <= window && b-a <= window }

// dropLast makes room. Entries out of their window stay until then: they are no burden,
// and a clock that is wrong for a moment does not take them away.
func (t *Terms) dropLast(at int64) {
	if within(*t.known.last(), at, t.window) {
		t.stats.Dropped++
	}
	t.known.dropLast()
}
