package program

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"hooksnare/pkg/event"
	"hooksnare/pkg/phase"
)

// earlyLife is how long a view of a value that is not set is kept.
const earlyLife = time.Hour

// Options of [Watchers]; the zero value knows nothing yet and sweeps nothing. The functions are
// called from goroutines of Run, one call at a time for each owner; while one is at work
// nothing else is examined for that owner.
type Options struct {
	Previous State         // of the Watchers before the agent was stopped
	Sweep    time.Duration // between checks of everything
	// Keep is shown each script, see [View], at the first examination and after each change,
	// with its beginning as in [View]. What was learned is not shown: who sent the alert has it.
	// It is waited for no longer than two seconds.
	Keep func(owner string, p event.Program, script []byte)
	// Located gets where a program is to be found: at the first examination since the start,
	// and whenever its path without links changes, even with the same content. Who learned a
	// view knows that from it.
	Located func(owner string, p event.Program)
	// Share is called for each share of the Examiner that is used up, at the beginning and at the end.
	Share func(Share)
}

// Watchers report when the program of a hook is no longer what it was. Each owner of hooks has
// a share and a goroutine to itself: root, the computer and the managed preferences together
// one, which reports as [Root], and each home. Whatever a user has watched, however slow it
// is and however often it changes, delays nobody else's.
type Watchers struct {
	examiner *Examiner
	opts     Options
	handle   func(owner string, change event.ProgramChange)
	step     time.Duration    // clockStep; shorter in tests, which know their file system
	now      func() time.Time // of what is reported

	// mu guards what follows, and what the watches of owners know. Neither the disk nor a call
	// out is waited for while it is held.
	mu       sync.Mutex
	owners   map[string]*ownerWatch
	previous map[string]map[string]Known // by owner, until its first sweep, and hash of the value
	began    time.Time
	begun    bool            // Set was called
	version  uint64          // counts the changes of what State returns
	running  context.Context // nil: Run is not at work
	work     sync.WaitGroup
}

// NewWatchers returns watchers of the programs on the disk of an Examiner. Handle is called like
// the functions of Options.
func NewWatchers(x *Examiner, o Options, handle func(owner string, change event.ProgramChange)) *Watchers {
	w := &Watchers{
		examiner: x, opts: o, handle: handle, step: clockStep, now: time.Now,
		owners: map[string]*ownerWatch{}, previous: map[string]map[string]Known{}, began: time.Now(),
	}
	for owner, programs := range o.Previous {
		_, limits := limitsOf(owner)
		known := map[string]Known{}
		for _, k := range programs[:min(len(programs), limits.values)] {
			known[k.Value] = k
		}
		w.previous[owner] = known
	}
	return w
}

// Set says which values the hooks of each owner have now. It replaces those of the last call,
// and never waits for a disk.
func (w *Watchers) Set(hooks map[string][]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun = true
	values := map[string][]string{}
	for _, owner := range slices.Sorted(maps.Keys(hooks)) {
		key, _ := limitsOf(owner)
		values[key] = append(values[key], hooks[owner]...)
	}
	for key, o := range w.owners {
		if values[key] == nil {
			o.setLocked(nil)
		}
	}
	for key, list := range values {
		if o := w.ownerLocked(key); o != nil {
			o.setLocked(list)
		}
	}
}

// Learn takes in the view that an alert was made from: the watch starts from it. If the
// program is watched and was something else, that is a change like any. It never waits for a
// disk. Views may be learned before their value is set.
func (w *Watchers) Learn(owner, value string, v View) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if o := w.ownerLocked(owner); o != nil {
		o.learnLocked(value, v)
	}
}

// Stats returns how many values are set beyond what their owners may have watched, and about how many
// programs the last examination could not learn all there is.
func (w *Watchers) Stats() (ignored, unread int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.owners {
		ignored += o.ignored
		for _, e := range o.watched {
			if e.unread != "" || e.program.Unread != "" {
				unread++
			}
		}
	}
	return ignored, unread
}

// ownerLocked returns the watch of an owner, nil if there are too many.
func (w *Watchers) ownerLocked(owner string) *ownerWatch {
	key, limits := limitsOf(owner)
	o := w.owners[key]
	switch {
	case o != nil:
	case len(w.owners) >= maxOwners && key != Root:
		w.examiner.shares.noteUsedUp(owner, ShareValues, time.Now())
	default:
		o = &ownerWatch{Watchers: w, owner: key, limits: limits, reports: limits.reports, watched: map[string]*watched{}}
		w.owners[key] = o
	}
	return o
}

// Run watches until ctx ends. It must be called once.
func (w *Watchers) Run(ctx context.Context) {
	w.mu.Lock()
	w.running = ctx
	w.mu.Unlock()
	defer w.work.Wait()
	defer func() {
		w.mu.Lock()
		w.running = nil
		w.mu.Unlock()
	}()
	interval := w.opts.Sweep
	if interval <= 0 {
		interval = time.Minute // for the ends of shares alone
	}
	t := time.NewTimer(phase.Next(interval))
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			t.Reset(phase.Next(interval))
			if w.opts.Sweep > 0 {
				w.beginSweeps(now)
			}
			for _, s := range w.examiner.shares.listTransitions(now) {
				if w.opts.Share != nil {
					w.opts.Share(s)
				}
			}
		}
	}
}

// beginSweeps has those owners swept that nothing is done for, and ends the watches that have
// nothing to watch or to report.
func (w *Watchers) beginSweeps(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.begun {
		return // nobody has said yet what is set: what was known before is still to be compared
	}
	for key, o := range w.owners {
		o.early = slices.DeleteFunc(o.early, func(v View) bool { return now.Sub(v.Time) > earlyLife })
		if !o.busy && len(o.values)+len(o.early)+len(o.pending) == 0 {
			delete(w.owners, key)
			delete(w.previous, key)
			continue
		}
		o.startLocked(true)
	}
}

// State returns what Watchers must know at the next start.
func (w *Watchers) State() State {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := State{}
	for owner, known := range w.previous {
		if time.Since(w.began) < earlyLife { // a home that may not be there yet
			s[owner] = slices.SortedFunc(maps.Values(known), byName)
		}
	}
	for key, o := range w.owners {
		if s[key] = o.knownLocked(); len(s[key]) == 0 {
			delete(s, key)
		}
	}
	return s
}

// Version counts the changes of what State returns: while it is the same, so is the state.
func (w *Watchers) Version() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.version
}
