// Package prefs watches what the preferences of a Mac say about login and logout hooks,
// and reports each change of a value: who wrote it and how is of no matter. It looks at
// every file that can hold a hook, in root's preferences, the computer's, the managed ones
// and those of every home, and reports facts without opinion.
//
// The files belong to others. Whatever they put there (links, FIFOs, devices, files that
// are huge, growing, half written or made to break a reader, homes on a server that does
// not answer) neither stops nor delays the look at the rest, and takes bounded memory;
// what can't be read is reported as such, and what was known of it stands meanwhile.
package prefs

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"hooksnare/pkg/event"
)

// Keys that make loginwindow run a program at login or logout, or let it. They are told
// apart by case, as loginwindow does: a key that differs in case does nothing, and to call it
// by the right name would be to report a hook that is not there.
const (
	LoginHook      = "LoginHook"
	LogoutHook     = "LogoutHook"
	EnableMCX      = "EnableMCXLoginScripts"
	MCXScriptTrust = "MCXScriptTrust"
)

// Options says where to look and how patient to be. Its zero value looks at the running
// system once, and again at each [Collector.Wake] and each change of a watched folder.
type Options struct {
	// Root is the folder that plays the root folder; "" means /. Its owner plays root.
	Root string
	// Homes are home folders outside /Users, absolute as a Mac knows them.
	Homes []string
	// Sweep is how often every file is looked at; 0 means never.
	Sweep time.Duration
	// Previous is what was last given to HandleState, nil if there never was anything.
	Previous *State
	Timing   Timing
	// Now tells the time of what is reported; nil means time.Now.
	Now func() time.Time
}

// Timing are the waits of a [Collector]; a zero field means its default. They are there
// for tests: the defaults are what the documents promise.
type Timing struct {
	Wake    []time.Duration // looks after Wake: 250 ms, 1 s, 3 s
	Watched []time.Duration // looks after a change in a watched folder: 0, 250 ms, 2 s
	Answer  time.Duration   // the longest that a home may take: 2 s
	// Settle is how long a file must be gone or half written before that is held for its
	// state and not for a moment of its being written: 500 ms.
	Settle time.Duration
	// Granule is the coarsest step of a file's times. For so long a file that looks the
	// same is read again, since it may have changed within one step: 3 s.
	Granule    time.Duration
	Retry      time.Duration // until what the handler refused is offered again: 2 s, or Sweep if less
	BackoffMin time.Duration // until a home that did not answer is asked again, doubling: 4 s
	BackoffMax time.Duration // the longest such wait: 5 min
}

// Handler takes what a [Collector] finds. Its methods are called one at a time, from the
// goroutine of Run; while one is at work nothing else is reported.
type Handler interface {
	// HandleChange takes the change of one value. nil means that it is reported for good;
	// after an error the old value counts as known, and the same change comes again later.
	HandleChange(event.Change) error
	// HandleUnreadable is told when something can't be read as it should, and when it can
	// again. A file that holds something else that can't be read ends and begins again. After a restart that which still holds is told again, with the same Since.
	HandleUnreadable(event.Unreadable)
	// HandleState takes what to give as Options.Previous next time, whenever that has
	// changed and no change waits to be handled; refused ones are not in it. After an
	// error it comes again later.
	HandleState(State) error
}

// Collector watches the preferences of one disk. Make it with [New].
type Collector struct {
	opts    Options
	disk    disk
	handler Handler
	noWatch bool // for tests that own the clock
	atOnce  bool // a scan: there is nobody whose reports would be held up

	places []*place // root's own first
	users  *place   // the folder of homes
	homes  map[string]*place
	done   chan *look // looks that ended
	flying []*look    // looks under way

	lively, doubtful turns // homes that wait for their turn

	active  int            // looks at homes that are under way and not slow
	slow    int            // those that are
	stuck   map[string]int // looks that take too long, by the home's path
	timed   []*place       // places with a due time, each once
	backlog backlog
	pending int // changes in it, or refused: four for each file that is looked at, at most
	silent  int // places that do not answer
	usedUp  int // places whose share is used up

	// Troubles are as many as the files and folders that are looked at, and each home's are
	// bounded by these: no user takes room from another's.
	problems map[problemKey]*event.Unreadable
	refs     map[problemKey]int  // how many have the trouble
	carried  []*event.Unreadable // of the run before, of no place known yet

	wakes       slots
	watched     slots
	sweepAt     time.Time
	saveAt      time.Time              // not to offer the state before
	dirty       bool                   // the state is not what the handler has
	begun       bool                   // every place was looked at once, or did not answer
	listed      bool                   // the homes are known
	relist      bool                   // and are to be listed anew
	lastWatched [watchedOnce]time.Time // the last looks for watched folders, the oldest first

	wake  chan struct{}
	watch *watcher

	mu    sync.Mutex
	stats Stats
}

