package spool

import (
	"fmt"
	"slices"
	"time"
)

// How often the spool is looked after when nothing is wrong, and how long alerts that are
// too old are kept after Open: a machine that was off for long gets time to deliver.
const (
	idle     = 10 * time.Minute
	ageGrace = time.Hour
)

// keep tends the spool until it is closed.
func (s *Spool) keep() {
	wait := idle
	for {
		kick := s.kick
		if wait != idle {
			kick = nil // it will be tended to in time
		}
		select {
		case <-s.done:
			return
		case <-kick:
			wait = s.o.retry
			continue
		case <-time.After(wait):
		}
		if s.tend() {
			wait = idle
		} else {
			wait = min(2*wait, maxRetry)
		}
	}
}

// tend does what is due; it reports whether nothing is left to do.
func (s *Spool) tend() bool {
	s.disk.Lock()
	defer s.disk.Unlock()
	err := s.settle()
	s.relink()
	had := s.ballast
	if err == nil {
		s.weigh()
	}
	if s.ballast && !had {
		s.events.add(Event{Kind: BallastBack})
	}
	s.expire()
	return err == nil && len(s.unfinished) == 0 && (s.ballast || s.o.Ballast < 0)
}

// settle writes what is held in memory. It returns nil when nothing is left of it.
func (s *Spool) settle() error {
	s.mu.Lock()
	trouble := s.trouble
	s.mu.Unlock()
	if trouble == nil {
		return nil
	}
	if err := s.unload(); err != nil {
		s.refused(err)
		return err
	}
	s.backoff = 0
	s.mu.Lock()
	s.trouble, s.since = nil, time.Time{}
	s.mu.Unlock()
	s.events.add(Event{Kind: Room})
	return nil
}

func (s *Spool) unload() error {
	if err := s.folders(); err != nil {
		return err
	}
	if err := s.empty(); err != nil {
		return err
	}
	if s.adopt {
		if err := s.adoptAll(); err != nil {
			return err
		}
	}
	if s.fresh {
		if err := s.writeChain(); err != nil {
			return err
		}
	}
	for {
		ds := s.unwritten()
		if len(ds) == 0 {
			return nil
		}
		n, err := s.store(ds)
		s.written(ds[:n])
		if n < len(ds) {
			return err
		}
	}
}

// unwritten returns drafts of the oldest alerts that are in memory alone; at the end, of
// the newest even if nobody waits for it, for its number.
func (s *Spool) unwritten() []draft {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ds []draft
	size := 0
	for i := range s.index.recs {
		r := s.index.recs[i]
		if r.mask == 0 || r.flags&inMemory == 0 {
			continue
		}
		if size += int(r.size); len(ds) > 0 && (len(ds) == maxBatch || size > maxBatchBytes) {
			return ds
		}
		r.flags = 0
		ds = append(ds, draft{rec: r, doc: s.held[r.seq]})
	}
	if d := s.newest; d != nil && (len(ds) == 0 || ds[len(ds)-1].rec.seq < d.rec.seq) {
		last := *d
		last.rec.flags, last.rec.mask = 0, 0
		ds = append(ds, last)
	}
	return ds
}

// written notes that drafts are on disk. What was acknowledged meanwhile loses its links.
func (s *Spool) written(ds []draft) {
	var links []string
	s.mu.Lock()
	for _, d := range ds {
		if s.newest != nil && s.newest.rec.seq == d.rec.seq {
			s.newest = nil
		}
		links = append(links, s.landed(d)...)
		s.forget(d.rec.seq)
	}
	s.mu.Unlock()
	s.remove(links)
}

// landed gives the record its new place, and returns the links that nobody waits for.
func (s *Spool) landed(d draft) (links []string) {
	var waits uint64
	if r := s.index.find(d.rec.seq); r != nil {
		r.flags = d.rec.flags
		waits = r.mask
	}
	for _, q := range s.queues {
		if d.rec.mask&^waits&q.bit != 0 {
			links = append(links, q.folder("out")+"/"+d.rec.name())
		}
	}
	return links
}

