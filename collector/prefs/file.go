package prefs

import (
	"slices"
	"time"

	"hooksnare/pkg/event"
)

// file is what is known of a preferences file. It belongs to the goroutine of Run.
type file struct {
	shown string
	since event.Since // what its next difference is to
	known values      // what the handler accepted
	now   values      // what the file holds
	by    hands       // whose it was when it was last seen
	bad   problem     // told of it

	pend [len(keys)]pending

	wait      bool // the outcome may be of a moment
	outcome   outcome
	waitFrom  time.Time // since when it is so
	waitFirst time.Time // since when nothing was sure
}

// pending is a value that the handler has not accepted.
type pending struct {
	on        bool
	since     event.Since
	at        time.Time // when it was seen, by Options.Now
	notBefore time.Time // when it may be offered
	from      *source
}

// source is what a value was read from, at that moment: whatever becomes of the file until
// the value is reported is of no matter.
type source struct {
	found event.Found
	by    hands
}

// maxWait is how many times longer than Settle a file may seem to be of a moment.
const maxWait = 8

// file returns what is known of a file of p.
func (p *place) file(name string) *file {
	f := p.files[name]
	if f == nil {
		f = &file{shown: name, since: event.SinceSeen}
		if !p.looked {
			f.since = p.since
		}
		p.files[name] = f
	}
	return f
}

// never reports whether what is found in the file next is the first there ever was.
func (f *file) never() bool {
	for _, p := range f.pend {
		if p.on && p.since == event.SinceNever {
			return true
		}
	}
	return f.since == event.SinceNever
}

// momentary reports whether an outcome may be that of a file that is just being written:
// some writers truncate it, or remove it before they make a new one.
func (f *file) momentary(o outcome) bool {
	if o.stands {
		return o.bad.why == malformed || o.bad.why == hostile || o.bad.why == changing
	}
	return o.found == event.Found{} && f.now != values{} // it is not there
}

// merge takes over what a look at p found.
func (c *Collector) merge(p *place, now time.Time) {
	l := p.look
	for i := range l.news {
		n := &l.news[i]
		if n.folder {
			c.swap(p, n.was, n.is)
			continue
		}
		c.observe(p, p.file(n.file), n.outcome, now)
	}
	c.settle(p, now)
	if l.short {
		c.schedule(p, now.Add(c.opts.Timing.Settle))
		c.used(p, "more changes than is read in one go", now)
	}
	if !p.looked && !l.absent && !l.blind && !l.short {
		p.looked = true
		c.dirty = c.dirty || p.since == event.SinceNever
	}
	c.missing(p, l.absent, now)
	if len(p.waiting) == 0 && !l.absent {
		c.dropCarried(p)
	}
	c.prune(p)
}

// observe takes over the outcome of one look at a file.
func (c *Collector) observe(p *place, f *file, o outcome, now time.Time) {
	if !f.momentary(o) {
		c.commit(p, f, o)
		return
	}
	if !f.wait {
		f.waitFirst = p.look.began
		p.waiting = append(p.waiting, f)
	}
	if !f.wait || f.outcome.stands != o.stands {
		f.waitFrom = p.look.began
	}
	f.wait, f.outcome = true, o
}

// settle commits what has been so for long enough.
func (c *Collector) settle(p *place, now time.Time) {
	left := p.waiting[:0]
	for _, f := range p.waiting {
		due := f.waitFrom.Add(c.opts.Timing.Settle)
		if last := f.waitFirst.Add(maxWait * c.opts.Timing.Settle); last.Before(due) {
			due = last
		}
		switch {
		case !f.wait:
		case p.look.began.Before(due):
			left = append(left, f)
			c.schedule(p, due)
		default:
			c.commit(p, f, f.outcome)
		}
	}
	clear(p.waiting[len(left):])
	p.waiting = left
}

