package forward

import (
	"math"
	"time"
)

// pace decides how much goes into the next request and when it goes. What is
// random in it comes from outside.
type pace struct {
	random   func() float64
	gather   time.Duration
	most     int // items in a request
	window   int // items in the next one: it doubles until it is most
	bytes    int // documents in the next request
	maxBytes int
	parts    []int // of a refused request, the next one last: the culprit is in one of them
	failures int   // in a row
	outage   bool  // the window is small because there was one
	small    int   // requests since bytes was made smaller
}

func newPace(o Options) pace {
	return pace{random: o.Random, gather: o.Gather, most: o.MaxItems, window: 1, bytes: o.MaxBytes, maxBytes: o.MaxBytes}
}

// items returns how many items go into the next request.
func (p *pace) items() int {
	if n := len(p.parts); n > 0 {
		return min(p.window, p.parts[n-1])
	}
	return p.window
}

func (p *pace) failing() bool { return p.failures > 0 }

// after returns the pause after a request.
func (p *pace) after(b *batch, result *Result, begun time.Time) wait {
	n, settled := len(b.items), len(b.delivered)+len(b.refused)
	refused := result.Err != nil && (result.Err.Kind == KindRefused || result.Err.Kind == KindTooLarge)
	switch {
	case refused && settled == 0 && n > 1:
		p.split(n)
		if result.Err.Kind == KindTooLarge {
			p.bytes, p.small = max(leastBytes, b.bytes/2), 0
		}
		return wait{time: p.between(refusalPause/2, refusalPause)}
	case b.retry > 0 && (!refused || settled == 0):
		p.settle(settled)
		kind := KindAnswer
		if result.Err != nil {
			kind = result.Err.Kind
		}
		if settled > 0 {
			p.calm() // it does take some
		}
		return p.fail(kind, result.RetryAfter)
	}
	return p.well(n, settled, b, begun)
}

// well returns the pause after a request of which everything was settled, or at least
// something refused that will not be in the way again.
func (p *pace) well(n, settled int, b *batch, begun time.Time) wait {
	full := n >= p.items() || b.bytes >= p.bytes/2 // otherwise nothing is left in the queue
	p.settle(settled)
	p.calm()
	if p.small++; p.bytes < p.maxBytes && p.small >= 100 {
		p.bytes, p.small = min(2*p.bytes, p.maxBytes), 0
	}
	if len(b.refused) == 0 && n >= p.window {
		p.window = min(2*p.window, p.most)
	}
	switch {
	case len(b.refused) > 0:
		return wait{time: p.between(refusalPause/2, refusalPause)}
	case p.outage && full && p.window < p.most:
		return wait{time: p.between(0, recoverPause)}
	}
	p.outage = false
	if full {
		return wait{}
	}
	return wait{time: max(0, p.gather-time.Since(begun))}
}

// split makes two parts of a request that was refused as a whole.
func (p *pace) split(n int) {
	p.settle(n)
	p.parts = append(p.parts, n/2, n-n/2)
}

// settle takes n items from the part that is looked at.
func (p *pace) settle(n int) {
	for n > 0 && len(p.parts) > 0 {
		last := len(p.parts) - 1
		if p.parts[last] > n {
			p.parts[last] -= n
			return
		}
		n -= p.parts[last]
		p.parts = p.parts[:last]
	}
}

// calm takes note that the receiver takes something. It does not make up for all the
// failures before: a fleet that is back to short pauses after one success each overruns a
// receiver that is just coming up.
func (p *pace) calm() { p.failures = max(0, p.failures-1) }

// fail returns the pause after a request that failed. The next one is small, or smaller where
// the receiver is there and has too much to do.
func (p *pace) fail(kind Kind, asked time.Duration) wait {
	p.failures++
	p.outage = true
	if kind == KindThrottled {
		p.window = max(1, p.window/2)
	} else {
		p.window = 1
	}
	w := wait{failed: true}
	switch kind {
	case KindDenied, KindFile, KindRedirect, KindPlain, KindUnconfigured,
		KindName, KindExpired, KindAuthority, KindVersion, KindCertificate, KindTLS:
		w.time, w.files = p.between(minSlow, maxWait), true
	default:
		bound := float64(minWait) * math.Exp2(float64(min(p.failures, 16)))
		w.time = p.between(minWait, min(time.Duration(bound), maxWait))
	}
	if asked > 0 {
		// Not all at the same moment: those who were told the same were told at once.
		w.time = max(w.time, asked+p.between(0, min(asked/4, time.Minute)))
	}
	return w
}

func (p *pace) between(least, most time.Duration) time.Duration {
	return least + time.Duration(p.random()*float64(most-least))
}