// forget drops a document from memory.
func (s *Spool) forget(seq uint64) {
	if doc, found := s.held[seq]; found {
		s.heldLen -= int64(len(doc))
		delete(s.held, seq)
	}
}

func (s *Spool) remove(links []string) {
	for _, link := range links {
		s.d.Remove(link) // one that stays is delivered again, after the next start
	}
}

// relink finishes what is in tmp/ because it could not be linked.
func (s *Spool) relink() {
	var ds []draft
	s.mu.Lock()
	for _, d := range s.unfinished {
		d.rec.mask, d.rec.flags = 0, 0
		if r := s.index.find(d.rec.seq); r != nil {
			d.rec.mask = r.mask
		}
		ds = append(ds, d)
	}
	s.mu.Unlock()
	if len(ds) == 0 {
		return
	}
	s.folders()
	slices.SortFunc(ds, func(a, b draft) int { return order(a.rec, b.rec) })
	clear(s.unfinished)
	s.finish(ds)
	var links []string
	s.mu.Lock()
	for _, d := range ds {
		links = append(links, s.landed(d)...)
	}
	s.mu.Unlock()
	s.remove(links)
}

// bound evicts what is over the bounds: the least severe first, of these the oldest.
func (s *Spool) bound() {
	s.evict(fmt.Sprintf("more than %d alerts wait", s.o.MaxAlerts), func() *record {
		if s.index.live > s.o.MaxAlerts {
			return s.index.victim()
		}
		return nil
	})
	s.evict(fmt.Sprintf("more than %d bytes wait", s.o.MaxBytes), func() *record {
		if s.index.bytes > s.o.MaxBytes {
			return s.index.victim()
		}
		return nil
	})
	s.evict("more are in memory than it may take", s.heldVictim)
}

// heldVictim is the least severe and oldest of the alerts in memory, when they are too many.
func (s *Spool) heldVictim() *record {
	if len(s.held) <= s.o.MaxHeld && s.heldLen <= s.o.MaxHeldBytes {
		return nil
	}
	var victim *record
	for seq := range s.held {
		if r := s.index.find(seq); victim == nil || r.sev < victim.sev || r.sev == victim.sev && r.seq < victim.seq {
			victim = r
		}
	}
	return victim
}

// oldest is the time of the oldest alert to be kept, in milliseconds. Neither a jump of the clock forward nor a wrong time at
// start makes alerts old: the age is the lesser of what the wall clock says and what
// has passed since the start.
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
	oldest, i := s.oldest(), 0
	s.evict(fmt.Sprintf("older than %v", s.o.MaxAge), func() *record {
		for ; i < len(s.index.recs); i++ {
			if r := &s.index.recs[i]; r.mask != 0 && r.ms < oldest {
				return r
			}
		}
		return nil
	})
}

// evict drops the alerts that next names until it names none, and reports them.
func (s *Spool) evict(why string, next func() *record) {
	e := Event{Kind: Evicted, Why: why, Outputs: map[string]int{}, Severities: map[int]int{}}
	var links []string
	s.mu.Lock()
	for r := next(); r != nil; r = next() {
		e.Count++
		e.Bytes += int64(r.size)
		if e.First == 0 || r.seq < e.First {
			e.First = r.seq
		}
		e.Last = max(e.Last, r.seq)
		e.Severities[int(r.sev)]++
		for _, q := range s.queues {
			if r.mask&q.bit == 0 {
				continue
			}
			e.Outputs[q.name]++
			q.stats.Lost++
			if r.flags&inMemory == 0 {
				links = append(links, q.folder("out")+"/"+r.name())
			}
			s.clear(r, q)
		}
	}
	s.mu.Unlock()
	if e.Count > 0 {
		s.remove(links)
		s.events.add(e)
	}
}

// clear notes that a queue does not wait for a record any more.
func (s *Spool) clear(r *record, q *Queue) {
	r.mask &^= q.bit
	q.stats.Depth--
	q.stats.Bytes -= int64(r.size)
	if r.mask == 0 {
		s.index.gone(r)
		s.forget(r.seq)
	}
}