// Stats is what a [Collector] has done, and how it is.
type Stats struct {
	Sweeps  uint64 // looks at everything
	Looks   uint64 // looks at one place: a home, root's folders, ...
	Reads   uint64 // files read
	Bytes   uint64 // in them
	Changes uint64 // accepted by the handler
	Refused uint64 // times the handler refused a change or a state

	Homes      int // known now
	Stuck      int // homes that do not answer now
	UsedUp     int // homes whose share is used up now
	Waiting    int // changes that are not accepted yet
	Unreadable int // files and folders that can't be read as they should now
	Watched    int // folders that wake the collector now

	LastSweep time.Time // when the last look at everything began
}

// New makes a collector; it does not touch the disk. Run must be called once.
func New(opts Options, h Handler) (*Collector, error) {
	if h == nil {
		return nil, errors.New("preferences: no handler")
	}
	opts, err := opts.complete()
	if err != nil {
		return nil, err
	}
	c := &Collector{
		opts: opts, disk: realDisk(opts.Root), handler: h,
		homes: map[string]*place{}, stuck: map[string]int{}, problems: map[problemKey]*event.Unreadable{}, refs: map[problemKey]int{},
		done: make(chan *look, maxFlying), wake: make(chan struct{}, 1),
		wakes: newSlots(opts.Timing.Wake), watched: newSlots(opts.Timing.Watched),
	}
	c.lay()
	c.resume(opts.Previous)
	return c, nil
}

// complete checks o and returns it with every default filled in.
func (o Options) complete() (Options, error) {
	o.Root = strings.TrimRight(path.Clean("/"+o.Root), "/")
	if err := CheckHomes(o.Homes); err != nil {
		return o, err
	}
	homes := make([]string, 0, len(o.Homes))
	for _, h := range o.Homes {
		if h = canonical(h); h != rootHome { // which is looked at anyway
			homes = append(homes, h)
		}
	}
	slices.Sort(homes)
	o.Homes = slices.Compact(homes)
	if o.Now == nil {
		o.Now = time.Now
	}
	t := &o.Timing
	all := append(slices.Clone(t.Wake), t.Watched...)
	for _, d := range append(all, o.Sweep, t.Answer, t.Settle, t.Granule, t.Retry, t.BackoffMin, t.BackoffMax) {
		if d < 0 {
			return o, fmt.Errorf("preferences timing %v: must not be negative", d)
		}
	}
	t.fill(o.Sweep)
	return o, nil
}

// fill sets what is zero to its default.
func (t *Timing) fill(sweep time.Duration) {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	if t.Wake == nil {
		t.Wake = []time.Duration{250 * time.Millisecond, time.Second, 3 * time.Second}
	}
	if t.Watched == nil {
		t.Watched = []time.Duration{0, 250 * time.Millisecond, 2 * time.Second}
	}
	retry := 2 * time.Second
	if sweep > 0 {
		retry = min(retry, sweep)
	}
	set(&t.Answer, 2*time.Second)
	set(&t.Settle, 500*time.Millisecond)
	set(&t.Granule, 3*time.Second)
	set(&t.Retry, retry)
	set(&t.BackoffMin, 4*time.Second)
	set(&t.BackoffMax, 5*time.Minute)
}

// Run watches until ctx ends and returns nil then. Looks that a stalled home holds up are
// left to end by themselves; nothing is reported after Run has returned.
func (c *Collector) Run(ctx context.Context) error {
	if !c.noWatch {
		c.watch = newWatcher()
		defer c.watch.stop()
	}
	c.run(ctx, nil)
	return nil
}

// Wake has every file looked at in 250 ms, 1 s and 3 s from now: a process ran that may
// have changed one, or may still be about to through cfprefsd. It never blocks, and a
// storm of calls costs no more than some looks a second.
func (c *Collector) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Stats returns what was done so far. It may be called from any goroutine.
func (c *Collector) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}
