package prefs

import (
	"time"
)

// Each home has a share, and no home's use takes from another's or from that of root's
// locations, which have none but their bounds:
//
//   - scans: one at a time (requestScan), in turn and without waiting for a slow one (scanInTurn);
//   - time: one part in ten of it (limitTime);
//   - bytes: maxScanBytes a scan, files: maxByHost, names: maxEntries;
//   - reports: reportsAtOnce, and reportRate a second (mayReport).
//
// What a home has more of waits; that its share is used up is reported as a problem of the home.
const (
	// shareCalm is how long a share must not be used up before that is over.
	shareCalm = time.Minute

	// costlyScan is how long a scan may take without its counting. One of a home in which
	// nothing changed takes some hundred microseconds, and several a second are begun at most.
	costlyScan = 5 * time.Millisecond

	// maxSlowRow is how many scans in a row may take long before that is reported: on a busy
	// machine a few may.
	maxSlowRow = 2

	// reportsAtOnce is how many changes and problems of a home are reported without a wait:
	// all its files, twice. reportRate come back in a second.
	reportsAtOnce float64 = 2 * (maxByHost + float64(len(names)))
	reportRate    float64 = 2
)

// share is what a home has used of its share.
type share struct {
	reports float64   // that count
	at      time.Time // of reports
	slow    int       // scans in a row that took so long that the next is late
	usedUp  time.Time // when it was last used up, while that is reported; zero otherwise
}

// mayReport reports whether anything may be reported of p now, and if so counts it. If not, p
// comes again when it may. What is reported of a home that is not there any more is the last.
func (c *Collector) mayReport(p *location, now time.Time) bool {
	if !p.home || p.removed || c.once {
		return true
	}
	s := &p.share
	s.reports = max(0, s.reports-reportRate*now.Sub(s.at).Seconds())
	s.at = now
	if s.reports <= reportsAtOnce-1 {
		s.reports++
		return true
	}
	c.useUp(p, "its files change faster than is reported", now)
	c.scheduleAt(p, now.Add(time.Duration((s.reports-reportsAtOnce+1)/reportRate*float64(time.Second))+time.Millisecond))
	return false
}

// useUp takes note that the share of p is used up.
func (c *Collector) useUp(p *location, detail string, now time.Time) {
	p.share.usedUp = now
	c.setProblem(p, problem{path: p.base, why: ShareUsedUp, detail: detail})
	c.scheduleAt(p, now.Add(shareCalm))
}

// checkCalm takes note that the share of p is not used up any more, if so.
func (c *Collector) checkCalm(p *location, now time.Time) {
	switch last := p.share.usedUp; {
	case last.IsZero():
	case now.Sub(last) < shareCalm:
		c.scheduleAt(p, last.Add(shareCalm))
	default:
		p.share.usedUp = time.Time{}
		c.clearProblem(p, problemKey{p.base, ShareUsedUp})
	}
}

// limitTime puts off the next scan of a home of which one takes long, be it for what its owner
// puts there: it gets a tenth of the time, however often that changes.
func (c *Collector) limitTime(p *location, took time.Duration, now time.Time) {
	if !p.home {
		return
	}
	wait := 9 * took
	if took >= costlyScan {
		p.notBefore = now.Add(wait)
	}
	if wait <= answerTime {
		p.share.slow = 0
	} else if p.share.slow++; p.share.slow > maxSlowRow {
		c.useUp(p, "takes long to scan", now)
	}
}
