package prefs

import (
	"slices"
	"time"

	"hooksnare/pkg/event"
)

// backlog is the places with something to report, each of them once: root's own first, then the
// homes in turn, one change or trouble each. No user's flood holds up root's or, for more
// than one report, another user's.
type backlog struct{ own, homes []*place }

// add queues p if it has something to report and is not in the queue.
func (b *backlog) add(p *place) {
	if p.pending == 0 && len(p.share.owed) == 0 || p.logged {
		return
	}
	p.logged = true
	if p.home {
		b.homes = append(b.homes, p)
	} else {
		b.own = append(b.own, p)
	}
}

// next takes the place whose turn it is.
func (b *backlog) next() *place {
	q := &b.own
	if len(*q) == 0 {
		q = &b.homes
	}
	if len(*q) == 0 {
		return nil
	}
	p := (*q)[0]
	*q = slices.Delete(*q, 0, 1)
	p.logged = false
	return p
}

func (b *backlog) empty() bool { return len(b.own) == 0 && len(b.homes) == 0 }

// report offers the handler one change, or else the state. false says that there is
// nothing to offer now.
func (c *Collector) report(now time.Time) bool {
	p := c.backlog.next()
	if p == nil {
		return c.save(now)
	}
	if c.settleOwed(p, now) {
		return true
	}
	f, key, next := p.change(now)
	if f == nil {
		if !next.IsZero() {
			c.schedule(p, next)
		}
		return true
	}
	if !c.mayReport(p, now) {
		return true
	}
	pend := &f.pend[key]
	err := c.handler.HandleChange(event.Change{
		File: f.shown, Scope: ScopeOf(f.shown), Key: keys[key],
		Old: f.known[key].pointer(), New: f.now[key].pointer(),
		Since: pend.since, Time: pend.at, Found: pend.from.found,
		Home: p.homeOf(f.shown), Owner: pend.from.by.file.id(), FolderOwner: pend.from.by.folder.id(),
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.stats.Refused++
		pend.notBefore = now.Add(c.opts.Timing.Retry)
	} else {
		c.stats.Changes++
		f.known[key] = f.now[key]
		c.drop(p, pend)
		c.dirty = true
		c.forget(p)
	}
	c.backlog.add(p)
	return true
}

// change returns a change of p that is due: by file, then in the keys' order. If there is
// none, next is when there is.
func (p *place) change(now time.Time) (found *file, key int, next time.Time) {
	for _, f := range p.files {
		if found != nil && f.shown > found.shown {
			continue
		}
		for i := range f.pend {
			pend := &f.pend[i]
			if !pend.on {
				continue
			}
			if now.Before(pend.notBefore) {
				next = earliest(next, pend.notBefore)
				continue
			}
			found, key = f, i
			break
		}
	}
	return found, key, next
}

// save offers the state if it is not what the handler has. Before the first look at
// everything is complete it is not: what is not in it would seem to be new next time.
func (c *Collector) save(now time.Time) bool {
	if !c.dirty || !c.begun || now.Before(c.saveAt) {
		return false
	}
	begin := time.Now()
	if err := c.handler.HandleState(c.state()); err != nil {
		c.saveAt = now.Add(c.opts.Timing.Retry)
		c.mu.Lock()
		c.stats.Refused++
		c.mu.Unlock()
		return false
	}
	c.dirty = false
	c.saveAt = now.Add(9 * time.Since(begin)) // however often it changes, a tenth of the time
	return true
}
