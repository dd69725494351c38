package forward

import (
	"math"
	"time"
)

// Bounds of pace. A receiver that comes back after an outage gets one alert first, then
// two, four and so on, with a pause of up to recoverPause before each request: from 100,000
// agents at most 100,000 alerts in the first requests, spread over the time that their
// waits differ by.
const (
	maxItems  = 500     // alerts in a request
	maxBytes  = 4 << 20 // documents in a request
	minBytes  = 64 << 10
	growBytes = 4 << 10 // by which requests become larger again after one was too large

	minWait      = time.Second
	maxWait      = 5 * time.Minute
	minSlow      = time.Minute // a person has to act
	recoverPause = time.Second
	refusalPause = 100 * time.Millisecond // between requests while alerts are refused
)

// pace decides how much goes into the next request and when it goes. It belongs to the
// goroutine of Run.
type pace struct {
	random   func() float64 // from 0 up to 1
	gather   time.Duration  // between requests that are not full
	items    int            // in the next request: doubles up to maxItems, and halves to find the one that is refused
	bytes    int            // documents in the next request
	failures int            // in a row
	outage   bool           // items is small because there was one
}

// pause is the time until the next request.
type pause struct {
	time   time.Duration
	failed bool // because something is wrong
	empty  bool // because there was nothing to send
	files  bool // until a file changes
}

// tally is what became of the items of a request.
type tally struct {
	items, bytes, delivered, refused int
}

// retried returns how many items have to be sent again.
func (t tally) retried() int { return t.items - t.delivered - t.refused }

// pauseAfter returns the pause after a request.
func (p *pace) pauseAfter(t tally, result *Result, took time.Duration) pause {
	kind := KindNone
	if result.Err != nil {
		kind = result.Err.Kind
	}
	settled, document := t.delivered+t.refused > 0, policies[kind].document
	switch {
	case document && !settled && t.items > 1:
		p.items = t.items / 2 // the one at fault is found when it is alone
		if kind == KindTooLarge {
			p.bytes = max(minBytes, t.bytes/2)
		}
		return pause{time: p.randomBetween(refusalPause/2, refusalPause)}
	case t.retried() > 0 && (!document || !settled):
		if settled {
			p.countSuccess()
		}
		return p.pauseAfterFailure(kind, result.RetryAfter)
	}
	return p.pauseAfterSuccess(t, took)
}

// pauseAfterSuccess returns the pause after a request of which everything was settled, or at least
// something refused that will not be in the way again.
func (p *pace) pauseAfterSuccess(t tally, took time.Duration) pause {
	full := t.items >= p.items || t.bytes >= p.bytes/2 // otherwise nothing is left in the queue
	p.countSuccess()
	p.bytes = min(p.bytes+growBytes, maxBytes)
	if t.refused > 0 {
		return pause{time: p.randomBetween(refusalPause/2, refusalPause)}
	}
	if t.items >= p.items {
		p.items = min(2*p.items, maxItems)
	}
	if p.outage && full && p.items < maxItems {
		return pause{time: p.randomBetween(0, recoverPause)}
	}
	p.outage = false
	if full {
		return pause{}
	}
	return pause{time: max(0, p.gather-took)}
}

// countSuccess takes back one failure. One success does not make up for all failures before: a
// fleet that is back to short pauses after one success each overruns a receiver that is
// just coming up.
func (p *pace) countSuccess() { p.failures = max(0, p.failures-1) }

// pauseAfterFailure returns the pause after a request that failed. The next one is small, or smaller where
// the receiver is there and has too much to do.
func (p *pace) pauseAfterFailure(kind Kind, asked time.Duration) pause {
	p.failures++
	p.outage = true
	if policies[kind].throttle {
		p.items = max(1, p.items/2)
	} else {
		p.items = 1
	}
	w := pause{failed: true, files: policies[kind].operator}
	if policies[kind].operator {
		w.time = p.randomBetween(minSlow, maxWait)
	} else {
		bound := float64(minWait) * math.Exp2(float64(min(p.failures, 16)))
		w.time = p.randomBetween(minWait, min(time.Duration(bound), maxWait))
	}
	if asked > 0 {
		// Not all at the same moment: those who were told the same were told at once.
		w.time = max(w.time, asked+p.randomBetween(0, min(asked/4, time.Minute)))
	}
	return w
}

func (p *pace) randomBetween(least, most time.Duration) time.Duration {
	return least + time.Duration(p.random()*float64(most-least))
}
