package agent

import (
	"slices"
	"time"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// place is a key of a preferences file.
type place struct{ file, key string }

func placeOf(ch *event.Change) place { return place{ch.File, ch.Key} }

// thread is one alert and its updates.
type thread struct {
	first   *alert.Alert    // what was told of the command, or is to be told of it
	last    *alert.Alert    // the latest update; its sequence is 0 as long as nothing was given
	changes []*event.Change // that it tells of, all in one place, by time: the last is what it says
}

// maxChanges bounds the changes of a thread. Only those of one window are ever withdrawn.
const maxChanges = 16

func (t *thread) tellsOf(at place) bool { return len(t.changes) > 0 && placeOf(t.changes[0]) == at }

func (t *thread) latest() *event.Change { return t.changes[len(t.changes)-1] }

// add takes in a change. The list may be another thread's, too.
func (t *thread) add(ch *event.Change) {
	i := len(t.changes)
	for i > 0 && t.changes[i-1].Time.After(ch.Time) {
		i--
	}
	t.changes = slices.Insert(slices.Clone(t.changes), i, ch)
	t.changes = t.changes[max(0, len(t.changes)-maxChanges):]
}

// family is what one rule tells of a command: an alert about the command, which becomes that
// of the first change it makes, and one for each change in another place. Commands that are
// repeats of each other share it.
type family struct {
	threads []*thread // the command's own first
	applied bool      // the preferences were as the command wants them
}

// newFamily begins with an alert. One that was not given is kept whole until it is.
func newFamily(a *alert.Alert, given bool) *family {
	b := brief(a)
	t := &thread{first: b, last: b}
	if !given {
		last := *b
		last.Event.Sequence = 0
		t.first, t.last = a, &last
	}
	return &family{threads: []*thread{t}}
}

// confirmed reports whether the command is known to have had its effect.
func (f *family) confirmed() bool { return f.applied || f.made() != nil }

// made returns a thread that tells of a change, nil without one.
func (f *family) made() *thread {
	for _, t := range f.threads {
		if len(t.changes) > 0 {
			return t
		}
	}
	return nil
}

// of returns the threads for the changes in a place: those that tell of it, and those that
// tell of none. Those that told of a change before its command was seen become the family's.
func (f *family) of(c *composer, at place, told []*thread) []*thread {
	own := f.threads[0]
	if own.last.Event.Sequence == 0 && len(told) > 0 {
		own.last, told = told[0].last, told[1:]
	}
	var out []*thread
	var changes []*event.Change
	for _, t := range f.threads {
		if t.tellsOf(at) {
			changes = t.changes
		}
		if len(t.changes) == 0 || t.tellsOf(at) {
			out = append(out, t)
		}
	}
	if len(out)+len(told) == 0 {
		out = append(out, f.add(c.another(own.first, at)))
	}
	for _, t := range told {
		out = append(out, f.add(t.last))
	}
	for _, t := range out {
		t.changes = changes
	}
	return out
}

func (f *family) add(last *alert.Alert) *thread {
	t := &thread{first: f.threads[0].first, last: last}
	f.threads = append(f.threads, t)
	return t
}

// another returns what begins the alert about one more change by a command.
func (c *composer) another(a *alert.Alert, at place) *alert.Alert {
	u := *a
	u.Event.ID, u.Event.Sequence = digest("another", c.host.ID, a.Event.ID, at.file, at.key), 0
	return &u
}

// next returns an alert as the next update of a thread.
func (t *thread) next(a *alert.Alert, now time.Time) *alert.Alert {
	u := update(a, now)
	u.Event.ID, u.Event.Sequence = t.last.Event.ID, t.last.Event.Sequence+1
	return u
}

// say gives an update of a thread.
func (p *Pipeline) say(t *thread, u *alert.Alert) {
	t.last = brief(u)
	p.give(u)
}

// confirm tells that a command made a change. told are the alerts that told of the change
// before the command was seen.
func (p *Pipeline) confirm(f *family, ch *event.Change, told []*thread, now time.Time) {
	for _, t := range f.of(&p.compose, placeOf(ch), told) {
		t.add(ch)
		p.say(t, p.compose.confirmed(t.next(t.first, now), t.latest()))
		t.first = brief(t.first)
	}
}

// withdraw takes back that a command made a change: a likelier one was seen. If it made
// another, that is what there is to tell of it.
func (p *Pipeline) withdraw(f *family, ch *event.Change, now time.Time) {
	var told []*thread // of it, and of none later
	for _, t := range f.threads {
		i := slices.Index(t.changes, ch)
		if i < 0 {
			continue
		}
		if t.latest() == ch {
			told = append(told, t)
		}
		t.changes = slices.Delete(slices.Clone(t.changes), i, i+1)
	}
	for _, t := range told {
		if other := f.made(); len(t.changes) == 0 && other != nil {
			t.changes = other.changes
		}
		u := t.next(t.first, now)
		if len(t.changes) > 0 {
			u = p.compose.confirmed(u, t.latest())
		}
		u.Hooksnare.Reason = "another command made the change"
		p.say(t, u)
	}
}

// conclude tells what came of a command of which no change was seen.
func (p *Pipeline) conclude(f *family, applied bool, now time.Time) {
	if f.confirmed() {
		return
	}
	verdict, why := alert.NotApplied, "the preferences did not change"
	if applied {
		f.applied = true
		verdict, why = alert.Confirmed, "the preferences were so before"
	}
	for _, t := range f.threads {
		if t.last.Hooksnare.Verdict != verdict {
			p.say(t, p.compose.verdict(t.last, verdict, now, why))
		}
	}
}
