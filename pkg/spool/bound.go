package spool

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// allOutputs is how many times the bound of one output all of them together may take. Two that
// are down and want different alerts have room for all that each of them may; those that work
// have next to nothing waiting. An alert counts once, as its links share one file.
const allOutputs = 2

// bound evicts what is over the bounds: of each queue what is over its own, then of the
// longest what keeps the folder, or memory, over the bound for all of them. Those that work are
// never the longest for long, so that one that is down costs them nothing.
func (s *Spool) bound() {
	defer s.unlink()
	s.mu.Lock()
	defer s.mu.Unlock()
	count := s.evicting("more than %d alerts wait for the output", s.o.MaxAlerts)
	bytes := s.evicting("more than %d bytes wait for the output", s.o.MaxBytes)
	for _, q := range s.queues {
		for q.stats.Depth > s.o.MaxAlerts {
			count.drop(s.victim(q, int64(s.o.MaxAlerts), false), q)
		}
		for q.stats.Bytes > s.o.MaxBytes {
			bytes.drop(s.victim(q, s.o.MaxBytes, true), q)
		}
	}
	count.end()
	bytes.end()
	s.boundAll()
	s.boundHeld()
}

// boundAll keeps the folder within its bound.
func (s *Spool) boundAll() {
	alerts, bytes := allOutputs*s.o.MaxAlerts, allOutputs*s.o.MaxBytes
	e := s.evicting("more than %d alerts wait for all outputs together", alerts)
	for s.index.live > alerts {
		q := longest(s.queues, func(q *Queue) int64 { return int64(q.stats.Depth) })
		e.drop(s.victim(q, int64(s.o.MaxAlerts), false), q)
	}
	e.end()
	e = s.evicting("more than %d bytes wait for all outputs together", bytes)
	for s.index.bytes > bytes {
		q := longest(s.queues, func(q *Queue) int64 { return q.stats.Bytes })
		e.drop(s.victim(q, s.o.MaxBytes, true), q)
	}
	e.end()
}

func longest(queues []*Queue, of func(*Queue) int64) *Queue {
	return slices.MaxFunc(queues, func(a, b *Queue) int { return cmp.Compare(of(a), of(b)) })
}

// boundHeld keeps what is in memory alone within its bounds.
func (s *Spool) boundHeld() {
	if len(s.held) <= s.o.MaxHeld && s.heldLen <= s.o.MaxHeldBytes {
		return
	}
	e := s.evicting("more than %d alerts are in memory alone", s.o.MaxHeld)
	records, claims, bytes := map[*Queue][]*record{}, map[*Queue][]Claim{}, map[*Queue]int64{}
	for i := range s.index.recs {
		r := &s.index.recs[i]
		if r.mask == 0 || r.flags&inMemory == 0 {
			continue
		}
		for _, q := range s.queues {
			if r.mask&q.bit != 0 {
				records[q], claims[q] = append(records[q], r), append(claims[q], Claim{r.share, int(r.sev), int(r.size)})
				bytes[q] += int64(r.size)
			}
		}
	}
	for len(s.held) > s.o.MaxHeld || s.heldLen > s.o.MaxHeldBytes {
		bound, ofBytes, q := int64(s.o.MaxHeld), false, longest(s.queues, func(q *Queue) int64 { return int64(len(records[q])) })
		if len(s.held) <= s.o.MaxHeld {
			bound, ofBytes, q = s.o.MaxHeldBytes, true, longest(s.queues, func(q *Queue) int64 { return bytes[q] })
		}
		i := FirstToGo(claims[q], bound, ofBytes)
		bytes[q] -= int64(records[q][i].size)
		e.drop(records[q][i], q)
		records[q], claims[q] = slices.Delete(records[q], i, i+1), slices.Delete(claims[q], i, i+1)
	}
	e.end()
}

// oldest is the time of the oldest alert to be kept, in milliseconds. Neither a jump of the
// clock forward nor a wrong time at start makes alerts old: the age is the lesser of what the
// wall clock says and what has passed since the start.
func (s *Spool) oldest() int64 {
	passed := s.o.elapsed()
	if passed < ageGrace {
		return 0
	}
	now := s.o.Now().Round(0)
	if steady := s.begin.Add(passed); steady.Before(now) {
		now = steady
	}
	return millis(now.Add(-s.o.MaxAge))
}

// expire evicts what is too old.
func (s *Spool) expire() {
	defer s.unlink()
	oldest := s.oldest()
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.evicting("older than %v", s.o.MaxAge)
	for i := range s.index.recs {
		if r := &s.index.recs[i]; r.mask != 0 && r.ms < oldest {
			for _, q := range s.queues {
				if r.mask&q.bit != 0 {
					e.drop(r, q)
				}
			}
		}
	}
	e.end()
}

// eviction is what is evicted for one reason. It is used under Spool.mu.
type eviction struct {
	s      *Spool
	event  Event
	counts map[uint64]bool // numbers that are counted: an alert may go from several queues
	links  []string
}

func (s *Spool) evicting(why string, bound any) *eviction {
	return &eviction{s: s, event: Event{Kind: Evicted, Why: fmt.Sprintf(why, bound)}}
}

// drop takes an alert from one queue. Others may still want it.
func (v *eviction) drop(r *record, q *Queue) {
	e := &v.event
	if v.counts == nil {
		v.counts, e.Outputs, e.Severities, e.Shares = map[uint64]bool{}, map[string]int{}, map[int]int{}, map[string]int{}
	}
	if !v.counts[r.seq] {
		v.counts[r.seq] = true
		e.merge(Event{
			Count: 1, Bytes: int64(r.size), First: r.seq, Last: r.seq,
			Severities: map[int]int{int(r.sev): 1}, Shares: map[string]int{r.share: 1},
		})
	}
	e.Outputs[q.name]++
	q.stats.Lost++
	if r.flags&inMemory == 0 {
		v.links = append(v.links, q.folder("out")+"/"+r.name())
	}
	v.s.clear(r, q)
}

// end reports what was evicted, and has the links removed by whoever unlocks.
func (v *eviction) end() {
	if v.event.Count > 0 {
		v.s.events.add(v.event)
		v.s.unlinked = append(v.s.unlinked, v.links...)
	}
}

// How long alerts that are too old are kept after Open: a machine that was off for long gets
// time to deliver.
const ageGrace = time.Hour
