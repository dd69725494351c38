package prefs

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"hooksnare/pkg/event"
)

// queueReports queues p to report what there is: root's own locations go first, then the homes
// take turns, one change or problem each. No user's flood delays root's reports or, for more than
// one report, another user's.
func (c *Collector) queueReports(p *location) {
	if !p.queued {
		p.queued = true
		c.reports = append(c.reports, p)
	}
}

// recheckProblems has the problems of p compared to those that were reported.
func (c *Collector) recheckProblems(p *location) {
	p.recheck = true
	c.queueReports(p)
}

// reportNext offers the handler one change or problem, or else the state. false means that there is
// nothing to offer now.
func (c *Collector) reportNext(now time.Time) bool {
	if len(c.reports) == 0 {
		return c.saveState(now)
	}
	i := max(0, slices.IndexFunc(c.reports, func(p *location) bool { return !p.home }))
	p := c.reports[i]
	c.reports = slices.Delete(c.reports, i, i+1)
	p.queued = false
	if !c.reportProblem(p, now) {
		c.reportChange(p, now)
	}
	return true
}

// reportChange offers one change of p that is due.
func (c *Collector) reportChange(p *location, now time.Time) {
	f, key, next := p.nextChange(now)
	if f == nil {
		if !next.IsZero() {
			c.scheduleAt(p, next)
		}
		return
	}
	if !c.mayReport(p, now) {
		return
	}
	ch := &f.changes[key]
	err := c.handler.HandleChange(event.Change{
		File: f.path, Scope: ScopeOf(f.path), Key: keys[key],
		Old: f.known[key].pointer(), New: f.now[key].pointer(),
		Since: ch.since, Time: ch.at, Found: ch.from.found, Uncertain: ch.from.uncertain,
		Home: p.homeOf(f.path), Owner: ch.from.by.file.id(), FolderOwner: ch.from.by.folder.id(),
	})
	if err != nil {
		c.counts.Refused++
		ch.notBefore = now.Add(c.retry)
	} else {
		c.counts.Changes++
		f.known[key], *ch = f.now[key], change{}
		c.dirty = true
		p.forgetEmpty(f)
		c.dropRemoved(p)
	}
	c.queueReports(p)
}

// nextChange returns a change of p that is due: by file, then in the keys' order. If there is
// none, next is when there is.
func (p *location) nextChange(now time.Time) (found *knownFile, key int, next time.Time) {
	for _, f := range p.files {
		if found != nil && f.path > found.path {
			continue
		}
		for i := range keys {
			ch := &f.changes[i]
			if f.now[i] == f.known[i] {
				continue
			}
			if now.Before(ch.notBefore) {
				next = earliestTime(next, ch.notBefore)
				continue
			}
			found, key = f, i
			break
		}
	}
	return found, key, next
}

// reportedProblem is a problem that was reported to the handler, in this run or in the one before.
type reportedProblem struct {
	event.Unreadable
	content   string // of what can't be read
	restored  bool   // of the run before, and not found again yet
	locations int    // several may lie behind one link
}

// setProblem takes note of what is wrong with p apart from what scans find.
func (c *Collector) setProblem(p *location, bad problem) {
	if _, known := p.problems[bad.key()]; !known {
		c.conditions[bad.why]++
		p.problems[bad.key()] = bad
		c.recheckProblems(p)
	}
}

// clearProblem takes note that something is not wrong with p any more.
func (c *Collector) clearProblem(p *location, key problemKey) {
	if _, known := p.problems[key]; known {
		if !key.fromScan() {
			c.conditions[key.why]--
		}
		delete(p.problems, key)
		c.recheckProblems(p)
	}
}

