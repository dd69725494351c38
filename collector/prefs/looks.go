package prefs

import (
	"slices"
	"time"
)

// request has a place looked at: now, or as soon as a look under way and, for a home,
// those before it have ended.
func (c *Collector) request(p *place, now time.Time) {
	switch {
	case p.gone || p.queued || now.Before(p.notBefore):
	case p.look.busy:
		p.again = true
	case p.home:
		p.queued, p.asked = true, now
		c.queue = append(c.queue, p)
	default:
		c.launch(p, now)
	}
}

// dispatch begins looks at the homes whose turn it is.
func (c *Collector) dispatch(now time.Time) {
	for c.head < len(c.queue) && c.active < maxActive {
		p := c.queue[c.head]
		c.head++
		p.queued = false
		if !p.gone {
			c.active++
			c.launch(p, now)
		}
	}
	if c.head == len(c.queue) {
		clear(c.queue)
		c.queue, c.head = c.queue[:0], 0
	} else if c.head > maxHomes {
		c.queue, c.head = slices.Delete(c.queue, 0, c.head), 0
	}
}

// launch begins a look.
func (c *Collector) launch(p *place, now time.Time) {
	l := p.look
	p.again = false
	l.start(now, p == c.users && c.relist)
	if p == c.users {
		c.relist = false
	}
	c.flying = append(c.flying, l)
	go l.run()
}

// land takes over a look that has ended.
func (c *Collector) land(l *look, now time.Time) {
	p := l.place
	c.flying = slices.DeleteFunc(c.flying, func(o *look) bool { return o == l })
	l.busy = false
	if p.home && l.slow {
		c.slow--
	} else if p.home {
		c.active--
	}
	c.mu.Lock()
	c.stats.Looks++
	c.stats.Reads += l.reads
	c.stats.Bytes += l.bytes
	c.mu.Unlock()
	if p.look != l {
		return // the home is gone since, or another
	}
	if l.duration > c.opts.Timing.Answer {
		c.silence(p, "does not answer")
		c.backOff(p, now)
	} else {
		c.answered(p)
		c.spare(p, l.duration, now)
	}
	p.tried = true
	c.merge(p, now)
	if l.listed {
		c.setHomes(l.homes, l.partial, now)
	}
	if l.system && !slices.Equal(p.watch, l.watch) {
		p.watch = slices.Clone(l.watch)
		c.setWatch()
	}
	if p.again {
		c.request(p, now)
	}
}

// silence tells that a place does not answer.
func (c *Collector) silence(p *place, detail string) {
	p.tried = true
	if !p.silent {
		p.silent = true
		c.silent++
		c.begin(p, problem{path: p.base, why: noAnswer, detail: detail})
	}
}

// answered tells that it does.
func (c *Collector) answered(p *place) {
	p.strikes = 0
	if p.silent {
		p.silent = false
		c.silent--
		c.end(problem{path: p.base, why: noAnswer})
	}
}

// backOff puts off the next look at a place that took too long.
func (c *Collector) backOff(p *place, now time.Time) {
	t := &c.opts.Timing
	wait := t.BackoffMin
	for range min(p.strikes, 30) {
		wait = min(2*wait, t.BackoffMax)
	}
	p.strikes++
	p.notBefore = now.Add(wait)
	c.schedule(p, p.notBefore)
}

// spare puts off the next look at a home that takes long to look at, be it for what its
// owner puts there: it gets a tenth of the time, however often that changes.
func (c *Collector) spare(p *place, took time.Duration, now time.Time) {
	if p.home && took >= slowLook {
		p.notBefore = now.Add(9 * took)
		c.schedule(p, p.notBefore)
	}
}

// schedule has p looked at, and what waits to be reported of it offered, at a time.
func (c *Collector) schedule(p *place, at time.Time) {
	p.due = earliest(p.due, at)
	if !p.timed {
		p.timed = true
		c.timed = append(c.timed, p)
	}
}

// setHomes takes over which homes there are.
func (c *Collector) setHomes(homes []string, partial bool, now time.Time) {
	for _, h := range homes {
		p := c.homes[h]
		if p == nil && len(c.homes) < 2*maxHomes {
			p = c.addHome(h, false)
			p.looked = c.listed // it was not there at the list before
		}
		if p != nil {
			p.gone = false
			c.request(p, now)
		}
	}
	c.listed = true
	if partial {
		return // not to be listed does not mean not to be there
	}
	for h, p := range c.homes {
		if _, there := slices.BinarySearch(homes, h); !there && !p.extra && !p.gone {
			c.vanish(p)
		}
	}
}

// opening notes the end of the first look at everything.
func (c *Collector) opening() {
	if c.begun || !c.users.tried || slices.ContainsFunc(c.places, func(p *place) bool { return !p.tried && !p.gone }) {
		return
	}
	c.begun = true
	c.dirty = c.dirty || c.opts.Previous == nil
	c.dropCarried(&c.carried)
}

// setWatch tells the watcher which folders to watch.
func (c *Collector) setWatch() {
	if c.watch == nil {
		return
	}
	var all []target
	for _, p := range c.places {
		all = append(all, p.watch...)
	}
	c.watch.set(all[:min(len(all), maxFolders)])
}

// heard takes over what the watcher tells of a folder.
func (c *Collector) heard(n watchNews) {
	c.mu.Lock()
	c.stats.Watched = n.count
	c.mu.Unlock()
	bad := problem{path: n.folder, why: notWatched, detail: n.detail}
	_, on := c.problems[problemKey{n.folder, notWatched}]
	switch {
	case n.detail != "" && !on:
		c.begin(nil, bad)
	case n.detail == "" && on:
		c.end(bad)
	}
}
