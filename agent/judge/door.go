package judge

import (
	"maps"
	"slices"
	"time"

	"hooksnare/agent/document"
	"hooksnare/agent/health"
	"hooksnare/detect"
	"hooksnare/pkg/alert"
)

// Every document that reports anything goes through this file: openThread for a new alert,
// sendUpdate for an update. Both count it against the share of whoever can cause it.

// reportFindings gives the alert of each finding whose share is not used up, and returns their
// threads. complete adds to an alert before it goes; it may be nil.
func (j *state) reportFindings(found []detect.Finding, now time.Time, complete func(*alert.Alert, *detect.Finding)) []*alertThread {
	var threads []*alertThread
	for _, f := range slices.Clone(found) {
		t := j.openThread(&f, func() *alert.Alert {
			a := j.compose.Compose(&f)
			if complete != nil {
				complete(a, &f)
			}
			return a
		}, now)
		if t != nil {
			j.beginThread(t)
			threads = append(threads, t)
		}
	}
	return threads
}

// openThread counts a finding's alert, and returns the thread that its updates go on in, which
// has not begun yet; nil if it is held back, since its share is used up.
func (j *state) openThread(f *detect.Finding, compose func() *alert.Alert, now time.Time) *alertThread {
	if !j.budget.Allow(f, now) {
		j.holdBack(f.Share(), now)
		return nil
	}
	a := compose()
	b := document.Brief(a)
	return &alertThread{share: f.Share(), whole: a, first: b, last: b}
}

// holdBack counts an alert that is held back.
func (j *state) holdBack(share detect.Share, now time.Time) {
	j.counts.Held++
	j.shareUsedUp(share, now)
}

// beginThread gives the first document of a thread.
func (j *state) beginThread(t *alertThread) {
	a := t.whole
	t.whole, t.given = nil, 1
	a.Event.Sequence = 1
	j.compose.SetTimes(a)
	j.sendDocument(a, t.share)
}

// maxDelayed bounds the threads of one share with an update that waits.
const maxDelayed = 128

// sendUpdate gives an update of a thread. When the share of the thread is used up the update waits:
// the latest one is given when there is room again.
func (j *state) sendUpdate(t *alertThread, u *alert.Alert, now time.Time) {
	t.last = document.Brief(u)
	if t.delayed == nil && j.budget.Update(t.share, now) {
		t.given++
		u.Event.Sequence = t.given
		j.sendDocument(u, t.share)
		return
	}
	j.shareUsedUp(t.share, now)
	if t.delayed == nil {
		list := j.delayed[t.share]
		if len(list) == maxDelayed {
			j.counts.Held++
			return
		}
		j.delayed[t.share] = append(list, t)
	}
	t.delayed = u
}

// sendDelayed gives the updates that waited, as far as their shares have room now; with all
// set, every one.
func (j *state) sendDelayed(now time.Time, all bool) {
	for _, share := range slices.Sorted(maps.Keys(j.delayed)) {
		list := j.delayed[share]
		for len(list) > 0 && (j.budget.Update(share, now) || all) {
			t := list[0]
			list = list[1:]
			t.given++
			u := t.delayed
			t.delayed = nil
			u.Event.Sequence = t.given
			j.sendDocument(u, share)
		}
		if j.delayed[share] = list; len(list) == 0 {
			delete(j.delayed, share)
		}
	}
}

// sendDocument hands a document of a share on, in order.
func (j *state) sendDocument(a *alert.Alert, share detect.Share) {
	j.counts.Alerts++
	if a.Share = string(share); share.Condition() {
		a.Share = alert.OwnShare // as the spool calls it
	}
	a.Labels = j.labels
	j.noteReport(a)
	j.outbox.addDocument(a)
}

// sendDue reports what was repeated and what was held back in windows that have ended.
func (j *state) sendDue(now time.Time, all bool) {
	for _, r := range j.repeats.CloseWindows(now, all) {
		j.sendRepeat(r, now)
	}
	for _, h := range j.budget.Due(now, all) {
		j.budget.Update(h.Share, now) // it counts, and is given in any case
		j.sendDocument(j.compose.Summarize(h), h.Share)
	}
	for name, c := range j.courses {
		if c.on == 0 && !now.Before(c.until) {
			delete(j.courses, name)
		}
	}
	j.sendDelayed(now, all)
	if !all {
		j.endUsedUpShares(now)
	}
}

// sendRepeat reports how often an alert came again.
func (j *state) sendRepeat(r detect.Repeat[*alertGroup], now time.Time) {
	t := r.Of.threads[0]
	j.sendUpdate(t, document.CountRepeats(t.nextUpdate(t.last, r.Last), r.Count, r.First, r.Last), now)
}

// shareUsedUp reports that a share is used up, once.
func (j *state) shareUsedUp(share detect.Share, now time.Time) {
	if share.Condition() || j.clock == nil {
		return // the summary says so; a recording has no conditions
	}
	if _, reported := j.usedUp[share]; reported {
		return
	}
	j.usedUp[share] = now
	j.reportCondition(shareCondition(share), share.String()+" has used up its share of alerts: more are held back and counted in a summary", true, now, time.Time{})
}

// endUsedUpShares reports shares of which nothing is held back any more.
func (j *state) endUsedUpShares(now time.Time) {
	if len(j.usedUp) == 0 {
		return
	}
	holding := j.budget.Holding()
	for _, share := range slices.Sorted(maps.Keys(j.usedUp)) {
		if holding[share] == 0 && len(j.delayed[share]) == 0 {
			since := j.usedUp[share]
			delete(j.usedUp, share)
			j.reportCondition(shareCondition(share), "", false, since, now)
		}
	}
}

func shareCondition(share detect.Share) health.Condition {
	return health.ShareUsedUp.Of("alerts " + share.String())
}

// reportCondition reports a condition of the judge itself, and has it noted with those of the
// other parts.
func (j *state) reportCondition(c health.Condition, detail string, on bool, since, until time.Time) {
	j.handleCondition(c.String(), detail, on, since, until)
	if note := j.note; note != nil {
		j.outbox.list = append(j.outbox.list, outgoing{then: func() { note(c, detail, on, since) }})
	}
}