// reportProblem tells the handler one problem that began or ended in p, as far as the share of p
// allows. false means that there is none.
func (c *Collector) reportProblem(p *location, now time.Time) bool {
	if !p.recheck {
		return false
	}
	all := c.unreportedProblems(p)
	if len(all) == 0 {
		p.recheck = false
		return false
	}
	r := slices.MinFunc(all, problemReport.compareTo)
	if !r.isUrgent() && !c.mayReport(p, now) {
		return true
	}
	if r.begins {
		c.beginProblem(p, p.problems[r.key])
	} else {
		c.endProblem(p, r.key)
	}
	c.dirty = c.dirty || r.key.why != notWatched
	c.dropRemoved(p)
	c.queueReports(p)
	return true
}

// problemReport is a problem that begins or ends.
type problemReport struct {
	key    problemKey
	begins bool
}

// isUrgent reports whether the report does not count: a location that does not answer or has used
// up its share has no other way to say so.
func (r problemReport) isUrgent() bool { return r.key.why == noAnswer || r.key.why == ShareUsedUp }

// compareTo orders reports: urgent ones first, ends before beginnings, by path.
func (r problemReport) compareTo(o problemReport) int {
	rank := func(r problemReport) (n int) {
		if !r.isUrgent() {
			n += 2
		}
		if r.begins {
			n++
		}
		return n
	}
	return cmp.Or(rank(r)-rank(o), strings.Compare(r.key.path, o.key.path), strings.Compare(r.key.why, o.key.why))
}

// unreportedProblems returns the problems of p that the handler does not know of, or does not know to
// have ended.
func (c *Collector) unreportedProblems(p *location) (all []problemReport) {
	for key, content := range p.reported {
		bad, on := p.problems[key]
		restored := c.problems[key].restored
		switch {
		case !on && restored && p.restored: // it may yet be found again
		case !on, content != bad.contentKey() && !(restored && content == ""):
			all = append(all, problemReport{key, false})
		case restored:
			all = append(all, problemReport{key, true})
		}
	}
	for key := range p.problems {
		if _, known := p.reported[key]; !known {
			all = append(all, problemReport{key, true})
		}
	}
	return all
}

// beginProblem tells the handler of a problem, once for all locations that have it. What lasts
// since the run before is the same still.
func (c *Collector) beginProblem(p *location, bad problem) {
	r := c.problems[bad.key()]
	again := r != nil && r.restored
	if r == nil {
		r = &reportedProblem{restored: true}
		r.Since = c.opts.Now()
		c.problems[bad.key()] = r
	}
	if _, known := p.reported[bad.key()]; !known {
		r.locations++
	}
	p.reported[bad.key()] = bad.contentKey()
	if !r.restored {
		return
	}
	r.restored, r.content = false, bad.contentKey()
	r.Unreadable = event.Unreadable{
		Path: bad.path, Why: bad.why, Detail: bad.detail, Found: bad.found, On: true, Since: r.Since, Again: again,
		Home: p.homeOf(bad.path), Owner: bad.by.file.id(), FolderOwner: bad.by.folder.id(),
	}
	u := r.Unreadable
	u.Head = bad.takeHead()
	c.handler.HandleUnreadable(u)
}

// endProblem tells the handler that a problem is over, once for all locations that had it.
func (c *Collector) endProblem(p *location, key problemKey) {
	delete(p.reported, key)
	r := c.problems[key]
	if r.locations--; r.locations > 0 {
		return
	}
	delete(c.problems, key)
	u := r.Unreadable
	u.On, u.Again, u.Until = false, r.restored, c.opts.Now() // it may be over before it was found again
	if u.Until.Before(u.Since) {
		u.Until = u.Since // the clock was set
	}
	c.handler.HandleUnreadable(u)
}

// saveState offers the state if it is not what the handler has. Before the first scan of everything
// is complete it is not: what is not in it would seem to be new next time.
func (c *Collector) saveState(now time.Time) bool {
	if !c.dirty || !c.begun || now.Before(c.saveAt) {
		return false
	}
	begin := time.Now()
	if err := c.handler.HandleState(c.state()); err != nil {
		c.saveAt = now.Add(c.retry)
		c.counts.Refused++
		return false
	}
	c.dirty = false
	c.saveAt = now.Add(9 * time.Since(begin)) // however often it changes, a tenth of the time
	return true
}
