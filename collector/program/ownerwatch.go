package program

import (
	"context"
	"slices"
	"time"

	"hooksnare/pkg/event"
)

// limits are the share of the watch for one owner.
type limits struct {
	values  int   // programs that are watched
	sweep   int64 // bytes of programs that one sweep reads; more waits for the next
	hung    int   // examinations at a time that nothing answers
	rest    int   // how many times longer than a sweep took it waits, at least, for the next
	reports bucket
}

// Each home has a share for itself; root's, the computer's and the managed hooks have one
// together. A home can set 134 hooks: two keys in each of the files that are read.
var (
	reservedLimits = limits{values: 1024, sweep: 64 << 20, hung: 64}
	userLimits     = limits{
		values: 128, sweep: 8 << 20, hung: 4, rest: 9,
		reports: bucket{most: 64, rate: 1}, // changes at once, and that come back in a second
	}
)

const (
	haste = 100 * time.Millisecond // for each program once a sweep has lost its patience

	// maxEarly bounds the views that are kept for values that are not set yet, and maxPending
	// the changes that wait to be reported. An owner can use up only its own; both grow by one
	// with an alert about the owner's hooks.
	maxEarly   = 64
	maxPending = 256

	// slowSweeps is how many sweeps in a row must take long for the share of time to be used up:
	// on a busy machine one may.
	slowSweeps = 3

	// slowCheck is how long a check may take without the others going first the next time. It
	// takes some microseconds for a program that did not change.
	slowCheck = 50 * time.Millisecond
)

// ownerWatch watches the programs of one owner's hooks. Its goroutine is the only one that
// examines and reports.
type ownerWatch struct {
	*Watchers
	owner   string
	bounds  limits
	slots   chan struct{}                              // examinations under way
	keeps   chan struct{}                              // calls of Keep under way
	due     chan struct{}                              // a sweep is due; nobody waits to send
	learned chan struct{}                              // something is to be reported; holds one
	step    time.Duration                              // clockStep; shorter in tests, which know their file system
	examine func(root, value string, a allowance) View // in tests, a file system that does not answer
	now     func() time.Time                           // of what is reported

	// The lock of the Watchers guards what follows.
	sets     map[string][]string // values by owner: the watch of the reserved ones has several
	values   []string            // of all sets, each once, at most bounds.values
	watched  map[string]*watched
	previous []map[string]Known // by the hash of the value, the owner's first; nil after the first sweep
	next     string             // the value whose examination waits for the next sweep
	ignored  int
	reports  bucket
	early    []View // of values that are not set yet, the newest last
	pending  []pendingChange
}

// pendingChange is a change of a program that waits to be reported.
type pendingChange struct {
	of     *watched
	change event.ProgramChange
}

func newOwnerWatch(w *Watchers, owner string, bounds limits) *ownerWatch {
	return &ownerWatch{
		Watchers: w, owner: owner, bounds: bounds, slots: make(chan struct{}, bounds.hung), keeps: make(chan struct{}, 1),
		due: make(chan struct{}), learned: make(chan struct{}, 1), step: clockStep, examine: examine, now: time.Now,
		sets: map[string][]string{}, watched: map[string]*watched{}, reports: bounds.reports,
	}
}

// setLocked takes over the values of one of the owners whose watch it is. What was known of
// one that is no longer set is forgotten.
func (o *ownerWatch) setLocked(owner string, values []string) {
	o.sets[owner] = slices.Clone(values)
	all := values
	if o.owner == Root {
		all = slices.Concat(o.sets[""], o.sets[Root], o.sets[System], o.sets[Managed])
	}
	before := o.watched
	o.values, o.watched, o.ignored = nil, make(map[string]*watched, min(len(all), o.bounds.values)), 0
	for _, value := range all {
		switch {
		case o.watched[value] != nil:
		case len(o.values) == o.bounds.values:
			o.ignored++
		default:
			o.values = append(o.values, value)
			if o.watched[value] = before[value]; before[value] == nil {
				o.watchLocked(value)
			}
		}
	}
	if o.ignored > 0 {
		o.opts.Shares.noteUsedUp(o.owner, ShareValues, time.Now())
	}
}

