package prefs

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Bounds on scans under way.
const (
	// maxTurns is how many homes that answered last time are scanned at a time, and as many of
	// the others. A scan takes some hundred microseconds; one that takes longer than slowScan
	// gives its turn to the next, so that no slow home holds up others.
	maxTurns = 4
	slowScan = 50 * time.Millisecond

	// maxThreads is how many scans of homes there are at a time, slow ones too. Each keeps a
	// thread, for ever if the home's file system is dead, and a process may have some thousands.
	// A home has one, or maxHung: it takes as many dead homes to use it up. Homes that answered
	// last time have reservedThreads beside these.
	maxThreads      = 960
	reservedThreads = 64
	// maxHung is how many scans of homes of one path may hang: one that is removed and comes
	// back is another to scan.
	maxHung = 4

	// watchedGap lies between scans for a watched folder whose files are written all the
	// time. A few may follow each other at once: a file is written beside another and then
	// renamed over it.
	watchedGap    = 20 * time.Millisecond
	watchedAtOnce = 4
)

// run scans and reports until ctx ends or, if that is asked for, everything was scanned once.
func (c *Collector) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	defer c.waitForScans()
	c.sweepAt = time.Now()
	c.planFullRead(c.sweepAt)
	if v, err := c.disk.lstat(c.disk.root + "/"); err == nil {
		c.disk.owner = v.UID
	}
	for {
		c.takeFinished()
		now := time.Now()
		c.requestDue(now)
		nextTurn := c.startScans(now)
		c.checkAnswers(now)
		c.checkBegun()
		reported := ctx.Err() == nil && c.reportNext(now)
		c.updateStats()
		switch {
		case ctx.Err() != nil || c.once && c.scannedOnce():
			return
		case reported:
			continue
		}
		timer.Reset(c.idleTime(now, nextTurn))
		c.waitForEvent(ctx, timer)
	}
}

// waitForEvent waits for whatever happens next.
func (c *Collector) waitForEvent(ctx context.Context, timer *time.Timer) {
	var changed, updated <-chan struct{}
	if c.watcher != nil {
		changed, updated = c.watcher.changed, c.watcher.updated
	}
	select {
	case <-ctx.Done():
	case <-timer.C:
	case s := <-c.done:
		c.endScan(s, time.Now())
	case <-c.wake:
		c.wakes.start(time.Now())
	case <-c.full:
		at := time.Now().Add(c.wakes.after[0])
		if next := c.lastFull.Add(fullReadGap); at.Before(next) {
			at = next
		}
		c.fullAt = earliestTime(c.fullAt, at)
	case <-changed:
		now := time.Now()
		if next := c.lastWatched[0].Add(watchedAtOnce * watchedGap); now.Before(next) {
			now = next
		}
		c.watched.start(now)
	case <-updated:
		c.takeUnwatched()
	}
}

// takeFinished takes over all scans that ended, so that none seems not to answer.
func (c *Collector) takeFinished() {
	for {
		select {
		case s := <-c.done:
			c.endScan(s, time.Now())
		default:
			return
		}
	}
}

// waitForScans waits for the scans that are about to end, and gives the state a last chance.
func (c *Collector) waitForScans() {
	timer := time.NewTimer(answerTime)
	defer timer.Stop()
	defer close(c.quit)
	c.running = slices.DeleteFunc(c.running, func(s *scan) bool { return s.started.IsZero() })
	for len(c.running) > 0 {
		select {
		case s := <-c.done:
			c.running = slices.DeleteFunc(c.running, func(o *scan) bool { return o == s })
		case <-timer.C:
			return
		}
	}
	c.saveAt = time.Time{}
	c.saveState(time.Now())
}

// requestDue has scanned what is to be scanned now.
func (c *Collector) requestDue(now time.Time) {
	all := c.wakes.elapsed(now)
	if !c.sweepAt.IsZero() && !now.Before(c.sweepAt) {
		all = true
		c.sweepAt = nextSweep(now, c.opts.Sweep)
	}
	full := !c.fullAt.IsZero() && !now.Before(c.fullAt)
	if full {
		all = true
		c.planFullRead(now)
	}
	own := c.watched.elapsed(now)
	if own {
		copy(c.lastWatched[:], c.lastWatched[1:])
		c.lastWatched[watchedAtOnce-1] = now
	}
	if all {
		c.counts.Sweeps++
	}
	for _, p := range c.locations {
		if p.full = p.full || full; all || own && p.scan.system {
			c.requestScan(p, now)
		}
	}
	for p, at := range c.due {
		if !now.Before(at) {
			delete(c.due, p)
			c.checkCalm(p, now)
			c.requestScan(p, now)
			c.queueReports(p)
		}
	}
}

// planFullRead plans the full read after the one at a time, which falls on a sweep.
func (c *Collector) planFullRead(now time.Time) {
	c.lastFull = now
	if c.fullAt = (time.Time{}); c.opts.Sweep > 0 {
		c.fullAt = nextSweep(now, max(fullReadTime, c.opts.Sweep).Truncate(c.opts.Sweep))
	}
}

// nextSweep returns when to sweep again, zero for never: at whole multiples of the interval by
// the clock, so that whatever else keeps to these wakes the machine at the same moment.
func nextSweep(now time.Time, every time.Duration) time.Time {
	if every == 0 {
		return time.Time{}
	}
	left := every - time.Duration(now.UnixNano()%int64(every))
	if left < every/8 {
		left += every // the clock was set back a little, or it is the first
	}
	return now.Add(left)
}

// scheduleAt has p scanned, and what waits to be reported of it offered, at a time.
func (c *Collector) scheduleAt(p *location, at time.Time) { c.due[p] = earliestTime(c.due[p], at) }