// settling reports whether any file may be of a moment.
func (c *Collector) settling() bool {
	for _, p := range c.places {
		if len(p.waiting) > 0 {
			return true
		}
	}
	return false
}

// commit takes an outcome for the state of a file.
func (c *Collector) commit(p *place, f *file, o outcome) {
	f.wait, f.outcome = false, outcome{}
	c.turn(p, f.bad, o.bad)
	f.bad = o.bad
	if by := o.by.or(f.by); by != f.by {
		f.by = by
		c.dirty = c.dirty || f.known != values{}
	}
	if o.stands {
		return
	}
	was, from := f.now, &source{o.found, f.by}
	f.now = o.vals
	for i := range keys {
		switch pend := &f.pend[i]; {
		case f.now[i] == f.known[i]:
			c.drop(p, pend)
		case !pend.on:
			*pend = pending{on: true, since: f.since, at: c.opts.Now(), from: from}
			p.pending++
			c.pending++
		case f.now[i] != was[i]: // another value: the difference is still to what is known
			pend.at, pend.notBefore, pend.from = c.opts.Now(), time.Time{}, from
		}
	}
	c.dirty = c.dirty || f.since == event.SinceNever
	f.since = event.SinceSeen
	c.backlog.add(p)
}

func (c *Collector) drop(p *place, pend *pending) {
	if pend.on {
		*pend = pending{}
		p.pending--
		c.pending--
	}
}

// prune forgets files that hold nothing and are looked at no more: names come and go in
// ByHost as their owner likes.
func (c *Collector) prune(p *place) {
	const kept = 2 * (maxByHost + len(names)) // rarely more, and then it takes a walk over all
	if len(p.files) <= kept {
		return
	}
	for name, f := range p.files {
		if f.known == (values{}) && f.now == (values{}) && !f.wait && f.bad.why == "" && f.since == event.SinceSeen {
			delete(p.files, name)
		}
	}
}

// vanish takes a home for one whose files are gone.
func (c *Collector) vanish(p *place) {
	p.gone, p.absent = true, false
	for _, f := range p.files {
		c.commit(p, f, outcome{})
	}
	clear(p.waiting)
	p.waiting = p.waiting[:0]
	for len(p.bad) > 0 {
		c.swap(p, p.bad[0], problem{})
	}
	c.answered(p)
	c.forgive(p)
	c.dropCarried(p)
	p.look = c.newLook(p) // one under way is of what is no more
	c.forget(p)
}

// forget drops a home that is gone once all of that is reported.
func (c *Collector) forget(p *place) {
	if p.gone && p.pending == 0 && len(p.share.owed) == 0 {
		delete(c.homes, p.base)
		c.places = slices.DeleteFunc(c.places, func(o *place) bool { return o == p })
	}
}

// missing minds homes that were not there at the look. Of those below /Users the list of
// homes tells whether that is so; of others nothing does, they may only not be mounted.
func (c *Collector) missing(p *place, absent bool, now time.Time) {
	if absent && !p.absent && !p.extra {
		c.relist = true
		c.request(c.users, now)
	}
	if bad := (problem{path: p.base, why: notThere, detail: "its hooks are not known"}); p.extra && absent != p.absent {
		if !absent && slices.ContainsFunc(p.bad, bad.same) {
			c.swap(p, bad, problem{})
		} else if absent && p.holds() {
			c.swap(p, problem{}, bad)
		}
	}
	p.absent = absent
}

// holds reports whether any hook is known in p.
func (p *place) holds() bool {
	for _, f := range p.files {
		if f.known != (values{}) {
			return true
		}
	}
	return false
}

// swap takes over what is wrong with a folder.
func (c *Collector) swap(p *place, was, is problem) {
	if i := slices.IndexFunc(p.bad, was.same); i >= 0 { // several folders may have the same
		p.bad = slices.Delete(p.bad, i, i+1)
	}
	if is.why != "" {
		p.bad = append(p.bad, is)
	}
	c.turn(p, was, is)
}