// watchLocked begins with a value: with what was known of it before the agent was stopped,
// and what was learned since.
func (o *ownerWatch) watchLocked(value string) {
	e := &watched{program: event.Program{Value: value}}
	for _, previous := range o.previous {
		if k, ok := previous[sumOf(value)]; ok {
			e = &watched{program: k.program(value), known: true, since: event.SinceStop}
			break
		}
	}
	o.watched[value] = e
	o.early = slices.DeleteFunc(o.early, func(v View) bool {
		if v.Program.Value == value {
			o.learnLocked(value, v)
		}
		return v.Program.Value == value
	})
}

// learnLocked is Learn for the owner.
func (o *ownerWatch) learnLocked(value string, v View) {
	if v.seen == nil {
		return // nothing was found out
	}
	v.Program.Value, v.Content = value, nil
	e := o.watched[value]
	if e == nil {
		if len(o.early) >= maxEarly {
			o.early = slices.Delete(o.early, 0, 1)
		}
		o.early = append(o.early, v)
		return
	}
	unannounced := e.unannounced
	e.unannounced = false
	switch {
	case !e.isOlder(&v):
		o.acceptLocked(e, &v, false)
	case unannounced && e.known && !v.isBlank():
		// The watch's own first examination came after this one, which the alert describes: the
		// next sweep reports what is different from the alert.
		e.program, e.settled = v.Program, false
	}
	if len(o.pending) > 0 {
		select {
		case o.learned <- struct{}{}:
		default:
		}
	}
}

// acceptLocked takes in a view that is newer than what is known, and adds the change that it
// shows to those to be reported. swept says that a sweep took it, as opposed to an alert.
func (o *ownerWatch) acceptLocked(e *watched, v *View, swept bool) (l lesson) {
	now := time.Now()
	var what []string
	if e.known && !v.isBlank() {
		what = difference(&e.program, &v.Program)
	}
	if len(what) > 0 && (len(o.pending) >= maxPending || swept && o.reports.left(now) < 1) {
		e.settled = false // the next sweep finds it again, and all that comes to it
		o.opts.Shares.noteUsedUp(o.owner, ShareReports, now)
		return lesson{}
	}
	first, known, was := e.seen == nil, e.known, e.program
	e.seen, e.time, e.settled, e.unread = v.seen, v.Time, !v.unsure && isSettled(v.seen, v.Time, o.step), ""
	if v.isBlank() {
		if e.unread = v.Program.Unread; !known {
			e.program = v.Program
		}
		return lesson{}
	}
	if len(what) > 0 {
		c := event.ProgramChange{Time: o.now(), Value: v.Program.Value, What: what, Old: was, New: v.Program, Since: e.since}
		e.addUnreported()
		o.pending = append(o.pending, pendingChange{e, c})
		if swept {
			o.reports.spend(now, 1)
		}
	}
	e.program, e.known, e.since = v.Program, true, event.SinceSeen
	e.unannounced = e.unannounced || swept && !known
	return lesson{
		moved:   first || !known || was.Path != v.Program.Path || was.Resolved != v.Program.Resolved,
		content: first || !v.Program.Hashed || was.SHA256 != v.Program.SHA256,
	}
}

// run sweeps whenever that is due, and reports what was learned at once.
func (o *ownerWatch) run(ctx context.Context) {
	var notBefore time.Time // for the next sweep
	slow := 0               // sweeps in a row that took so long that the next is late
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.learned:
			o.reportPending()
		case <-o.due:
			begin := time.Now()
			if begin.Before(notBefore) {
				continue
			}
			if o.endIdle(begin) {
				return
			}
			o.sweepValues(ctx)
			now := time.Now()
			rest := time.Duration(o.bounds.rest) * now.Sub(begin)
			notBefore = now.Add(rest)
			if rest <= max(o.opts.Sweep, patience) {
				slow = 0
			} else if slow++; slow >= slowSweeps {
				o.opts.Shares.noteUsedUp(o.owner, ShareTime, now)
			}
		}
	}
}

// endIdle ends the watch if there is nothing to watch or to report.
func (o *ownerWatch) endIdle(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.early = slices.DeleteFunc(o.early, func(v View) bool { return now.Sub(v.Time) > earlyLife })
	if len(o.values)+len(o.early)+len(o.pending) > 0 {
		return false
	}
	delete(o.owners, o.owner)
	return true
}

