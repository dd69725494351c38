package prefs

import (
	"context"
	"slices"
	"time"
)

// Bounds on looks under way.
const (
	// maxActive is how many looks at homes there are at a time. A home has one, which counts
	// here until it is slow.
	maxActive = 4
	// maxSlow is how many looks at homes are slow, beside these. Each keeps a thread, for
	// ever if the home's file system is dead, and a process may have some thousands. A home
	// has one, or [maxStuck]: it takes as many dead homes to use it up. Of these the last
	// slowReserve are for homes that answered before.
	maxSlow     = 1024
	slowReserve = 64
	// maxStuck is how many looks at homes of one path may hang: one that is gone and comes
	// back is another to look at.
	maxStuck  = 4
	maxOwn    = 8 // at places of the system: there are fewer
	maxFlying = maxActive + maxSlow + maxOwn

	// slowLook is how long a look may take before another is begun in its stead. One takes
	// some hundred microseconds.
	slowLook = 50 * time.Millisecond

	// watchedGap lies between looks for a watched folder whose files are written all the
	// time. A few may follow each other at once: a file is written beside another and then
	// renamed over it.
	watchedGap  = 20 * time.Millisecond
	watchedOnce = 4
)

// run looks and reports until ctx ends or, if it is given, enough is true.
func (c *Collector) run(ctx context.Context, enough func() bool) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	defer c.finish()
	c.sweepAt = time.Now()
	if st, err := c.disk.lstat(c.disk.root + "/"); err == nil {
		c.disk.owner = st.uid
	}
	for {
		c.drain()
		now := time.Now()
		c.tick(now)
		c.dispatch(now)
		c.opening()
		reported := ctx.Err() == nil && c.report(now)
		c.count()
		switch {
		case ctx.Err() != nil || enough != nil && enough():
			return
		case reported:
			continue
		}
		timer.Reset(c.wait(now))
		c.await(ctx, timer)
	}
}

// await waits for whatever happens next.
func (c *Collector) await(ctx context.Context, timer *time.Timer) {
	var changed <-chan struct{}
	var said <-chan watchNews
	if c.watch != nil {
		changed, said = c.watch.changed, c.watch.news
	}
	select {
	case <-ctx.Done():
	case <-timer.C:
	case l := <-c.done:
		c.land(l, time.Now())
	case <-c.wake:
		c.wakes.happen(time.Now())
	case <-changed:
		now := time.Now()
		if next := c.lastWatched[0].Add(watchedOnce * watchedGap); now.Before(next) {
			now = next
		}
		c.watched.happen(now)
	case n := <-said:
		c.heard(n)
	}
}

// drain takes over all looks that ended, so that none is held for one that does not.
func (c *Collector) drain() {
	for {
		select {
		case l := <-c.done:
			c.land(l, time.Now())
		default:
			return
		}
	}
}

// finish waits for the looks that are about to end, and gives the state a last chance.
func (c *Collector) finish() {
	timer := time.NewTimer(c.opts.Timing.Answer)
	defer timer.Stop()
	for slices.ContainsFunc(c.flying, func(l *look) bool { return !l.stuck }) {
		select {
		case l := <-c.done:
			c.flying = slices.DeleteFunc(c.flying, func(o *look) bool { return o == l })
		case <-timer.C:
			return
		}
	}
	c.saveAt = time.Time{}
	c.save(time.Now())
}

// tick does what is due.
func (c *Collector) tick(now time.Time) {
	all := c.wakes.take(now)
	if !c.sweepAt.IsZero() && !now.Before(c.sweepAt) {
		all = true
		c.sweepAt = c.sweepAt.Add(c.opts.Sweep)
		switch {
		case c.opts.Sweep == 0:
			c.sweepAt = time.Time{}
		case c.sweepAt.Before(now):
			c.sweepAt = now.Add(c.opts.Sweep)
		}
	}
	own := c.watched.take(now)
	if own {
		copy(c.lastWatched[:], c.lastWatched[1:])
		c.lastWatched[watchedOnce-1] = now
	}
	if all {
		c.mu.Lock()
		c.stats.Sweeps++
		c.stats.LastSweep = c.opts.Now()
		c.mu.Unlock()
	}
	for _, p := range c.places {
		if all || own && !p.home && p != c.users {
			c.request(p, now)
		} else if !all && p.home {
			break // the homes come last
		}
	}
	c.tickTimed(now)
	c.tickFlying(now)
}

// tickTimed looks at places that something was put off for.
func (c *Collector) tickTimed(now time.Time) {
	var due []*place
	c.timed = slices.DeleteFunc(c.timed, func(p *place) bool {
		if now.Before(p.due) {
			return false
		}
		due = append(due, p)
		p.due, p.timed = time.Time{}, false
		return true
	})
	for _, p := range due {
		c.backlog.add(p)
		c.calm(p, now)
		c.request(p, now)
		if now.Before(p.notBefore) {
			c.schedule(p, p.notBefore)
		}
	}
}

// tickFlying minds looks that take long.
func (c *Collector) tickFlying(now time.Time) {
	for _, l := range c.flying {
		took := now.Sub(l.began)
		if !l.slow && l.place.home && took >= slowLook && c.slow < maxSlow {
			l.slow = true
			c.active--
			c.slow++
		}
		if !l.stuck && took >= c.opts.Timing.Answer {
			l.stuck = true
			c.stuck[l.place.base]++
			if l.place.look == l {
				l.place.answers = false
				c.silence(l.place, "does not answer")
			}
		}
	}
	for _, q := range [...]*turns{&c.lively, &c.doubtful} {
		for _, p := range q.all() {
			if now.Before(p.asked.Add(c.opts.Timing.Answer)) {
				break // the others were asked later
			}
			if !p.silent && !p.gone {
				c.silence(p, "too many other homes do not answer")
			}
		}
	}
}

// wait returns how long nothing is due.
func (c *Collector) wait(now time.Time) time.Duration {
	next := c.watched.next(c.wakes.next(c.sweepAt))
	if c.dirty && c.begun {
		next = earliest(next, c.saveAt)
	}
	for _, p := range c.timed {
		next = earliest(next, p.due)
	}
	for _, l := range c.flying {
		if !l.slow && l.place.home && c.slow < maxSlow {
			next = earliest(next, l.began.Add(slowLook))
		}
		if !l.stuck {
			next = earliest(next, l.began.Add(c.opts.Timing.Answer))
		}
	}
	for _, q := range [...]*turns{&c.lively, &c.doubtful} {
		for _, p := range q.all() {
			if !p.silent {
				next = earliest(next, p.asked.Add(c.opts.Timing.Answer))
				break // the others were asked later
			}
		}
	}
	if next.IsZero() {
		return time.Hour // and then look again what is due
	}
	return next.Sub(now)
}

// count keeps the figures of what is.
func (c *Collector) count() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.Homes, c.stats.Stuck, c.stats.UsedUp = len(c.homes), c.silent, c.usedUp
	c.stats.Waiting, c.stats.Unreadable = c.pending, len(c.problems)
}
