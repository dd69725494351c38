package program

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"time"

	"hooksnare/pkg/event"
)

const (
	haste = 100 * time.Millisecond // for each program once a sweep has lost its patience

	// maxEarly bounds the views that are kept for values that are not set yet, and maxPending
	// the changes that wait to be reported. An owner can use up only its own; both grow by one
	// with an alert about the owner's hooks.
	maxEarly   = 64
	maxPending = 256

	// slowCheck is how long a check may take without the others going first the next time. It
	// takes some microseconds for a program that did not change.
	slowCheck = 50 * time.Millisecond
)

// ownerWatch watches the programs of one owner's hooks. One goroutine at a time sweeps and reports
// for it.
type ownerWatch struct {
	*Watchers
	owner  string
	limits limits

	// The lock of the Watchers guards what follows.
	busy    bool     // its goroutine is at work
	values  []string // each once, at most limits.values
	set     []string // all that values were chosen from
	watched map[string]*watched
	ignored int // of set
	reports bucket
	early   []View                // of values that are not set yet, the newest last
	pending []event.ProgramChange // to be reported; the first may be under way
}

// watched is the program of one value. The lock of the Watchers guards it.
type watched struct {
	program     event.Program
	known       bool // program is what was found, and not only that nothing could be
	since       event.Since
	seen        []element // what the last examination used; nil before the first
	time        time.Time // when that began
	settled     bool      // a change after that shows in the versions of what it used
	unannounced bool      // the first examination was the watch's own: no alert describes it
	unread      string    // why the last examination learned nothing
	checked     time.Time // by a sweep
	slow        bool      // that took its time: the others come first
}

// noteUsedUp notes that a share of the owner is used up.
func (o *ownerWatch) noteUsedUp(what string) {
	o.examiner.shares.noteUsedUp(o.owner, what, time.Now())
}

// setLocked takes over the values of the owner. What was known of one that is no longer set is
// forgotten.
func (o *ownerWatch) setLocked(values []string) {
	if !slices.Equal(o.set, values) {
		o.version++
		before := o.watched
		o.set, o.values, o.watched, o.ignored = values, nil, make(map[string]*watched, min(len(values), o.limits.values)), 0
		for _, value := range values {
			switch {
			case o.watched[value] != nil:
			case len(o.values) == o.limits.values:
				o.ignored++
			default:
				o.values = append(o.values, value)
				if o.watched[value] = before[value]; before[value] == nil {
					o.watchLocked(value)
				}
			}
		}
	}
	if o.ignored > 0 {
		o.noteUsedUp(ShareValues)
	}
}

// watchLocked begins with a value: with what was known of it before the agent was stopped,
// and what was learned since.
func (o *ownerWatch) watchLocked(value string) {
	e := &watched{program: event.Program{Value: value}}
	if k, ok := o.previous[o.owner][sumOf(value)]; ok {
		e = &watched{program: k.program(value), known: true, since: event.SinceStop}
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
	v.Program.Value, v.Script, v.Content = value, event.Program{}, nil
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
	case !e.isNewerThan(&v):
		o.acceptLocked(e, &v, false)
	case unannounced && e.known && !v.isBlank():
		// The watch's own first examination came after this one, which the alert describes: the
		// next sweep reports what is different from the alert.
		e.program, e.settled = v.Program, false
		o.version++
	}
	if len(o.pending) > 0 {
		o.startLocked(false)
	}
}

// isNewerThan reports whether something newer is known than a view.
func (e *watched) isNewerThan(v *View) bool { return e.seen != nil && v.Time.Before(e.time) }

// acceptLocked takes in a view that is newer than what is known, and adds the change that it
// shows to those to be reported. swept says that a sweep took it, as opposed to an alert. It
// returns whether it was not known yet where the program is to be found, and what it holds.
func (o *ownerWatch) acceptLocked(e *watched, v *View, swept bool) (moved, content bool) {
	now := time.Now()
	var what []string
	if e.known && !v.isBlank() {
		what = difference(&e.program, &v.Program)
	}
	if len(what) > 0 && (len(o.pending) >= maxPending || swept && o.reports.left(now) < 1) {
		e.settled = false // the next sweep finds it again, and all that comes to it
		o.noteUsedUp(ShareReports)
		return false, false
	}
	first, known, was := e.seen == nil, e.known, e.program
	e.seen, e.time, e.settled, e.unread = v.seen, v.Time, !v.unsure && isSettled(v.seen, v.Time, o.step), ""
	if v.isBlank() {
		if e.unread = v.Program.Unread; !known {
			e.program = v.Program
		}
		return false, false
	}
	if len(what) > 0 {
		o.pending = append(o.pending, event.ProgramChange{
			Time: o.now(), Value: v.Program.Value, What: what, Old: was, New: v.Program, Since: e.since,
		})
		if swept {
			o.reports.spend(now, 1)
		}
	}
	if !known || !reflect.DeepEqual(was, v.Program) {
		o.version++
	}
	e.program, e.known, e.since = v.Program, true, event.SinceSeen
	e.unannounced = e.unannounced || swept && !known
	moved = first || !known || was.Path != v.Program.Path || was.Resolved != v.Program.Resolved
	return moved, first || !v.Program.Hashed || was.SHA256 != v.Program.SHA256 || len(what) > 0
}

