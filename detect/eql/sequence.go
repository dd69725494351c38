package eql

import (
	"cmp"
	"math"
)

// Limits bound what a Sequence remembers, whatever it is fed with. A zero field stands
// for the default.
type Limits struct {
	Keys     int   // values of the join keys that are followed at one time; 10,000
	Partials int   // sequences that have begun; 20,000
	Age      int64 // nanoseconds without an event after which a value of the keys is forgotten; none
}

// Defaults of Limits, and the bound of what one event can set off: a join key that is
// a list stands for each of its elements.
const (
	defaultKeys     = 10_000
	defaultPartials = 20_000
	maxKeysPerEvent = 100
)

// SequenceOptions say how to follow a sequence. Its zero value works for a sequence
// without maxspan.
type SequenceOptions[T any] struct {
	// Time reads when an event happened, in nanoseconds from any fixed moment. An
	// event without a time happens when the one before it did.
	Time func(T) (ns int64, ok bool)
	// Tiebreaker tells, for Run, the order of events of the same time.
	Tiebreaker Field[T]
	// Owner tells whose an event is. Where there is no more room, what is forgotten is of
	// the owner that has the most; the least of the numbers of those whose events belong
	// together counts, so 0 is for whom nobody else may crowd out. Without it all is one
	// owner's.
	Owner  func(T) uint64
	Limits Limits
}

// Stats count what a Sequence has forgotten to stay within its limits, since it was
// made. Each may be a match that was lost.
type Stats struct {
	Keys     uint64 // values of the join keys
	Partials uint64 // sequences that had begun
	Expanded uint64 // elements of join keys beyond the first 100 of an event
}

// Result is a sequence that was found, or an event.
type Result[T any] struct {
	// Events are the events in the order of the query. One that had to be missing is
	// not there.
	Events []T
	last   uint64 // number of the latest event, by which results are in order
}

// Sequence follows the events of one sequence query. It is for one goroutine, has no
// clock but the times of the events, and remembers no more than its limits allow.
type Sequence[T any] struct {
	// What is compiled does not change.
	steps   []*stageMatcher[T]   // what has to come, in order; runs are written out
	missing [][]*stageMatcher[T] // what must not come before each step, and after the last
	until   *stageMatcher[T]
	maxspan int64
	time    func(T) (int64, bool)
	owner   func(T) uint64
	limits  Limits

	now     int64  // time of the latest event
	number  uint64 // of the latest event
	keys    keyTable[T]
	waiting []candidate[T] // in the order of their times
	out     []Result[T]
	dropped Stats
}

// CompileSequence binds a sequence to records of type T, as Compile does with an event
// query. A sequence with a maxspan needs a Time.
func CompileSequence[T any](q *Query, category Field[T], fields func(name string) (Field[T], bool), options SequenceOptions[T]) (s *Sequence[T], err error) {
	defer recoverFault(q.text, &err)
	if !q.IsSequence() {
		fail(0, "not a sequence")
	}
	if q.maxspan > 0 && options.Time == nil {
		fail(0, "maxspan needs the time of the events, and there is none")
	}
	limits := options.Limits
	limits = Limits{cmp.Or(max(limits.Keys, 0), defaultKeys), cmp.Or(max(limits.Partials, 0), defaultPartials), cmp.Or(max(limits.Age, 0), math.MaxInt64)}
	s = &Sequence[T]{missing: [][]*stageMatcher[T]{nil}, maxspan: int64(q.maxspan), time: options.Time, owner: options.Owner, limits: limits, now: math.MinInt64}
	c := bindFields(q, fields)
	for i := range q.events {
		e := &q.events[i]
		m := &stageMatcher[T]{matcher: c.matcher(*e, category), by: e.By}
		for _, key := range e.By {
			m.fields = append(m.fields, c.fields[key.Name])
		}
		switch {
		case e.Until:
			s.until = m
		case e.Missing:
			gap := &s.missing[len(s.missing)-1]
			*gap = append(*gap, m)
		default:
			for range e.Runs {
				s.steps = append(s.steps, m)
				s.missing = append(s.missing, nil)
			}
		}
	}
	s.keys = keyTable[T]{byKey: map[string]*pending[T]{}, reached: make([]int, len(s.steps))}
	return s, nil
}

// Dropped returns the counts of what was forgotten to stay within the limits.
func (s *Sequence[T]) Dropped() Stats { return s.dropped }

// Pending returns how many values of the join keys are followed, and how many
// sequences have begun.
func (s *Sequence[T]) Pending() (keys, partials int) {
	return len(s.keys.byKey), s.keys.partials + len(s.waiting)
}

// since returns the time from one moment to another, 0 if that is earlier.
func since(now, then int64) int64 {
	switch d := now - then; {
	case now <= then:
		return 0
	case d < 0: // more than fits
		return math.MaxInt64
	default:
		return d
	}
}
