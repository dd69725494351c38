package spool

import (
	"slices"
	"time"
)

// idle is how often the spool is looked after when nothing is wrong.
const idle = 10 * time.Minute

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
		case <-s.answers:
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
	if err == nil && len(s.trash) > 0 {
		err = s.empty()
	}
	s.relink()
	if err == nil {
		s.weigh()
	}
	s.expire()
	s.buryRest()
	s.unlink()
	return err == nil && len(s.unfinished) == 0 && len(s.unburied) == 0 && (s.ballast || s.o.ballast < 0)
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
	s.events.add(&Event{Kind: Room})
	return nil
}

func (s *Spool) unload() error {
	if err := s.folders(); err != nil {
		return err
	}
	if err := s.empty(); err != nil {
		return err
	}
	ds := s.unwritten()
	if len(ds) == 0 {
		return nil
	}
	n, err := s.store(ds)
	s.written(ds[:n])
	if n < len(ds) {
		return err
	}
	return nil
}

// unwritten returns drafts of what is in memory alone, and of the newest alert even if nobody
// waits for it, for its number.
func (s *Spool) unwritten() []draft {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ds []draft
	for i := range s.index.recs {
		r := s.index.recs[i]
		if r.mask == 0 || r.flags&inMemory == 0 {
			continue
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
	s.mu.Lock()
	for _, d := range ds {
		if s.newest != nil && s.newest.rec.seq == d.rec.seq {
			s.newest = nil
		}
		s.landed(d)
		s.drop(d.rec.seq)
	}
	s.mu.Unlock()
	s.unlink()
}

// landed gives the record its new place. Links that nobody waits for are to be removed.
func (s *Spool) landed(d draft) {
	var waits uint64
	if r := s.index.find(d.rec.seq); r != nil {
		r.flags = d.rec.flags
		waits = r.mask
	}
	for _, q := range s.queues {
		if d.rec.mask&^waits&q.bit != 0 {
			s.unlinked = append(s.unlinked, q.folder("out")+"/"+d.rec.name())
		}
	}
}

// drop drops a document from what is in memory alone.
func (s *Spool) drop(seq uint64) {
	if doc, found := s.held[seq]; found {
		s.heldLen -= int64(len(doc))
		delete(s.held, seq)
	}
}

// unlink removes the links that nobody waits for. One that can't be removed is delivered
// again after the next start; while the disk hangs they are kept for later.
func (s *Spool) unlink() {
	s.mu.Lock()
	links := s.unlinked
	s.unlinked = nil
	s.mu.Unlock()
	for i, link := range links {
		if isHang(s.d.Remove(link)) {
			s.mu.Lock()
			s.unlinked = append(s.unlinked, links[i:]...)
			s.mu.Unlock()
			return
		}
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
	s.mu.Lock()
	for _, d := range ds {
		s.landed(d)
	}
	s.mu.Unlock()
	s.unlink()
}

// clear notes that a queue does not wait for a record any more.
func (s *Spool) clear(r *record, q *Queue) {
	r.mask &^= q.bit
	q.stats.Depth--
	q.stats.Bytes -= int64(r.size)
	if r.mask == 0 {
		s.index.gone(r)
		s.drop(r.seq)
		s.recent.drop(r.seq)
	}
}