// reportPending reports the changes that wait for it. Until one is reported the program counts as
// what it was: who stops meanwhile has to find it again.
func (o *ownerWatch) reportPending() {
	for {
		o.mu.Lock()
		if len(o.pending) == 0 {
			o.mu.Unlock()
			return
		}
		p := o.pending[0]
		o.pending = slices.Delete(o.pending, 0, 1)
		o.mu.Unlock()
		o.handle(o.owner, p.change)
		o.mu.Lock()
		p.of.unreported--
		o.mu.Unlock()
	}
}

// sweepValues checks the programs of the values that are set, and reports what changed about them
// since the last sweep, or since the agent was stopped. A value that it does not know is
// examined and remembered.
//
// Where nothing changed, all it does is one lstat for each element of each path. A file
// system that does not answer costs two seconds in all, and a tenth of one for every
// further program on it, once: they are not examined again before it answers.
func (o *ownerWatch) sweepValues(ctx context.Context) {
	o.mu.Lock()
	values := o.turnLocked()
	o.previous, o.next = nil, ""
	o.mu.Unlock()
	budget, lost := o.bounds.sweep, time.Now().Add(patience)
	for _, value := range values {
		if ctx.Err() != nil {
			return
		}
		o.reportPending()
		budget -= o.checkValue(value, max(haste, time.Until(lost)), budget > 0)
	}
	o.reportPending()
}

// turnLocked returns the values in the order in which they are checked: from the one that
// had to wait, those that answered slowly last.
func (o *ownerWatch) turnLocked() []string {
	i := max(0, slices.Index(o.values, o.next))
	var fast, slow []string
	for _, value := range slices.Concat(o.values[i:], o.values[:i]) {
		if o.watched[value].slow {
			slow = append(slow, value)
		} else {
			fast = append(fast, value)
		}
	}
	return append(fast, slow...)
}

// checkValue finds out whether anything is not as it was, and examines the program if so and
// if it may. It returns how many bytes it read.
func (o *ownerWatch) checkValue(value string, limit time.Duration, may bool) int64 {
	o.mu.Lock()
	e := o.watched[value]
	if e == nil || !e.hasAnswered() {
		o.mu.Unlock()
		return 0
	}
	seen, settled := e.seen, e.settled
	o.mu.Unlock()
	begin := time.Now()
	type result struct {
		view *View
		due  bool // an examination is due, and may not be made
	}
	got, pending, ok := callWithin(o.slots, false, limit, func() result {
		switch {
		case settled && isUnmoved(o.root, seen):
			return result{}
		case !may:
			return result{due: true}
		}
		v := o.examine(o.root, value, allowance{begin.Add(limit), maxHash})
		return result{view: &v}
	})
	o.mu.Lock()
	e.slow = !ok || time.Since(begin) >= slowCheck
	if !ok {
		e.hung, e.unread, e.settled = pending, NoAnswer, false
	}
	o.mu.Unlock()
	switch {
	case !ok && pending == nil:
		o.opts.Shares.noteUsedUp(o.owner, ShareAnswers, begin)
	case got.due:
		o.postponeValue(value)
	case got.view != nil:
		o.take(e, got.view)
		return got.view.read
	}
	return 0
}

// postponeValue notes that an examination has to wait for the next sweep.
func (o *ownerWatch) postponeValue(value string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.next == "" {
		o.next = value
		o.opts.Shares.noteUsedUp(o.owner, ShareBytes, time.Now())
	}
}

// take takes in what a sweep found.
func (o *ownerWatch) take(e *watched, v *View) {
	o.mu.Lock()
	if o.watched[v.Program.Value] != e || e.isOlder(v) { // it is not watched any more, or was learned since
		o.mu.Unlock()
		return
	}
	l := o.acceptLocked(e, v, true)
	o.mu.Unlock()
	if o.opts.Keep != nil && v.Content != nil && l.content {
		// A disk that hangs keeps no copy, and delays no report of a change.
		callWithin(o.keeps, false, patience, func() struct{} {
			o.opts.Keep(o.owner, v.Program, v.Content)
			return struct{}{}
		})
	}
	if o.opts.Leads != nil && l.moved {
		o.opts.Leads(o.owner, v.Program)
	}
	o.reportPending()
}

// knownLocked returns what the watch must know at the next start.
func (o *ownerWatch) knownLocked() []Known {
	var out []Known
	for _, e := range o.watched {
		if e.known {
			out = append(out, rememberProgram(e.lastReported()))
		}
	}
	slices.SortFunc(out, byName)
	return out
}
