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

// earlyLife is how long a sight of a value that is not set is kept.
const earlyLife = time.Hour

// Options of [Watchers]; the zero value knows nothing yet and looks at nothing by itself. The
// functions are called from goroutines of Run, one call at a time for each owner; while one
// is at work nothing else is looked at for that owner.
type Options struct {
	Previous State         // of the Watchers before the agent was stopped
	Sweep    time.Duration // between looks at everything
	// Keep is shown each script at the first look and after each change of its content, with
	// its beginning as in [Sight]. What was learned is not shown: who told it has it. It is
	// waited for no longer than two seconds.
	Keep func(owner string, p event.Program, script []byte)
	// Leads is told where a program is to be found: at the first look since the start, and
	// whenever its path without links changes, be its content the same. Who learned a sight
	// knows that from it.
	Leads func(owner string, p event.Program)
	// Shares is where a share that is used up is noted, and Share is told of each, at its
	// beginning and its end.
	Shares *Shares
	Share  func(Share)
}

// Watchers tell when the program of a hook is no longer what it was. Each owner of hooks has
// a watcher with a share and a goroutine of its own: root, the computer and the managed
// preferences together one, which reports as [Root], and each home. Whatever a user has
// watched, however slow it is and however often it changes, delays nobody else's.
type Watchers struct {
	root   string
	opts   Options
	handle func(owner string, change event.ProgramChange)
	tune   func(*watcher) // in tests

	mu      sync.Mutex // guards what follows; taken before that of a watcher
	owners  map[string]*owned
	before  map[string]map[string]Known // of the run before, by owner that is not known yet
	common  map[string]Known            // and for everyone
	began   time.Time
	running context.Context // nil: Run is not at work
	work    sync.WaitGroup
}

// owned is the watcher of one owner.
type owned struct {
	*watcher
	sets      map[string][]string // values by owner: the watcher of the reserved ones has several
	busy      bool                // a goroutine is at work
	notBefore time.Time           // for the next sweep
	slow      int                 // sweeps in a row that took so long that the next is late
}

// slowSweeps is how many sweeps in a row must take long for the share of time to be used up:
// on a busy machine one may.
const slowSweeps = 3

// NewWatchers returns watchers of programs on the disk below root. Handle is called like the
// functions of Options.
func NewWatchers(root string, o Options, handle func(owner string, change event.ProgramChange)) *Watchers {
	w := &Watchers{
		root: root, opts: o, handle: handle, owners: map[string]*owned{}, before: map[string]map[string]Known{},
		common: byValue(o.Previous.Programs, ownLimits.values), began: time.Now(),
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

// keyOf returns the owner whose watcher is an owner's.
func keyOf(owner string) string {
	if reserved(owner) {
		return Root
	}
	return owner
}

// Set says which values the hooks of an owner have now. It replaces what was said before,
// and never waits for a disk.
func (w *Watchers) Set(owner string, values []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.ownerLocked(owner, len(values) > 0)
	if o == nil {
		return
	}
	o.sets[owner] = slices.Clone(values)
	o.set(o.all())
	w.reportLocked(o)
}

// Learn takes in what an examination has found of which somebody was told: the watch starts
// from it. If the program is watched and was something else, that is a change like any. It
// never waits for a disk. Sights may be learned before their value is set.
func (w *Watchers) Learn(owner, value string, s Sight) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if o := w.ownerLocked(owner, true); o != nil && o.learn(value, s) {
		w.reportLocked(o)
	}
}

// Program returns the last look at the program of a value that is watched for an owner.
// Where the last sweep learned nothing it is the one before, and Unread says why.
func (w *Watchers) Program(owner, value string) (event.Program, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if o := w.owners[keyOf(owner)]; o != nil {
		return o.program(value)
	}
	return event.Program{}, false
}

// WatchStats is what Watchers watch.
type WatchStats struct {
	Owners  int // whose hooks are watched
	Values  int // of hooks
	Ignored int // values beyond what their owners may have watched
	Unread  int // programs about which the last look could not learn all there is
}

// Stats returns what is watched now.
func (w *Watchers) Stats() WatchStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	var s WatchStats
	for _, o := range w.owners {
		values, ignored, unread := o.count()
		s.Values, s.Ignored, s.Unread = s.Values+values, s.Ignored+ignored, s.Unread+unread
		if values > 0 {
			s.Owners++
		}
	}
	return s
}

// ownerLocked returns the watcher of an owner, and makes one if it may.
func (w *Watchers) ownerLocked(owner string, may bool) *owned {
	key := keyOf(owner)
	o := w.owners[key]
	if o != nil || !may {
		return o
	}
	bounds := userLimits
	if key == Root {
		bounds = ownLimits
	} else if len(w.owners) >= maxOwners {
		w.opts.Shares.note(owner, ShareValues, time.Now())
		return nil
	}
	o = &owned{watcher: newWatcher(key, w.root, bounds), sets: map[string][]string{}}
	o.previous = []map[string]Known{w.before[key], w.common}
	delete(w.before, key)
	o.shares, o.keep, o.leads, o.tell = w.opts.Shares, w.opts.Keep, w.opts.Leads, w.handle
	if w.tune != nil {
		w.tune(o.watcher)
	}
	w.owners[key] = o
	return o
}

// all returns the values of all sets, root's first.
func (o *owned) all() []string {
	var out []string
	for _, name := range slices.SortedFunc(maps.Keys(o.sets), func(a, b string) int {
		order := []string{"", Root, System, Managed}
		return slices.Index(order, a) - slices.Index(order, b)
	}) {
		out = append(out, o.sets[name]...)
	}
	return out
}

// Run watches until ctx ends. It must be called once.
func (w *Watchers) Run(ctx context.Context) {
	w.mu.Lock()
	w.running = ctx
	for _, o := range w.owners {
		w.reportLocked(o)
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
				w.sweepAll(now)
			}
			for _, s := range w.opts.Shares.News(now) {
				if w.opts.Share != nil {
					w.opts.Share(s)
				}
			}
		}
	}
}

// sweepAll begins the sweeps that are due.
func (w *Watchers) sweepAll(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.common = nil // what is set from now on was set after the start
	for key, o := range w.owners {
		switch {
		case o.busy || now.Before(o.notBefore):
		case o.idle(now):
			delete(w.owners, key)
		default:
			w.beginLocked(o, o.sweep)
		}
	}
}

// reportLocked has what sights have shown of an owner's programs reported.
func (w *Watchers) reportLocked(o *owned) {
	if !o.busy && o.waiting() {
		w.beginLocked(o, func(context.Context) { o.report() })
	}
}

// beginLocked has something done for an owner, for whom nothing else is.
func (w *Watchers) beginLocked(o *owned, do func(context.Context)) {
	ctx := w.running
	if ctx == nil {
		return
	}
	o.busy = true
	w.work.Go(func() {
		begin := time.Now()
		do(ctx)
		w.end(o, begin, time.Now())
	})
}

// end notes that nothing is done for an owner, and how long that is to be so.
func (w *Watchers) end(o *owned, begin, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o.busy = false
	rest := time.Duration(o.bounds.spare) * now.Sub(begin)
	o.notBefore = now.Add(rest)
	if rest <= max(w.opts.Sweep, patience) {
		o.slow = 0
	} else if o.slow++; o.slow >= slowSweeps {
		w.opts.Shares.note(o.owner, ShareTime, now)
	}
	w.reportLocked(o)
}

// State returns what Watchers must know at the next start.
func (w *Watchers) State() State {
	w.mu.Lock()
	defer w.mu.Unlock()
	var s State
	for key, o := range w.owners {
		known := o.known()
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
