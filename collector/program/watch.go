package program

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"hooksnare/pkg/event"
)

// maxOwners bounds the users whose programs are watched. No user can use that up: it takes as
// many homes, and those are root's to make.
const maxOwners = 4096

// earlyLife is how long a view of a value that is not set is kept.
const earlyLife = time.Hour

// Options of [Watchers]; the zero value knows nothing yet and examines nothing by itself. The
// functions are called from goroutines of Run, one call at a time for each owner; while one
// is at work nothing else is examined for that owner.
type Options struct {
	Previous State         // of the Watchers before the agent was stopped
	Sweep    time.Duration // between checks of everything
	// Keep is shown each script at the first examination and after each change of its content,
	// with its beginning as in [View]. What was learned is not shown: who sent the alert has it.
	// It is waited for no longer than two seconds.
	Keep func(owner string, p event.Program, script []byte)
	// Leads gets where a program is to be found: at the first examination since the start,
	// and whenever its path without links changes, even with the same content. Who learned a
	// view knows that from it.
	Leads func(owner string, p event.Program)
	// Shares is where a share that is used up is noted, and Share is called for each, at its
	// beginning and its end.
	Shares *Shares
	Share  func(Share)
}

// Watchers report when the program of a hook is no longer what it was. Each owner of hooks has
// a share and a goroutine for itself: root, the computer and the managed preferences together
// one, which reports as [Root], and each home. Whatever a user has watched, however slow it
// is and however often it changes, delays nobody else's.
type Watchers struct {
	root   string
	opts   Options
	handle func(owner string, change event.ProgramChange)
	tune   func(*ownerWatch) // in tests

	// mu guards what follows, and what the watches of owners know. Neither the disk nor a call
	// out is waited for while it is held.
	mu      sync.Mutex
	owners  map[string]*ownerWatch
	before  map[string]map[string]Known // of the run before, by owner that is not known yet
	common  map[string]Known            // and for everyone
	began   time.Time
	running context.Context // nil: Run is not at work
	work    sync.WaitGroup
}

// NewWatchers returns watchers of programs on the disk below root. Handle is called like the
// functions of Options.
func NewWatchers(root string, o Options, handle func(owner string, change event.ProgramChange)) *Watchers {
	w := &Watchers{
		root: root, opts: o, handle: handle, owners: map[string]*ownerWatch{}, before: map[string]map[string]Known{},
		common: byValue(o.Previous.Programs, reservedLimits.values), began: time.Now(),
	}
	for _, s := range o.Previous.Owners[:min(len(o.Previous.Owners), maxOwners)] {
		w.before[s.Owner] = byValue(s.Programs, userLimits.values)
	}
	return w
}

// byValue is what was known, by the hash of the value.
func byValue(programs []Known, most int) map[string]Known {
	out := map[string]Known{}
	for _, k := range programs[:min(len(programs), most)] {
		out[k.Value] = k
	}
	return out
}

// keyOf returns the owner whose watch is an owner's.
func keyOf(owner string) string {
	if isReserved(owner) {
		return Root
	}
	return owner
}

// Set says which values the hooks of an owner have now. It replaces those of the last call,
// and never waits for a disk.
func (w *Watchers) Set(owner string, values []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if o := w.ownerLocked(owner, len(values) > 0); o != nil {
		o.setLocked(owner, values)
	}
}

// Learn takes in the view that an alert was made from: the watch starts from it. If the
// program is watched and was something else, that is a change like any. It never waits for a
// disk. Views may be learned before their value is set.
func (w *Watchers) Learn(owner, value string, v View) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if o := w.ownerLocked(owner, true); o != nil {
		o.learnLocked(value, v)
	}
}

// Program returns the last view of the program of a value that is watched for an owner.
// Where the last sweep learned nothing it is the one before, and Unread says why.
func (w *Watchers) Program(owner, value string) (event.Program, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if o := w.owners[keyOf(owner)]; o != nil && o.watched[value] != nil {
		return o.watched[value].shownProgram(), true
	}
	return event.Program{}, false
}

// WatchStats is what Watchers watch.
type WatchStats struct {
	Owners  int // whose hooks are watched
	Values  int // of hooks
	Ignored int // values beyond what their owners may have watched
	Unread  int // programs about which the last examination could not learn all there is
}

// Stats returns what is watched now.
func (w *Watchers) Stats() WatchStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	var s WatchStats
	for _, o := range w.owners {
		s.Values, s.Ignored = s.Values+len(o.values), s.Ignored+o.ignored
		if len(o.values) > 0 {
			s.Owners++
		}
		for _, e := range o.watched {
			if e.unread != "" || e.program.Unread != "" {
				s.Unread++
			}
		}
	}
	return s
}

// ownerLocked returns the watch of an owner, and makes one if it may.
func (w *Watchers) ownerLocked(owner string, may bool) *ownerWatch {
	key := keyOf(owner)
	o := w.owners[key]
	if o != nil || !may {
		return o
	}
	bounds := userLimits
	if key == Root {
		bounds = reservedLimits
	} else if len(w.owners) >= maxOwners {
		w.opts.Shares.noteUsedUp(owner, ShareValues, time.Now())
		return nil
	}
	o = newOwnerWatch(w, key, bounds)
	o.previous = []map[string]Known{w.before[key], w.common}
	delete(w.before, key)
	if w.tune != nil {
		w.tune(o)
	}
	w.owners[key] = o
	w.beginLocked(o)
	return o
}

// beginLocked starts the goroutine of an owner, if Run is at work.
func (w *Watchers) beginLocked(o *ownerWatch) {
	if ctx := w.running; ctx != nil {
		w.work.Go(func() { o.run(ctx) })
	}
}

// Run watches until ctx ends. It must be called once.
func (w *Watchers) Run(ctx context.Context) {
	w.mu.Lock()
	w.running = ctx
	for _, o := range w.owners {
		w.beginLocked(o)
	}
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
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			if w.opts.Sweep > 0 {
				w.beginSweeps()
			}
			for _, s := range w.opts.Shares.listTransitions(now) {
				if w.opts.Share != nil {
					w.opts.Share(s)
				}
			}
		}
	}
}

// beginSweeps has those owners swept that nothing is done for.
func (w *Watchers) beginSweeps() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.common = nil // what is set from now on was set after the start
	for _, o := range w.owners {
		select {
		case o.due <- struct{}{}:
		default:
		}
	}
}

// State returns what Watchers must know at the next start.
func (w *Watchers) State() State {
	w.mu.Lock()
	defer w.mu.Unlock()
	var s State
	for key, o := range w.owners {
		known := o.knownLocked()
		if key == Root {
			s.Programs = known
		} else if len(known) > 0 {
			s.Owners = append(s.Owners, OwnerState{key, known})
		}
	}
	if time.Since(w.began) < earlyLife { // a home may not be there yet
		for owner, known := range w.before {
			s.Owners = append(s.Owners, OwnerState{owner, slices.SortedFunc(maps.Values(known), byName)})
		}
	}
	slices.SortFunc(s.Owners, func(a, b OwnerState) int { return strings.Compare(a.Owner, b.Owner) })
	return s
}
