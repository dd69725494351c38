package prefs

import "time"

// slots are looks to take some time after something happened. However often it happens,
// each is taken at its time after the first and after the last time it did, and no more
// often than that time apart.
type slots struct {
	delays []time.Duration
	due    []time.Time // zero: none
	last   time.Time   // when it happened last
}

func newSlots(delays []time.Duration) slots {
	return slots{delays: delays, due: make([]time.Time, len(delays))}
}

// happen notes that it happened.
func (s *slots) happen(now time.Time) {
	s.last = now
	for i, d := range s.delays {
		if s.due[i].IsZero() {
			s.due[i] = now.Add(d)
		}
	}
}

// take reports whether a look is due, and what is due next.
func (s *slots) take(now time.Time) bool {
	taken := false
	for i, d := range s.delays {
		if s.due[i].IsZero() || now.Before(s.due[i]) {
			continue
		}
		taken = true
		if last := s.last.Add(d); last.After(s.due[i]) && last.After(now) {
			s.due[i] = last
		} else {
			s.due[i] = time.Time{}
		}
	}
	return taken
}

// next returns the earliest of until and what is due.
func (s *slots) next(until time.Time) time.Time {
	for _, d := range s.due {
		until = earliest(until, d)
	}
	return until
}

// earliest returns the earlier of two times, of which zero is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
