package prefs

import (
	"slices"
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
	hung      bool      // it has taken longer than answerTime
	started   time.Time // zero while it waits for its turn

	disk   *disk
	system bool // of root's own: its folders are watched
	top    *folder

	began       time.Time
	settle      time.Duration
	granule     time.Duration
	full        bool  // files are read whatever their times say
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
	s.full, s.location.full = s.location.full, false
	s.started = time.Time{}
	s.left, s.settle, s.granule, s.searched = maxScanBytes, settle, granule, false
}

// run scans all that is in the location.
func (s *scan) run() {
	s.began = time.Now()
	if s.full {
		s.top.unsettleFiles()
	}
	s.scanFolder(s.top)
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

// lane is a queue of homes to scan. Those that answered last time do not wait for those that may not
// answer.
type lane struct {
	waiting []*scan
	fresh   []*scan // begun and not slow yet, the oldest first
	threads int     // how many threads scans of homes may take, those of the other lane included
}

// laneOf returns the lane of a home.
func (c *Collector) laneOf(s *scan) *lane {
	if s.answers {
		return &c.answering
	}
	return &c.doubtful
}

// startScans starts the scans of homes whose turn it is. nextTurn is when a slow one gives its turn to
// one that waits, zero if none waits for that.
func (c *Collector) startScans(now time.Time) (nextTurn time.Time) {
	for _, l := range [...]*lane{&c.answering, &c.doubtful} {
		l.fresh = slices.DeleteFunc(l.fresh, func(s *scan) bool { return !s.busy || now.Sub(s.started) >= slowScan })
		for len(l.waiting) > 0 && len(l.fresh) < maxTurns && c.threads < l.threads {
			s := l.waiting[0]
			l.waiting = l.waiting[1:]
			l.fresh = append(l.fresh, s)
			c.threads++
			c.startScan(s, now)
		}
		if len(l.waiting) > 0 && len(l.fresh) > 0 {
			nextTurn = earliestTime(nextTurn, l.fresh[0].started.Add(slowScan))
		}
	}
	return nextTurn
}

func (c *Collector) startScan(s *scan, now time.Time) {
	s.started = now
	go s.work()
}
