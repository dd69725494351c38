package spool

import (
	"math"
	"slices"
	"time"
)

// allOutputs is how many times the bound of one output all of them together may take. Two that
// are down and want different alerts have room for all that each of them may; those that work
// have next to nothing waiting. An alert counts once, as its links share one file.
const allOutputs = 2

// evictedAtOnce is the part of a queue that goes when it is over its bound, so that a long one
// is not ranked for every alert: of 50,000 it is 390.
const evictedAtOnce = 128

// enforceBounds evicts what is over the bounds: of each queue what is over its own, then of the
// longest what keeps the folder, or memory, over the bound for all of them. Those that work are
// never the longest for long, so that one that is down costs them nothing.
func (s *Spool) enforceBounds() {
	defer func() { _ = s.removeLinks() }()
	s.mu.Lock()
	defer s.mu.Unlock()
	alerts := newLoss(Evicted, "more than %d alerts wait for the output", s.o.MaxAlerts)
	bytes := newLoss(Evicted, "more than %d bytes wait for the output", s.o.MaxBytes)
	for _, q := range s.queues {
		if n := q.stats.Depth; n > s.o.MaxAlerts {
			s.evictLocked(alerts, q, 0, min(s.o.MaxAlerts, n-n/evictedAtOnce), s.o.MaxBytes)
		} else if q.stats.Bytes > s.o.MaxBytes {
			s.evictLocked(bytes, q, 0, n-n/evictedAtOnce, s.o.MaxBytes)
		}
	}
	s.events.addEvent(alerts)
	s.events.addEvent(bytes)
	s.boundTogetherLocked("wait for all outputs together", 0, allOutputs*s.o.MaxAlerts, allOutputs*s.o.MaxBytes)
	s.boundTogetherLocked("are in memory alone", inMemory, s.o.maxHeld, s.o.maxHeldBytes)
}

// boundTogetherLocked bounds the alerts with certain flags of all queues together. Each time that they
// are over by some, the queue that has most gives a share of that, so that all end about as long.
func (s *Spool) boundTogetherLocked(where string, flags uint16, maxAlerts int, maxBytes int64) {
	alerts := newLoss(Evicted, "more than %d alerts %s", maxAlerts, where)
	bytes := newLoss(Evicted, "more than %d bytes %s", maxBytes, where)
	for {
		count, size := int64(s.index.live), s.index.bytes
		if flags != 0 {
			count, size = int64(s.held), s.heldBytes
		}
		switch n := int64(len(s.queues)); {
		case count > int64(maxAlerts):
			q, most := s.longestLocked(flags, func(*record) int64 { return 1 })
			s.evictLocked(alerts, q, flags, int(most-(count-int64(maxAlerts)+n-1)/n), math.MaxInt64)
		case size > maxBytes:
			q, most := s.longestLocked(flags, func(r *record) int64 { return int64(r.size) })
			s.evictLocked(bytes, q, flags, math.MaxInt, most-(size-maxBytes+n-1)/n)
		default:
			s.events.addEvent(alerts)
			s.events.addEvent(bytes)
			return
		}
	}
}

// longestLocked returns the queue that has most of something, in the alerts with certain flags.
func (s *Spool) longestLocked(flags uint16, amount func(*record) int64) (longest *Queue, most int64) {
	amounts := make([]int64, len(s.queues))
	for r := range s.index.waitingFor(^uint64(0), flags) {
		for i, q := range s.queues {
			if r.mask&q.bit != 0 {
				amounts[i] += amount(r)
			}
		}
	}
	most = slices.Max(amounts)
	return s.queues[slices.Index(amounts, most)], most
}

// evictLocked takes from a queue what goes so that at most so much is left of its alerts with
// certain flags.
func (s *Spool) evictLocked(e *Event, q *Queue, flags uint16, maxAlerts int, maxBytes int64) {
	var records []*record
	var claims []Claim
	for r := range s.index.waitingFor(q.bit, flags) {
		records, claims = append(records, r), append(claims, r.claim())
	}
	for _, i := range Evict(claims, maxAlerts, maxBytes) {
		s.loseLocked(e, records[i], q)
	}
}

// loseLocked takes an alert from a queue for good. Others may still want it.
func (s *Spool) loseLocked(e *Event, r *record, q *Queue) {
	e.addRecord(r, q.name)
	q.stats.Lost++
	if r.flags&inMemory == 0 {
		s.unlinked = append(s.unlinked, q.path("out", r))
	}
	s.clearLocked(r, q)
}

// ageGrace is how long alerts that are too old are kept after Open: a machine that was off for
// long gets time to deliver.
const ageGrace = time.Hour

// oldestKept is the time of the oldest alert to be kept, in milliseconds. Neither a jump of the
// clock forward nor a wrong time at start makes alerts old: the age is the lesser of what the
// wall clock says and what has passed since the start.
func (s *Spool) oldestKept() int64 {
	passed := time.Since(s.opened) // whatever the clock was set to
	if passed < ageGrace {
		return 0
	}
	now := s.o.now().Round(0)
	if steady := s.opened.Round(0).Add(passed); steady.Before(now) {
		now = steady
	}
	return toMillis(now.Add(-s.o.MaxAge))
}

// expireOld evicts what is too old.
func (s *Spool) expireOld() {
	defer func() { _ = s.removeLinks() }()
	oldest := s.oldestKept()
	s.mu.Lock()
	defer s.mu.Unlock()
	e := newLoss(Evicted, "older than %v", s.o.MaxAge)
	for _, q := range s.queues {
		for r := range s.index.waitingFor(q.bit, 0) {
			if r.ms < oldest {
				s.loseLocked(e, r, q)
			}
		}
	}
	s.events.addEvent(e)
}
