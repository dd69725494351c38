package agent

import (
	"slices"
	"time"

	"hooksnare/agent/host"
	"hooksnare/detect"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// place is a key of a preferences file.
type place struct{ file, key string }

func placeOf(ch *event.Change) place { return place{ch.File, ch.Key} }

// alertThread is one alert and its updates.
type alertThread struct {
	share   detect.Share
	whole   *alert.Alert    // what begins it, nil once it was given
	first   *alert.Alert    // what was reported of the command, or is to be reported of it
	last    *alert.Alert    // the latest update
	given   int             // documents
	delayed *alert.Alert    // the update that waits for the share, nil for none
	changes []*confirmation // that it reports, all in one place, by time: the last is what it says
}

// confirmation is a change as the alert of its command reports it.
type confirmation struct {
	*event.Change
	seen *Examination
}

// maxChanges bounds the changes of a thread. Only those of one window are ever withdrawn.
const maxChanges = 16

// newThread begins with an alert that is not given yet.
func newThread(a *alert.Alert, share detect.Share) *alertThread {
	b := brief(a)
	return &alertThread{share: share, whole: a, first: b, last: b}
}

func (t *alertThread) tellsOf(at place) bool {
	return len(t.changes) > 0 && placeOf(t.changes[0].Change) == at
}

func (t *alertThread) latest() *confirmation { return t.changes[len(t.changes)-1] }

// addChange takes in a change. The list may be another thread's, too.
func (t *alertThread) addChange(c *confirmation) {
	i := len(t.changes)
	for i > 0 && t.changes[i-1].Time.After(c.Time) {
		i--
	}
	t.changes = slices.Insert(slices.Clone(t.changes), i, c)
	t.changes = t.changes[max(0, len(t.changes)-maxChanges):]
}

// next returns an alert as the next update of a thread.
func (t *alertThread) next(a *alert.Alert, now time.Time) *alert.Alert {
	u := update(a, now)
	u.Event.ID = t.last.Event.ID
	return u
}

// start returns what the next document of a thread is made of: as long as none was given,
// all of the alert.
func (t *alertThread) start() *alert.Alert {
	if t.whole != nil {
		return t.whole
	}
	return t.first
}

// alertGroup is what one rule reports of a command: an alert about the command, which becomes
// that of the first change it makes, and one for each change in another place. Commands that
// are repeats of each other share it.
type alertGroup struct {
	threads []*alertThread // the command's own first
	applied bool           // the preferences were as the command wants them
}

// confirmed reports whether the command is known to have had its effect.
func (g *alertGroup) confirmed() bool { return g.applied || g.made() != nil }

// made returns a thread that reports a change, nil without one.
func (g *alertGroup) made() *alertThread {
	for _, t := range g.threads {
		if len(t.changes) > 0 {
			return t
		}
	}
	return nil
}

// of returns the threads for the changes in a place: those that report it, and those that
// report none. Those that reported a change before its command was seen become the group's.
func (g *alertGroup) of(c *composer, at place, told []*alertThread) []*alertThread {
	own := g.threads[0]
	if own.given == 0 && len(told) > 0 {
		told[0].first, told[0].whole, told[0].changes = own.first, own.whole, own.changes
		g.threads[0], own, told = told[0], told[0], told[1:]
	}
	var out []*alertThread
	var changes []*confirmation
	for _, t := range g.threads {
		if t.tellsOf(at) {
			changes = t.changes
		}
		if len(t.changes) == 0 || t.tellsOf(at) {
			out = append(out, t)
		}
	}
	if len(out)+len(told) == 0 {
		out = append(out, g.anotherThread(c, at))
	}
	for _, t := range told {
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
func (g *alertGroup) anotherThread(c *composer, at place) *alertThread {
	own := g.threads[0]
	u := *own.first
	u.Event.ID = host.StableID("another", c.host.ID, own.first.Event.ID, at.file, at.key)
	for _, t := range g.threads {
		if t.last.Event.ID == u.Event.ID {
			return t
		}
	}
	t := &alertThread{share: own.share, first: own.first, last: &u}
	g.threads = append(g.threads, t)
	return t
}

// confirm tells that a command made a change. told are the alerts that reported the change
// before the command was seen.
func (p *Pipeline) confirm(g *alertGroup, c *confirmation, told []*alertThread, now time.Time) {
	for _, t := range g.of(&p.compose, placeOf(c.Change), told) {
		t.addChange(c)
		u := p.compose.confirmed(t.next(t.start(), now), t.latest())
		t.whole = nil
		p.say(t, u, now)
	}
}

// withdraw takes back that a command made a change: a likelier one was seen. If it made
// another, that is what there is to report.
func (p *Pipeline) withdraw(g *alertGroup, ch *event.Change, now time.Time) {
	var told []*alertThread // of it, and of none later
	for _, t := range g.threads {
		i := slices.IndexFunc(t.changes, func(c *confirmation) bool { return c.Change == ch })
		if i < 0 {
			continue
		}
		if i == len(t.changes)-1 {
			told = append(told, t)
		}
		t.changes = slices.Delete(slices.Clone(t.changes), i, i+1)
	}
	for _, t := range told {
		if other := g.made(); len(t.changes) == 0 && other != nil {
			t.changes = other.changes
		}
		u := t.next(t.first, now)
		if len(t.changes) > 0 {
			u = p.compose.confirmed(u, t.latest())
		}
		u.Hooksnare.Reason = "another command made the change"
		p.say(t, u, now)
	}
}

// conclude tells what came of a command of which no change was seen.
func (p *Pipeline) conclude(g *alertGroup, o detect.Outcome, now time.Time) {
	if g.confirmed() {
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
			p.say(t, p.compose.verdict(t.next(t.last, now), verdict, why), now)
		}
	}
}
