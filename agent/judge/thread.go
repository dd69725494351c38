package judge

import (
	"slices"
	"time"

	"hooksnare/agent/document"
	"hooksnare/agent/host"
	"hooksnare/detect"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// alertThread is one alert and its updates.
type alertThread struct {
	share   detect.Share
	whole   *alert.Alert             // what begins it, nil once it was given
	first   *alert.Alert             // what was reported of the command, or is to be reported of it
	last    *alert.Alert             // the latest update
	given   int                      // documents
	delayed *alert.Alert             // the update that waits for the share, nil for none
	changes []*document.Confirmation // that it reports, all in one place, by time: the last is what it says
}

// maxChanges bounds the changes of a thread. Only those of one window are ever withdrawn.
const maxChanges = 16

func (t *alertThread) isAbout(at event.PreferenceKey) bool {
	return len(t.changes) > 0 && t.changes[0].Change.PreferenceKey() == at
}

func (t *alertThread) latest() *document.Confirmation { return t.changes[len(t.changes)-1] }

// addChange takes in a change. The list may be another thread's, too.
func (t *alertThread) addChange(c *document.Confirmation) {
	i := len(t.changes)
	for i > 0 && t.changes[i-1].Time.After(c.Time) {
		i--
	}
	t.changes = slices.Insert(slices.Clone(t.changes), i, c)
	t.changes = t.changes[max(0, len(t.changes)-maxChanges):]
}

// nextUpdate returns an alert as the next update of a thread.
func (t *alertThread) nextUpdate(a *alert.Alert, now time.Time) *alert.Alert {
	u := document.Update(a, now)
	u.Event.ID = t.last.Event.ID
	return u
}

// alertGroup is what one rule reports of a command: an alert about the command, which becomes
// that of the first change it makes, and one for each change in another place. Commands that
// are repeats of each other share it.
type alertGroup struct {
	threads []*alertThread // the command's own first
	applied bool           // the preferences were as the command wants them
}

// confirmedThread returns a thread that reports a change, nil without one.
func (g *alertGroup) confirmedThread() *alertThread {
	if i := slices.IndexFunc(g.threads, func(t *alertThread) bool { return len(t.changes) > 0 }); i >= 0 {
		return g.threads[i]
	}
	return nil
}

// threadsFor returns the threads for the changes in a place: those that report it, and those that
// report none. Those that reported a change before its command was seen become the group's.
func (g *alertGroup) threadsFor(hostID string, at event.PreferenceKey, reported []*alertThread) []*alertThread {
	own := g.threads[0]
	if own.given == 0 && len(reported) > 0 {
		reported[0].first, reported[0].whole, reported[0].changes = own.first, own.whole, own.changes
		g.threads[0], own, reported = reported[0], reported[0], reported[1:]
	}
	var out []*alertThread
	var changes []*document.Confirmation
	for _, t := range g.threads {
		if t.isAbout(at) {
			changes = t.changes
		}
		if len(t.changes) == 0 || t.isAbout(at) {
			out = append(out, t)
		}
	}
	if len(out)+len(reported) == 0 {
		out = append(out, g.anotherThread(hostID, at))
	}
	for _, t := range reported {
		t.first = own.first
		g.threads, out = append(g.threads, t), append(out, t)
	}
	for _, t := range out {
		t.changes = changes
	}
	return out
}

// anotherThread returns the thread for one more change by a command: the one that there was
// for that place, if it reports another by now.
func (g *alertGroup) anotherThread(hostID string, at event.PreferenceKey) *alertThread {
	own := g.threads[0]
	u := *own.first
	u.Event.ID = host.StableID("another", hostID, own.first.Event.ID, at.File, at.Key)
	for _, t := range g.threads {
		if t.last.Event.ID == u.Event.ID {
			return t
		}
	}
	t := &alertThread{share: own.share, first: own.first, last: &u}
	g.threads = append(g.threads, t)
	return t
}

// confirmChange reports that a command made a change. reported are the alerts that reported the change
// before the command was seen.
func (j *state) confirmChange(g *alertGroup, c *document.Confirmation, reported []*alertThread, now time.Time) {
	for _, t := range g.threadsFor(j.host.ID, c.Change.PreferenceKey(), reported) {
		t.addChange(c)
		base := t.first
		if t.whole != nil { // none was given: the update has all of the alert
			base, t.whole = t.whole, nil
		}
		j.sendUpdate(t, j.compose.Confirm(t.nextUpdate(base, now), t.latest()), now)
	}
}

// withdrawChange takes back that a command made a change: a likelier one was seen. If it made
// another, that is what there is to report.
func (j *state) withdrawChange(g *alertGroup, ch *event.Change, now time.Time) {
	var reported []*alertThread // of it, and of none later
	for _, t := range g.threads {
		i := slices.IndexFunc(t.changes, func(c *document.Confirmation) bool { return c.Change == ch })
		if i < 0 {
			continue
		}
		if i == len(t.changes)-1 {
			reported = append(reported, t)
		}
		t.changes = slices.Delete(slices.Clone(t.changes), i, i+1)
	}
	for _, t := range reported {
		if other := g.confirmedThread(); len(t.changes) == 0 && other != nil {
			t.changes = other.changes
		}
		u := t.nextUpdate(t.first, now)
		if len(t.changes) > 0 {
			u = j.compose.Confirm(u, t.latest())
		}
		u.Hooksnare.Reason = "another command made the change"
		j.sendUpdate(t, u, now)
	}
}

// concludeCommand reports what came of a command of which no change was seen.
func (j *state) concludeCommand(g *alertGroup, o detect.Outcome, now time.Time) {
	if g.applied || g.confirmedThread() != nil {
		return
	}
	verdict, why := alert.NotApplied, "the preferences did not change"
	switch o {
	case detect.SoBefore:
		g.applied = true
		verdict, why = alert.Confirmed, "the preferences were so before"
	case detect.Overridden:
		why = "a later command took its place before a change was seen"
	}
	for _, t := range g.threads {
		if t.last.Hooksnare.Verdict != verdict {
			j.sendUpdate(t, j.compose.SetVerdict(t.nextUpdate(t.last, now), verdict, why), now)
		}
	}
}
