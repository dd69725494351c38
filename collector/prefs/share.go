package prefs

import (
	"slices"
	"time"

	"hooksnare/pkg/event"
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
	owed     []owed    // troubles to tell, in their order
}

// mayReport reports whether anything may be told of p now, and if so counts it. If not, p is
// looked after again when it may.
func (c *Collector) mayReport(p *place, now time.Time) bool {
	if !p.home || c.atOnce {
		return true
	}
	s := &p.share
	s.reported = max(0, s.reported-reportRate*now.Sub(s.at).Seconds())
	s.at = now
	if s.reported <= reportsAtOnce-1 {
		s.reported++
		return true
	}
	if !p.gone {
		c.used(p, "its files change faster than is reported", now)
	}
	c.schedule(p, now.Add(time.Duration((s.reported-reportsAtOnce+1)/reportRate*float64(time.Second))+time.Millisecond))
	return false
}

// used notes that the share of p is used up.
func (c *Collector) used(p *place, detail string, now time.Time) {
	first := p.share.usedUp.IsZero()
	p.share.usedUp = now
	if first {
		c.usedUp++
		c.turn(p, problem{}, problem{path: p.base, why: ShareUsedUp, detail: detail})
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
		c.turn(p, problem{path: p.base, why: ShareUsedUp}, problem{})
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

// owed is something to tell of the troubles of a home.
type owed struct {
	problem
	begins bool
	past   *event.Unreadable // one of the run before that is over; the others are zero
}

// of reports whether it is of the trouble of that key.
func (o *owed) of(key problemKey) bool {
	return o.past == nil && o.path == key.path && o.why == key.why
}

// begins reports whether it is owed that a trouble begins.
func (s *share) begins(key problemKey) bool {
	return slices.ContainsFunc(s.owed, func(o owed) bool { return o.begins && o.of(key) })
}

// owe adds something to tell. That a trouble ends of whose beginning nobody knows is none: so
// what is owed is bounded by the files and folders that are looked at.
func (s *share) owe(o owed) {
	if !o.begins && o.past == nil {
		for i := len(s.owed) - 1; i >= 0; i-- {
			if last := &s.owed[i]; last.begins && last.of(problemKey{o.path, o.why}) {
				s.owed = slices.Delete(s.owed, i, i+1)
				return
			}
		}
	}
	s.owed = append(s.owed, o)
}

// settleOwed tells one trouble that is owed of p, as far as the share of p allows. false says
// that none is owed. That a home does not answer or uses up its share always counts.
func (c *Collector) settleOwed(p *place, now time.Time) bool {
	s := &p.share
	if len(s.owed) == 0 {
		return false
	}
	i := slices.IndexFunc(s.owed, func(o owed) bool { return o.why == noAnswer || o.why == ShareUsedUp })
	if i < 0 {
		if i = 0; !c.mayReport(p, now) {
			return true
		}
	}
	o := s.owed[i]
	s.owed = slices.Delete(s.owed, i, i+1)
	switch {
	case o.past != nil:
		c.over(o.past)
	case o.begins:
		c.begin(p, o.problem)
	default:
		c.end(o.problem)
	}
	c.forget(p)
	c.backlog.add(p)
	return true
}
