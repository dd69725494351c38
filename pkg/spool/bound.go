package spool

import (
	"cmp"
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
	defer s.removeLinks()
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.queues, s.isOverLocked) {
		s.boundQueuesLocked()
	}
	if s.index.live > allOutputs*s.o.MaxAlerts || s.index.bytes > allOutputs*s.o.MaxBytes {
		s.boundAllLocked()
	}
	if s.isHeldOverLocked() {
		s.boundHeldLocked()
	}
}

func (s *Spool) isOverLocked(q *Queue) bool {
	return q.stats.Depth > s.o.MaxAlerts || q.stats.Bytes > s.o.MaxBytes
}

func (s *Spool) isHeldOverLocked() bool {
	return s.held > s.o.maxHeld || s.heldBytes > s.o.maxHeldBytes
}

func (s *Spool) boundQueuesLocked() {
	alerts := newLoss(Evicted, "more than %d alerts wait for the output", s.o.MaxAlerts)
	bytes := newLoss(Evicted, "more than %d bytes wait for the output", s.o.MaxBytes)
	for _, q := range s.queues {
		e := alerts
		if q.stats.Depth <= s.o.MaxAlerts {
			e = bytes
		}
		if s.isOverLocked(q) {
			s.evictLocked(e, q, 0, min(s.o.MaxAlerts, q.stats.Depth-q.stats.Depth/evictedAtOnce), s.o.MaxBytes)
		}
	}
	s.events.addEvent(alerts)
	s.events.addEvent(bytes)
}

// boundAllLocked keeps the folder within its bounds.
func (s *Spool) boundAllLocked() {
	most := allOutputs * s.o.MaxAlerts
	e := newLoss(Evicted, "more than %d alerts wait for all outputs together", most)
	for s.index.live > most {
		q := longestQueue(s.queues, func(q *Queue) int64 { return int64(q.stats.Depth) })
		s.evictLocked(e, q, 0, q.stats.Depth-portion(s.index.live-most, s.queues), math.MaxInt64)
	}
	s.events.addEvent(e)
	bytes := allOutputs * s.o.MaxBytes
	e = newLoss(Evicted, "more than %d bytes wait for all outputs together", bytes)
	for s.index.bytes > bytes {
		q := longestQueue(s.queues, func(q *Queue) int64 { return q.stats.Bytes })
		s.evictLocked(e, q, 0, math.MaxInt, q.stats.Bytes-portion(s.index.bytes-bytes, s.queues))
	}
	s.events.addEvent(e)
}

// boundHeldLocked keeps what is in memory alone within its bounds.
func (s *Spool) boundHeldLocked() {
	e := newLoss(Evicted, "more than %d alerts are in memory alone", s.o.maxHeld)
	for s.isHeldOverLocked() {
		alerts, bytes := map[*Queue]int{}, map[*Queue]int64{}
		for _, q := range s.queues {
			for r := range s.index.waitingFor(q.bit, inMemory) {
				alerts[q]++
				bytes[q] += int64(r.size)
			}
		}
		if over := s.held - s.o.maxHeld; over > 0 {
			q := longestQueue(s.queues, func(q *Queue) int64 { return int64(alerts[q]) })
			s.evictLocked(e, q, inMemory, alerts[q]-portion(over, s.queues), math.MaxInt64)
		} else {
			q := longestQueue(s.queues, func(q *Queue) int64 { return bytes[q] })
			s.evictLocked(e, q, inMemory, math.MaxInt, bytes[q]-portion(s.heldBytes-s.o.maxHeldBytes, s.queues))
		}
	}
	s.events.addEvent(e)
}

// portion is how much of what is over a bound for all goes from the longest queue before another
// may be the longest.
func portion[N int | int64](over N, queues []*Queue) N {
	n := N(len(queues))
	return (over + n - 1) / n
}

func longestQueue(queues []*Queue, of func(*Queue) int64) *Queue {
	return slices.MaxFunc(queues, func(a, b *Queue) int { return cmp.Compare(of(a), of(b)) })
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
	e.addRecord(r)
	e.Outputs[q.name]++
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
	passed := s.o.elapsed()
	if passed < ageGrace {
		return 0
	}
	now := s.o.now().Round(0)
	if steady := s.begin.Add(passed); steady.Before(now) {
		now = steady
	}
	return toMillis(now.Add(-s.o.MaxAge))
}

// expireOld evicts what is too old.
func (s *Spool) expireOld() {
	defer s.removeLinks()
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
