package prefs

import (
	"slices"
	"time"
)

// request has a place looked at: now, or as soon as a look under way and, for a home,
// those before it have ended.
func (c *Collector) request(p *place, now time.Time) {
	switch {
	case p.gone || p.queued:
	case now.Before(p.notBefore):
		c.schedule(p, p.notBefore)
	case p.look.busy:
		p.again = true
	case p.home && c.stuck[p.base] >= maxStuck:
		c.silence(p, "does not answer")
	case p.home:
		p.queued, p.asked = true, now
		c.queueOf(p).push(p)
	default:
		c.launch(p, now)
	}
}

// queueOf returns the queue for a look at a home. Those that answered last time do not wait
// for those that may not answer.
func (c *Collector) queueOf(p *place) *turns {
	if p.answers {
		return &c.lively
	}
	return &c.doubtful
}

// dispatch begins looks at the homes whose turn it is.
func (c *Collector) dispatch(now time.Time) {
	for c.active < maxActive {
		p := c.lively.pop()
		if p == nil && c.slow < maxSlow-slowReserve {
			p = c.doubtful.pop()
		}
		if p == nil {
			return
		}
		p.queued = false
		if !p.gone {
			c.active++
			c.launch(p, now)
		}
	}
}

// turns is a queue of homes, each of them once: they take turns.
type turns struct {
	places []*place
	head   int
}

func (t *turns) push(p *place) { t.places = append(t.places, p) }

// pop takes the first, nil if there is none.
func (t *turns) pop() *place {
	if t.head == len(t.places) {
		return nil
	}
	p := t.places[t.head]
	t.places[t.head] = nil
	t.head++
	if t.head == len(t.places) {
		t.places, t.head = t.places[:0], 0
	} else if t.head > maxHomes {
		t.places, t.head = slices.Delete(t.places, 0, t.head), 0
	}
	return p
}

// all returns the homes in the queue.
func (t *turns) all() []*place { return t.places[t.head:] }

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
	if l.stuck {
		if c.stuck[p.base]--; c.stuck[p.base] == 0 {
			delete(c.stuck, p.base)
		}
	}
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
		p.answers = false
		c.silence(p, "does not answer")
		c.backOff(p, now)
	} else {
		p.answers = true
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
		c.turn(p, problem{}, problem{path: p.base, why: noAnswer, detail: detail})
	}
}

// answered tells that it does.
func (c *Collector) answered(p *place) {
	p.strikes = 0
	if p.silent {
		p.silent = false
		c.silent--
		c.turn(p, problem{path: p.base, why: noAnswer}, problem{})
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
	for _, u := range c.carried {
		c.over(u)
	}
	c.carried = nil
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