// startLocked begins to report, and to sweep before that, unless the goroutine of the owner is at work.
func (o *ownerWatch) startLocked(sweep bool) {
	ctx := o.running
	if ctx == nil || o.busy {
		return
	}
	o.busy = true
	o.work.Go(func() {
		if sweep && o.examiner.hasTime(o.owner) {
			o.sweepValues(ctx)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.reportLocked()
		o.busy = false
	})
}

// reportPending reports the changes that wait for it.
func (o *ownerWatch) reportPending() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.reportLocked()
}

// reportLocked is reportPending; the lock is not held while a change is reported. Until then the
// program counts as what it was: who stops meanwhile has to find it again.
func (o *ownerWatch) reportLocked() {
	for len(o.pending) > 0 {
		change := o.pending[0]
		o.mu.Unlock()
		o.handle(o.owner, change)
		o.mu.Lock()
		o.pending = slices.Delete(o.pending, 0, 1)
		o.version++
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
	values := o.orderLocked()
	delete(o.previous, o.owner)
	o.mu.Unlock()
	budget, lost := o.limits.sweep, time.Now().Add(patience)
	for _, value := range values {
		if ctx.Err() != nil {
			return
		}
		o.reportPending()
		budget -= o.checkValue(value, max(haste, time.Until(lost)), budget > 0)
	}
	o.reportPending()
}

// orderLocked returns the values in the order in which they are checked: those that took long last,
// and among equals those first that had to wait the longest.
func (o *ownerWatch) orderLocked() []string {
	values := slices.Clone(o.values)
	slices.SortStableFunc(values, func(a, b string) int {
		x, y := o.watched[a], o.watched[b]
		switch {
		case x.slow == y.slow:
			return x.checked.Compare(y.checked)
		case y.slow:
			return -1
		}
		return 1
	})
	return values
}

// checkValue finds out whether anything is not as it was, and examines the program if so and
// if it may. It returns how many bytes it read.
func (o *ownerWatch) checkValue(value string, limit time.Duration, may bool) int64 {
	o.mu.Lock()
	e := o.watched[value]
	if e == nil {
		o.mu.Unlock()
		return 0
	}
	seen, settled := e.seen, e.settled
	o.mu.Unlock()
	begin, postponed := time.Now(), false
	var view *View
	err := o.examiner.Call(o.owner, value, limit, func() {
		if settled && isUnmoved(o.examiner.root, seen) {
			return
		}
		if postponed = !may; may {
			v := o.examiner.examine(o.examiner.root, value, allowance{begin.Add(limit), maxHash, maxHash, o.limits.parts})
			view = &v
		}
	})
	o.mu.Lock()
	e.slow = err != nil || time.Since(begin) >= slowCheck
	if err != nil {
		e.unread, e.settled = err.Error(), false
	}
	if err != nil || !postponed {
		e.checked = begin
	}
	o.mu.Unlock()
	switch {
	case err != nil:
	case postponed:
		o.noteUsedUp(ShareBytes)
	case view != nil:
		o.acceptSwept(e, view)
		return view.read
	}
	return 0
}

// acceptSwept takes in what a sweep found.
func (o *ownerWatch) acceptSwept(e *watched, v *View) {
	o.mu.Lock()
	if o.watched[v.Program.Value] != e || e.isNewerThan(v) { // it is not watched any more, or was learned since
		o.mu.Unlock()
		return
	}
	moved, content := o.acceptLocked(e, v, true)
	o.mu.Unlock()
	if o.opts.Keep != nil && v.Content != nil && content {
		// A disk that hangs keeps no copy, and delays no report of a change.
		_ = o.examiner.Call(o.owner, "copies", patience, func() { o.opts.Keep(o.owner, v.Script, v.Content) })
	}
	if o.opts.Located != nil && moved {
		o.opts.Located(o.owner, v.Program)
	}
	o.reportPending()
}

// knownLocked returns what the watch must know at the next start: of each program what was
// reported.
func (o *ownerWatch) knownLocked() []Known {
	reported := map[string]*event.Program{}
	for i := range slices.Backward(o.pending) {
		reported[o.pending[i].Value] = &o.pending[i].Old
	}
	var out []Known
	for value, e := range o.watched {
		if e.known {
			out = append(out, rememberProgram(cmp.Or(reported[value], &e.program)))
		}
	}
	slices.SortFunc(out, byName)
	return out
}
