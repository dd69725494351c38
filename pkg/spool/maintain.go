package spool

import (
	"maps"
	"slices"
	"time"
)

// How often there is maintenance when nothing is wrong, and while something is: each time later.
const (
	idleEvery  = 10 * time.Minute
	firstRetry = time.Second
	maxRetry   = time.Minute
)

// requestMaintenance has maintenance begin soon when something is left to do.
func (s *Spool) requestMaintenance() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wait == idleEvery && (s.trouble != nil || !s.isMaintained()) { // else it comes in time
		s.setTimerLocked(firstRetry)
	}
}

// setTimerLocked has maintenance come after so long.
func (s *Spool) setTimerLocked(wait time.Duration) {
	if s.wait = wait; s.timer != nil && !s.closed {
		s.timer.Reset(wait)
	}
}

// isMaintained reports whether nothing is left to do, but for what is held.
func (s *Spool) isMaintained() bool {
	late := slices.ContainsFunc(s.queues, func(q *Queue) bool { return len(q.late) > 0 })
	return len(s.unfinished) == 0 && !late && !s.litter && s.hasBallast()
}

// maintain does what is due; it reports whether nothing is left to do.
func (s *Spool) maintain() bool {
	s.disk.Lock()
	defer s.disk.Unlock()
	if s.isClosed() {
		return true
	}
	err := s.flushHeld()
	if err == nil && s.litter {
		err = s.cleanTmp()
	}
	for _, q := range s.queues {
		q.retryDead() // which may have to be linked from tmp/
	}
	s.linkUnfinished()
	if err == nil {
		s.makeBallast()
	}
	s.expireOld()
	s.boundDamaged()
	_ = s.removeLinks()
	done := err == nil && s.isMaintained()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case done:
		s.setTimerLocked(idleEvery)
	case s.wait == idleEvery:
		s.setTimerLocked(firstRetry)
	default:
		s.setTimerLocked(min(2*s.wait, maxRetry))
	}
	return done
}

// linkUnfinished links what is in tmp/ because it could not be linked.
func (s *Spool) linkUnfinished() {
	if len(s.unfinished) == 0 || s.unsynced {
		return
	}
	var ds []document
	s.mu.Lock()
	for _, r := range s.sortedUnfinished() {
		r.mask, r.flags = 0, 0
		if live := s.index.findLive(r.seq); live != nil {
			r.mask = live.mask
		}
		ds = append(ds, document{rec: r})
	}
	s.mu.Unlock()
	_ = s.makeFolders() // what is missing shows when links are made
	clear(s.unfinished)
	s.linkDocuments(ds)
	s.noteStored(ds)
}

func (s *Spool) sortedUnfinished() []record {
	return slices.SortedFunc(maps.Values(s.unfinished), compareRecords)
}

// removeLinks removes the links that nobody waits for. One that can't be removed is delivered
// again after the next start; while the disk hangs they are kept for later.
func (s *Spool) removeLinks() error {
	s.mu.Lock()
	links := s.unlinked
	s.unlinked = nil
	s.mu.Unlock()
	var failed error
	for i, link := range links {
		err := s.d.Remove(link)
		if isHang(err) {
			s.mu.Lock()
			s.unlinked = append(s.unlinked, links[i:]...)
			s.mu.Unlock()
			break
		}
		if err != nil {
			failed = err
		}
	}
	return failed
}
