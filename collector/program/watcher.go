package program

import (
	"context"
	"slices"
	"sync"
	"time"

	"hooksnare/pkg/event"
)

// limits are the share of one watcher.
type limits struct {
	values  int   // programs that are watched
	sweep   int64 // bytes of programs that one sweep reads; more waits for the next
	file    int64 // bytes of a program that is hashed
	hung    int   // looks at a time that nothing answers
	spare   int   // how many times longer than a sweep took it waits, at least, for the next
	reports bucket
}

// Shares of watchers. Each home has one of its own, root's, the computer's and the managed
// hooks have one together. A home can set 134 hooks: two keys in each of the files that are
// looked at.
var (
	ownLimits  = limits{values: 1024, sweep: 64 << 20, file: maxHash, hung: 64}
	userLimits = limits{
		values: 128, sweep: 8 << 20, file: maxHash, hung: 4, spare: 9,
		reports: bucket{most: 64, rate: 1}, // changes at once, and that come back in a second
	}
)

const (
	haste = 100 * time.Millisecond // for each program once a sweep has lost its patience

	// maxEarly bounds the sights that are kept for values that are not set yet, and maxFound
	// the changes found by sights that wait to be reported. Both are an owner's own, and grow
	// by one with an alert about the owner's hooks.
	maxEarly = 64
	maxFound = 256
)

// watcher tells when the programs of one owner's hooks are no longer what they were. One
// goroutine at a time sweeps; the rest is for any.
type watcher struct {
	owner  string
	root   string
	bounds limits
	slots  chan struct{} // looks under way
	keeps  chan struct{} // calls of keep under way
	shares *Shares
	settle time.Duration                                  // shorter in tests, which know their file system
	see    func(root, value string, a allowance) Sight    // in tests, a file system that does not answer
	keep   func(owner string, p event.Program, s []byte)  // may be nil
	leads  func(owner string, p event.Program)            // may be nil
	tell   func(owner string, change event.ProgramChange) // takes changes
	now    func() time.Time                               // of what is told

	mu       sync.Mutex // guards what follows; neither the disk nor a call out is waited for while it is held
	values   []string   // in the order given, each once, at most bounds.values
	watched  map[string]*watched
	previous []map[string]Known // by the hash of the value, the owner's first; nil after the first sweep
	next     string             // the value whose look waits for the next sweep
	ignored  int
	reports  bucket
	early    []Sight // of values that are not set yet, the newest last
	found    []finding
}

// finding is a change of a program that waits to be reported.
type finding struct {
	of     *watched
	change event.ProgramChange
}

// newWatcher returns a watcher that watches nothing yet.
func newWatcher(owner, root string, bounds limits) *watcher {
	return &watcher{
		owner: owner, root: root, bounds: bounds, slots: make(chan struct{}, bounds.hung), keeps: make(chan struct{}, 1), reports: bounds.reports,
		watched: map[string]*watched{}, settle: settle, see: see, now: time.Now,
	}
}

// set takes over which values are set. What was known of one that is not any more is
// forgotten.
func (w *watcher) set(values []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	here := make(map[string]bool, min(len(values), w.bounds.values))
	w.values, w.ignored = nil, 0
	for _, value := range values {
		switch {
		case here[value]:
		case len(w.values) == w.bounds.values:
			w.ignored++
		default:
			here[value] = true
			w.values = append(w.values, value)
			if w.watched[value] == nil {
				w.watched[value] = w.beginLocked(value)
			}
		}
	}
	for value := range w.watched {
		if !here[value] {
			delete(w.watched, value)
		}
	}
	if w.ignored > 0 {
		w.shares.note(w.owner, ShareValues, time.Now())
	}
}

// beginLocked returns a value as it was known before the agent was stopped, if it was, and
// as it was seen since.
func (w *watcher) beginLocked(value string) *watched {
	e := &watched{program: event.Program{Value: value}}
	for _, previous := range w.previous {
		if k, ok := previous[sumOf(value)]; ok {
			e = &watched{program: k.program(value), looked: true, since: event.SinceStop}
			break
		}
	}
	w.early = slices.DeleteFunc(w.early, func(s Sight) bool {
		if s.Program.Value == value {
			w.takeLocked(e, &s)
		}
		return s.Program.Value == value
	})
	return e
}

// learn takes in what an examination that somebody told of has found: the next sweep
// compares with it. If the program is watched and was something else, that is a change as
// a sweep would have found. true says that there is something to report.
func (w *watcher) learn(value string, s Sight) bool {
	if s.seen == nil {
		return false // nothing was found out
	}
	s.Program.Value, s.Content = value, nil
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.watched[value]
	if e == nil {
		if len(w.early) >= maxEarly {
			w.early = slices.Delete(w.early, 0, 1)
		}
		w.early = append(w.early, s)
		return false
	}
	w.takeLocked(e, &s)
	return len(w.found) > 0
}

// takeLocked takes in a sight from outside.
func (w *watcher) takeLocked(e *watched, s *Sight) {
	untold := e.untold
	e.untold = false
	if e.seen != nil && s.Time.Before(e.time) {
		// The watcher's own first look came after this one, which was told of.
		if what := difference(&s.Program, &e.program); untold && e.looked && len(what) > 0 {
			w.addLocked(e, event.ProgramChange{Value: e.program.Value, What: what, Old: s.Program, New: e.program})
		}
		return
	}
	if l := e.learn(s, w.settle); l.changed {
		w.addLocked(e, l.change)
	}
}