// requestScan has a location scanned: now, or as soon as a scan under way has ended.
func (c *Collector) requestScan(p *location, now time.Time) {
	switch {
	case p.removed:
	case now.Before(p.notBefore):
		c.scheduleAt(p, p.notBefore)
	case p.scan.busy:
		p.again = true
	case p.home && c.hung[p.base] >= maxHung:
		c.noteSilence(p, "does not answer")
	default:
		p.again = false
		p.scan.beginScan(now, c.settle, c.granule)
		c.running = append(c.running, p.scan)
		if l := c.laneOf(p.scan); p.home {
			l.waiting = append(l.waiting, p.scan)
		} else {
			c.startScan(p.scan, now)
		}
	}
}

// endScan takes over a scan that has ended.
func (c *Collector) endScan(s *scan, now time.Time) {
	p := s.location
	s.busy = false
	if s.hung {
		if c.hung[p.base]--; c.hung[p.base] == 0 {
			delete(c.hung, p.base)
		}
	} else {
		c.running = slices.DeleteFunc(c.running, func(o *scan) bool { return o == s })
	}
	if p.home {
		c.threads--
	}
	c.counts.Scans++
	c.counts.Reads += s.reads
	if p.scan != s {
		return // the home was removed since
	}
	p.scanned = true
	if p.answers = s.took <= answerTime; p.answers {
		p.late = 0
		c.clearProblem(p, problemKey{p.base, noAnswer})
		c.limitTime(p, s.took, now)
	} else {
		c.noteSilence(p, "does not answer")
		c.backOff(p, now)
	}
	first := !p.complete
	c.mergeScan(p, now)
	if s.listed {
		c.setListed(p, s.folders, first, now)
	}
	if s.system {
		p.watchable = append(p.watchable[:0], s.watchable...)
		c.setWatched()
	}
	if p.again {
		c.requestScan(p, now)
	}
}

// checkAnswers takes note of locations that do not answer. A scan that hangs is left to itself.
func (c *Collector) checkAnswers(now time.Time) {
	late := now.Add(-answerTime)
	for len(c.running) > 0 && !c.running[0].requested.After(late) { // the others were requested later
		s := c.running[0]
		c.running = slices.Delete(c.running, 0, 1)
		s.hung = true
		c.hung[s.location.base]++
		if s.location.scan == s {
			s.location.answers = false
			detail := "does not answer"
			if s.started.IsZero() {
				detail = "too many other homes do not answer"
			}
			c.noteSilence(s.location, detail)
		}
	}
}

func (c *Collector) noteSilence(p *location, detail string) {
	p.scanned = true
	c.setProblem(p, problem{path: p.base, why: noAnswer, detail: detail})
}

// backOff puts off the next scan of a location that did not answer in time.
func (c *Collector) backOff(p *location, now time.Time) {
	wait := min(backoffMin<<min(p.late, 30), backoffMax)
	p.late++
	p.notBefore = now.Add(wait)
	c.scheduleAt(p, p.notBefore)
}

// idleTime returns for how long nothing is due.
func (c *Collector) idleTime(now, nextTurn time.Time) time.Duration {
	next := earliestTime(nextTurn, earliestTime(c.sweepAt, c.fullAt))
	for _, due := range slices.Concat(c.wakes.due, c.watched.due) {
		next = earliestTime(next, due)
	}
	if c.dirty && c.begun {
		next = earliestTime(next, c.saveAt)
	}
	for _, at := range c.due {
		next = earliestTime(next, at)
	}
	if len(c.running) > 0 {
		next = earliestTime(next, c.running[0].requested.Add(answerTime))
	}
	if next.IsZero() {
		return time.Hour // and then see what is due
	}
	return next.Sub(now)
}

// checkBegun takes note of the end of the first scan of everything.
func (c *Collector) checkBegun() {
	if !c.begun && !slices.ContainsFunc(c.locations, func(p *location) bool { return !p.scanned && !p.removed }) {
		c.begun = true
		c.dirty = c.dirty || c.opts.Previous == nil
	}
}

// scannedOnce reports whether everything was scanned and nothing is about to settle.
func (c *Collector) scannedOnce() bool {
	return c.begun && len(c.reports) == 0 && !slices.ContainsFunc(c.locations, func(p *location) bool { return p.settling })
}

// setWatched tells the watcher what to watch.
func (c *Collector) setWatched() {
	if c.watcher == nil {
		return
	}
	var folders, files []watchTarget
	for _, p := range c.locations {
		for _, t := range p.watchable {
			if t.version.Mode.IsDir() {
				folders = append(folders, t)
			} else {
				files = append(files, t)
			}
		}
	}
	c.watcher.set(slices.Concat(folders[:min(len(folders), maxFolders)], files[:min(len(files), maxFiles)]))
}

// takeUnwatched takes over what can't be watched. These problems are those of root's
// first location: there is always one.
func (c *Collector) takeUnwatched() {
	count, unwatched := c.watcher.status()
	c.counts.Watched = count
	p := c.locations[0]
	for key := range maps.Clone(p.problems) {
		if key.why == notWatched && unwatched[key.path] == "" {
			c.clearProblem(p, key)
		}
	}
	for folder, detail := range unwatched {
		c.setProblem(p, problem{path: folder, why: notWatched, detail: detail})
	}
}

// updateStats makes known what was counted.
func (c *Collector) updateStats() {
	c.counts.Stuck, c.counts.UsedUp, c.counts.Unreadable = c.conditions[noAnswer], c.conditions[ShareUsedUp], len(c.problems)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats = c.counts
}
