package judge

import (
	"slices"
	"time"

	"hooksnare/agent/document"
	"hooksnare/agent/health"
	"hooksnare/detect"
	"hooksnare/pkg/alert"
)

// Every document that reports anything goes through this file: open for a new alert, say
// for an update. Both count it against the share of whoever can cause it.

// openThread gives a finding's alert unless its share is used up, and returns the thread that its
// updates go on in; nil if it was held back. The thread has not begun yet.
func (p *Judge) openThread(f *detect.Finding, compose func() *alert.Alert, now time.Time) *alertThread {
	if !p.budget.Allow(f, now) {
		p.counts.Held++
		p.shareUsedUp(f.Share(), now)
		return nil
	}
	return newThread(compose(), f.Share())
}

// beginThread gives the first document of a thread.
func (p *Judge) beginThread(t *alertThread) {
	a := t.whole
	t.whole, t.given = nil, 1
	a.Event.Sequence = 1
	p.compose.SetTimes(a)
	p.sendDocument(a, t.share)
}

// maxDelayed bounds the threads of one share with an update that waits.
const maxDelayed = 128

// sendUpdate gives an update of a thread. When the share of the thread is used up the update waits:
// the latest one is given when there is room again.
func (p *Judge) sendUpdate(t *alertThread, u *alert.Alert, now time.Time) {
	t.last = document.Brief(u)
	if t.delayed == nil && p.budget.Update(t.share, now) {
		t.given++
		u.Event.Sequence = t.given
		p.sendDocument(u, t.share)
		return
	}
	p.shareUsedUp(t.share, now)
	if t.delayed == nil {
		list := p.delayed[t.share]
		if len(list) == maxDelayed {
			p.counts.Held++
			return
		}
		p.delayed[t.share] = append(list, t)
	}
	t.delayed = u
}

// sendDelayed gives the updates that waited, as far as their shares have room now; with all
// set, every one.
func (p *Judge) sendDelayed(now time.Time, all bool) {
	for _, share := range sortedShares(p.delayed) {
		list := p.delayed[share]
		for len(list) > 0 && (p.budget.Update(share, now) || all) {
			t := list[0]
			list = list[1:]
			t.given++
			u := t.delayed
			t.delayed = nil
			u.Event.Sequence = t.given
			p.sendDocument(u, share)
		}
		if p.delayed[share] = list; len(list) == 0 {
			delete(p.delayed, share)
		}
	}
}

func sortedShares[T any](m map[detect.Share]T) []detect.Share {
	out := make([]detect.Share, 0, len(m))
	for share := range m {
		out = append(out, share)
	}
	slices.Sort(out)
	return out
}

// sendDocument hands a document of a share on, in order.
func (p *Judge) sendDocument(a *alert.Alert, share detect.Share) {
	p.counts.Alerts++
	a.Share = spoolShare(share)
	p.reportedBy.noteAlert(a)
	p.outbox.addDocument(a)
}

// spoolShare is what the spool calls a share.
func spoolShare(share detect.Share) string {
	if share.Condition() {
		return alert.OwnShare
	}
	return string(share)
}

// sendDue tells what was repeated and what was held back in windows that have ended.
func (p *Judge) sendDue(now time.Time, all bool) {
	for _, share := range sortedShares(p.repeats) {
		for _, r := range p.repeats[share].Due(now, all) {
			p.sendRepeat(r, now)
		}
		if p.repeats[share].Len() == 0 {
			delete(p.repeats, share)
		}
	}
	for _, h := range p.budget.Due(now, all) {
		p.budget.Update(h.Share, now) // it counts, and is given in any case
		p.sendDocument(p.compose.Summarize(h), h.Share)
	}
	p.episodesDue(now)
	p.sendDelayed(now, all)
	if !all {
		p.endUsedUpShares(now)
	}
}

// repeatsOf returns the repeats of a share.
func (p *Judge) repeatsOf(share detect.Share) *detect.Repeats[*alertGroup] {
	r := p.repeats[share]
	if r == nil {
		r = detect.NewRepeats[*alertGroup](p.repeatWindow)
		p.repeats[share] = r
	}
	return r
}

// sendRepeat tells how often an alert came again.
func (p *Judge) sendRepeat(r detect.Repeat[*alertGroup], now time.Time) {
	t := r.Of.threads[0]
	p.sendUpdate(t, document.CountRepeats(t.nextUpdate(t.last, r.Last), r.Count, r.First, r.Last), now)
}

// shareUsedUp tells that a share is used up, once.
func (p *Judge) shareUsedUp(share detect.Share, now time.Time) {
	if share.Condition() || p.clock == nil {
		return // the summary tells it; a recording has no conditions
	}
	if _, told := p.sharing[share]; told {
		return
	}
	p.sharing[share] = now
	p.reportCondition(shareUsedUp(share), share.String()+" has used up its share of alerts: more are held back and told in a summary", true, now, time.Time{})
}

// endUsedUpShares reports shares of which nothing is held back any more.
func (p *Judge) endUsedUpShares(now time.Time) {
	if len(p.sharing) == 0 {
		return
	}
	holding := p.budget.Holding()
	for _, share := range sortedShares(p.sharing) {
		if holding[share] == 0 && len(p.delayed[share]) == 0 {
			since := p.sharing[share]
			delete(p.sharing, share)
			p.reportCondition(shareUsedUp(share), "", false, since, now)
		}
	}
}

func shareUsedUp(share detect.Share) health.Condition {
	return health.ShareUsedUp.Of("alerts " + share.String())
}

// reportCondition reports a condition of the pipeline itself, and has it noted with those of the other
// parts.
func (p *Judge) reportCondition(c health.Condition, detail string, on bool, since, until time.Time) {
	p.handleCondition(c.String(), detail, on, since, until)
	if note := p.note; note != nil {
		p.outbox.list = append(p.outbox.list, outgoing{then: func() { note(c, detail, on, since) }})
	}
}