// addLocked adds a change to report. One too many is made one with the last of its value.
func (w *watcher) addLocked(e *watched, c event.ProgramChange) {
	c.Time = w.now()
	if len(w.found) >= maxFound {
		for i := len(w.found) - 1; i >= 0; i-- {
			if last := &w.found[i].change; w.found[i].of == e {
				c.Old, c.Since = last.Old, last.Since
				for _, word := range last.What {
					if !slices.Contains(c.What, word) {
						c.What = append(c.What, word)
					}
				}
				*last = c
				return
			}
		}
	}
	if len(w.found) < maxFound+w.bounds.values {
		e.owe(&c)
		w.found = append(w.found, finding{e, c})
	}
}

// report reports what sights have shown.
func (w *watcher) report() {
	for {
		w.mu.Lock()
		if len(w.found) == 0 {
			w.mu.Unlock()
			return
		}
		f := w.found[0]
		w.found = slices.Delete(w.found, 0, 1)
		w.mu.Unlock()
		w.say(f)
	}
}

// say reports a change that is owed.
func (w *watcher) say(f finding) {
	w.tell(w.owner, f.change)
	w.mu.Lock()
	defer w.mu.Unlock()
	f.of.unsaid--
}

// sweep looks at the programs of the values that are set, and reports what changed about
// them since the last sweep, or since the agent was stopped. A value that it does not know
// is looked at and remembered.
//
// Where nothing changed, all it does is one lstat for each element of each path. A file
// system that does not answer costs two seconds in all, and a tenth of one for every
// further program on it, once: they are not looked at again before it answers.
func (w *watcher) sweep(ctx context.Context) {
	w.mu.Lock()
	values := w.turnLocked()
	w.previous, w.next = nil, ""
	w.mu.Unlock()
	budget, lost := w.bounds.sweep, time.Now().Add(patience)
	for _, value := range values {
		if ctx.Err() != nil {
			return
		}
		w.report()
		w.mu.Lock()
		e := w.watched[value]
		w.mu.Unlock()
		if e == nil {
			continue
		}
		got := w.check(e, value, max(haste, time.Until(lost)), budget > 0)
		if got.late {
			w.wait(value)
		}
		if got.sight != nil {
			budget -= got.sight.read
			w.take(e, value, got.sight)
		}
	}
	w.report()
}

// wait notes that a look has to wait for the next sweep.
func (w *watcher) wait(value string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.next == "" {
		w.next = value
		w.shares.note(w.owner, ShareBytes, time.Now())
	}
}

// take takes in what a sweep saw.
func (w *watcher) take(e *watched, value string, s *Sight) {
	w.mu.Lock()
	if w.watched[value] != e || e.seen != nil && s.Time.Before(e.time) {
		w.mu.Unlock() // it is watched no more, or was seen since
		return
	}
	if now := time.Now(); w.reports.rate > 0 && w.reports.left(now) < 1 && e.looked && len(difference(&e.program, &s.Program)) > 0 {
		e.settled = false // the next look finds it again, and all that comes to it
		w.mu.Unlock()
		w.shares.note(w.owner, ShareReports, now)
		return
	}
	l := e.learn(s, w.settle)
	e.untold = e.untold || l.first && e.looked
	if l.changed && w.reports.rate > 0 {
		w.reports.spend(time.Now(), 1)
	}
	if l.change.Time = w.now(); l.changed {
		e.owe(&l.change)
	}
	w.mu.Unlock()
	if w.keep != nil && s.Content != nil && l.copied {
		// A disk that hangs keeps no copy, and no change from being told.
		answer(w.keeps, patience, func() struct{} {
			w.keep(w.owner, s.Program, s.Content)
			return struct{}{}
		})
	}
	if w.leads != nil && l.moved {
		w.leads(w.owner, s.Program)
	}
	if l.changed {
		w.say(finding{e, l.change})
	}
}

// turnLocked returns the values in the order in which they are looked at: from the one that
// had to wait, those that answered slowly last.
func (w *watcher) turnLocked() []string {
	i := max(0, slices.Index(w.values, w.next))
	out := append(slices.Clone(w.values[i:]), w.values[:i]...)
	slices.SortStableFunc(out, func(a, b string) int {
		x, y := w.watched[a].slow, w.watched[b].slow
		switch {
		case x == y:
			return 0
		case x:
			return 1
		}
		return -1
	})
	return out
}

// program returns the last look at the program of a value that is watched. Where the last
// sweep learned nothing it is the one before, and Unread says why.
func (w *watcher) program(value string) (event.Program, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.watched[value]
	if e == nil {
		return event.Program{}, false
	}
	return e.shown(), true
}

// waiting reports whether anything waits to be reported.
func (w *watcher) waiting() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.found) > 0
}

// idle reports whether there is nothing to watch or to report.
func (w *watcher) idle(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.early = slices.DeleteFunc(w.early, func(s Sight) bool { return now.Sub(s.Time) > earlyLife })
	return len(w.values)+len(w.early)+len(w.found) == 0
}

// count returns how many values are watched and how many not, and of how many programs
// nothing or not all is known.
func (w *watcher) count() (values, ignored, unread int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.watched {
		if e.silent || e.unread != "" || e.program.Unread != "" {
			unread++
		}
	}
	return len(w.values), w.ignored, unread
}

// known returns what a watcher must know at the next start.
func (w *watcher) known() []Known {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Known
	for _, e := range w.watched {
		if e.looked {
			out = append(out, remember(e.certain()))
		}
	}
	slices.SortFunc(out, byName)
	return out
}
