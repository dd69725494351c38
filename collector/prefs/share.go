package prefs

import (
	"cmp"
	"slices"
	"time"
)

// Each home has a share of its own, and no home's use takes from another's or from that of
// root's places, which have none but their bounds:
//
//   - looks: one at a time (request), begun in turn (turns), with [maxActive] at a time that
//     all homes use and none for longer than slowLook;
//   - time: one part in ten of it (spare);
//   - bytes: maxBytes a look, files: maxByHost, names: maxEntries;
//   - reports: reportsAtOnce, and reportRate a second (mayReport).
//
// What a home has more of waits; that its share is used up is told as trouble with the home.
const (
	// ShareUsedUp is the reason of an event.Unreadable that tells so; its path is the home.
	ShareUsedUp = "share used up"

	// shareCalm is how long a share must not be used up before that is over.
	shareCalm = time.Minute

	// costlyLook is how long a look may take without its counting. One at a home in which
	// nothing changed takes some hundred microseconds, and several a second are begun at most.
	costlyLook = 5 * time.Millisecond

	// slowLooks is how many looks in a row must take long: on a busy machine one may.
	slowLooks = 3

	// reportsAtOnce is how many changes and troubles of a home are reported without a wait:
	// all its files, twice. reportRate come back in a second.
	reportsAtOnce float64 = 2 * (maxByHost + float64(len(names)))
	reportRate    float64 = 2
)

// share is what a place has used of its share.
type share struct {
	reported float64   // reports that count
	at       time.Time // of reported
	slow     int       // looks in a row that took so long that the next is late
	usedUp   time.Time // when the share was last used up; zero if that is not told
	owed     map[problemKey]*owed
}

// owed is a trouble of which more is to be told than the share allows.
type owed struct {
	problem
	count int // begun so many times more than was told; less than zero: ended
}

// mayReport reports whether anything may be told of p now, and if so counts it. If not, p is
// looked after again when it may.
func (c *Collector) mayReport(p *place, now time.Time) bool {
	if p == nil || !p.home {
		return true
	}
	s := &p.share
	s.reported = max(0, s.reported-reportRate*now.Sub(s.at).Seconds())
	s.at = now
	if s.reported <= reportsAtOnce-1 {
		s.reported++
		return true
	}
	c.used(p, "its files change faster than is reported", now)
	c.schedule(p, now.Add(time.Duration((s.reported-reportsAtOnce+1)/reportRate*float64(time.Second))+time.Millisecond))
	return false
}

// used notes that the share of p is used up.
func (c *Collector) used(p *place, detail string, now time.Time) {
	first := p.share.usedUp.IsZero()
	p.share.usedUp = now
	if first {
		c.usedUp++
		c.begin(p, problem{path: p.base, why: ShareUsedUp, detail: detail})
		c.schedule(p, now.Add(shareCalm))
	}
}

// calm notes that the share of p is not used up any more, if so.
func (c *Collector) calm(p *place, now time.Time) {
	switch last := p.share.usedUp; {
	case last.IsZero():
	case now.Sub(last) < shareCalm:
		c.schedule(p, last.Add(shareCalm))
	default:
		c.forgive(p)
	}
}

// forgive ends that the share of p is used up.
func (c *Collector) forgive(p *place) {
	if !p.share.usedUp.IsZero() {
		p.share.usedUp = time.Time{}
		c.usedUp--
		c.end(problem{path: p.base, why: ShareUsedUp})
	}
}

// spare puts off the next look at a home that takes long to look at, be it for what its
// owner puts there: it gets a tenth of the time, however often that changes. A look that is
// asked for meanwhile is taken then.
func (c *Collector) spare(p *place, took time.Duration, now time.Time) {
	if !p.home {
		return
	}
	if took < costlyLook {
		p.share.slow = 0
		return
	}
	wait := 9 * took
	p.notBefore = now.Add(wait)
	if wait <= c.opts.Timing.Answer {
		p.share.slow = 0
	} else if p.share.slow++; p.share.slow >= slowLooks {
		c.used(p, "takes long to look at", now)
	}
}

// owe notes trouble that begins or ends, to be told when p may.
func (c *Collector) owe(p *place, bad problem, count int) {
	key := problemKey{bad.path, bad.why}
	o := p.share.owed[key]
	if o == nil {
		if p.share.owed == nil {
			p.share.owed = map[problemKey]*owed{}
		}
		o = &owed{problem: bad}
		p.share.owed[key] = o
	}
	if count > 0 {
		o.problem = bad
	}
	if o.count += count; o.count == 0 {
		delete(p.share.owed, key)
	}
}

// settleOwed tells of the troubles that are owed, as far as p may, or of all.
func (c *Collector) settleOwed(p *place, all bool, now time.Time) {
	if len(p.share.owed) == 0 {
		return
	}
	list := make([]*owed, 0, len(p.share.owed))
	for _, o := range p.share.owed {
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b *owed) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.why, b.why))
	})
	for _, o := range list {
		if !all && !c.mayReport(p, now) {
			return
		}
		delete(p.share.owed, problemKey{o.path, o.why})
		for ; o.count > 0; o.count-- {
			c.begin(p, o.problem)
		}
		for ; o.count < 0; o.count++ {
			c.end(o.problem)
		}
	}
}
