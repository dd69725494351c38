package spool

import (
	"slices"
	"time"
)

// How often there is maintenance when nothing is wrong, and at least while something is.
const (
	idleEvery = 10 * time.Minute
	maxRetry  = time.Minute
)

// runMaintenance does what is due until the spool is closed.
func (s *Spool) runMaintenance() {
	wait := idleEvery
	for {
		wanted := s.wanted
		if wait != idleEvery {
			wanted = nil // it comes in time
		}
		select {
		case <-s.done:
			return
		case <-s.answers:
		case <-wanted:
			wait = s.o.retry
			continue
		case <-time.After(wait):
		}
		if s.maintain() {
			wait = idleEvery
		} else {
			wait = min(2*wait, maxRetry)
		}
	}
}

// requestMaintenance has maintenance begin soon when something is left to do.
func (s *Spool) requestMaintenance() {
	if len(s.unfinished)+len(s.trash) == 0 && s.trouble == nil && s.hasBallast() {
		return
	}
	select {
	case s.wanted <- struct{}{}:
	default:
	}
}

// maintain does what is due; it reports whether nothing is left to do.
func (s *Spool) maintain() bool {
	s.disk.Lock()
	defer s.disk.Unlock()
	err := s.flushHeld()
	if err == nil && len(s.trash) > 0 {
		err = s.emptyTrash()
	}
	s.linkUnfinished()
	if err == nil {
		s.makeBallast()
	}
	s.expireOld()
	s.retryDeadLetters()
	s.removeLinks()
	return err == nil && len(s.unfinished)+len(s.lateDeadLetters) == 0 && s.hasBallast()
}

// linkUnfinished links what is in tmp/ because it could not be linked.
func (s *Spool) linkUnfinished() {
	if len(s.unfinished) == 0 {
		return
	}
	var ds []draft
	s.mu.Lock()
	for _, d := range s.unfinished {
		d.rec.mask, d.rec.flags = 0, 0
		if r := s.index.findLive(d.rec.seq); r != nil {
			d.rec.mask = r.mask
		}
		ds = append(ds, d)
	}
	s.mu.Unlock()
	_ = s.makeFolders() // what is missing shows when links are made
	slices.SortFunc(ds, func(a, b draft) int { return compareRecords(a.rec, b.rec) })
	clear(s.unfinished)
	s.linkDrafts(ds)
	s.mu.Lock()
	for _, d := range ds {
		s.noteStoredLocked(d)
	}
	s.mu.Unlock()
	s.removeLinks()
}

// noteStoredLocked notes where a draft is on disk. Links that nobody waits for any more are to be
// removed.
func (s *Spool) noteStoredLocked(d draft) {
	var waits uint64
	if r := s.index.findLive(d.rec.seq); r != nil {
		r.flags = d.rec.flags
		waits = r.mask
	}
	for _, q := range s.queues {
		if d.rec.mask&^waits&q.bit != 0 {
			s.unlinked = append(s.unlinked, q.path("out", &d.rec))
		}
	}
}

// removeLinks removes the links that nobody waits for. One that can't be removed is delivered
// again after the next start; while the disk hangs they are kept for later.
func (s *Spool) removeLinks() {
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
