package prefs

import (
	"sync/atomic"
	"time"
)

// maxScanBytes is how much one scan reads. Each location has it for itself: what a home has more
// waits for its next scan, and how often that comes is bounded by the home's share of time.
const maxScanBytes = 8 << 20

// scan scans a location, again and again. While it is busy only the first fields belong to the
// goroutine of Run, and all from disk on to the one that scans; otherwise all belong to Run.
type scan struct {
	location  *location
	work      func()    // what the goroutine does, made once: a sweep allocates nothing for a scan
	requested time.Time // not changed while it is busy, as answers
	answers   bool      // the scan before ended in time
	busy      bool
	hung      bool // it has taken longer than answerTime

	started atomic.Bool // it waits for nothing but the disk
	turn    atomic.Pointer[chan struct{}]
	slow    *time.Timer // ends the turn

	disk      *disk
	base      string
	home      bool // of one below /Users
	system    bool // of root's own: its folders are watched
	top       *folder
	firstFile int // which of a ByHost folder's files to begin with

	began       time.Time
	settle      time.Duration
	granule     time.Duration
	left        int64 // bytes that may still be read
	searched    bool  // a file was looked through
	folderOwner owner // of the folder whose files are scanned
	result
}

// result is what a scan came to.
type result struct {
	findings        []*finding // what the scan before did not find
	problemsChanged bool
	watchable       []watchTarget
	folders         []string  // that are locations, sorted
	listed          bool      // folders is what there is
	partial         bool      // or some of it
	absent          bool      // the home is not there
	blind           bool      // a folder could not be reached or listed
	short           bool      // it could not afford all
	again           time.Time // when to scan again to be certain; zero: all is
	reads           uint64
	took            time.Duration
}

// beginScan prepares a scan.
func (s *scan) beginScan(now time.Time, settle, granule time.Duration) {
	clear(s.findings) // they hold values
	s.result = result{findings: s.findings[:0], watchable: s.watchable[:0]}
	s.requested, s.answers, s.busy, s.hung = now, s.location.answers, true, false
	s.started.Store(false)
	s.left, s.settle, s.granule, s.searched = maxScanBytes, settle, granule, false
}

// run scans all that is in the location.
func (s *scan) run() {
	s.started.Store(true)
	s.began = time.Now()
	if s.scanFolder(s.top, s.base) == noHome {
		if s.absent = s.location.home; !s.absent {
			s.missingFolder(s.top)
		}
	}
	s.took = time.Since(s.began)
}

// setProblem takes note of what is wrong with a folder.
func (s *scan) setProblem(known *problem, now problem) {
	if !known.sameAs(&now) {
		*known = now
		s.problemsChanged = true
	}
}

// affordRead reports whether so many bytes more may be read.
func (s *scan) affordRead(size int64) bool {
	if size > s.left {
		s.short = true
		return false
	}
	s.left -= size
	return true
}

// allProblems returns all that is wrong in the location.
func (s *scan) allProblems() []problem { return s.top.appendProblems(nil) }

// scanInTurn scans a home when it is its turn: homes that answered last time do not wait for
// those that may not answer.
func (c *Collector) scanInTurn(s *scan) {
	turns, reserved := &c.turns, c.reserved
	if !s.answers {
		turns, reserved = &c.doubtfulTurns, nil
	}
	select {
	case *turns <- struct{}{}:
	case <-c.quit:
		return
	}
	thread := c.threads
	select {
	case c.threads <- struct{}{}:
	case reserved <- struct{}{}:
		thread = reserved
	case <-c.quit:
		return
	}
	s.turn.Store(turns)
	s.slow.Reset(slowScan)
	s.run()
	s.slow.Stop()
	s.endTurn()
	<-thread
}

// endTurn lets the next home have its turn. It may be called again, and from any goroutine.
func (s *scan) endTurn() {
	if turns := s.turn.Swap(nil); turns != nil {
		<-*turns
	}
}
