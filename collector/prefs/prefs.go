// Package prefs watches what the preferences of a Mac say about login and logout hooks,
// and reports each change of a value: who wrote it and how does not matter. It scans
// every file that can hold a hook, in root's preferences, the computer's, the managed ones
// and those of every home, and reports facts without opinion.
//
// The files belong to others. Whatever they put there (links, FIFOs, devices, files that
// are huge, growing, half written or made to break a reader, homes on a server that does
// not answer) neither stops nor delays the scans of the rest, and takes bounded memory;
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

// Keys that make loginwindow run a program at login or logout, or let it. Their case
// counts, as for loginwindow: a key that differs in case does nothing.
const (
	LoginHook      = "LoginHook"
	LogoutHook     = "LogoutHook"
	EnableMCX      = "EnableMCXLoginScripts"
	MCXScriptTrust = "MCXScriptTrust"
)

// Options says what to scan and how often. Its zero value scans the running
// system once, and again at each [Collector.Wake] and each change of a watched folder.
type Options struct {
	// Root is the folder that plays the root folder; "" means /. Its owner plays root.
	Root string
	// Homes are home folders outside /Users, absolute as a Mac knows them.
	Homes []string
	// Sweep is how often everything is scanned; 0 means never.
	Sweep time.Duration
	// Previous is what was last given to HandleState, nil if there never was anything.
	Previous *State
	// Now tells the time of what is reported; nil means time.Now.
	Now func() time.Time
}

// Waits.
const (
	// answerTime is the longest that the scan of a location may take.
	answerTime = 2 * time.Second
	// settleTime is how long a file must be missing or half written before that is held for its
	// state and not for a moment of its being written.
	settleTime = 500 * time.Millisecond
	// granuleTime is the coarsest step of a file's times. For so long a file that looks the
	// same is read again, since it may have changed within one step.
	granuleTime = 3 * time.Second
	// retryTime passes until what the handler refused is offered again; less if sweeps are more often.
	retryTime = 2 * time.Second
	// fullReadTime is how often every file is read though its times say that it did not change: a
	// write through a mapping of a page that is dirty already changes none. fullReadGap lies between
	// two such reads, however often somebody logs in.
	fullReadTime = 5 * time.Minute
	fullReadGap  = 10 * time.Second
	// backoffMin passes until a home that did not answer is scanned again, doubling up to backoffMax.
	backoffMin = 4 * time.Second
	backoffMax = 5 * time.Minute
)

// Handler takes what a [Collector] finds. Its methods are called one at a time, from the
// goroutine of Run; while one is at work nothing else is reported.
type Handler interface {
	// HandleChange takes the change of one value. nil means that it is reported for good;
	// after an error the old value counts as known, and the same change comes again later.
	HandleChange(event.Change) error
	// HandleUnreadable takes what can't be read as it should, and again what can be read after
	// that. An unreadable file that changes ends and begins. After a restart everything that
	// still can't be read comes again, with the same Since.
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
	// openWatcher opens what reports events in folders; nil in a test that owns the clock.
	openWatcher func(wake func()) (notifier, error)
	once        bool // for a single scan: nobody's reports would be delayed
	// These are settleTime, granuleTime and retryTime or less.
	settle, granule, retry time.Duration

	wake chan struct{} // Wake was called
	full chan struct{} // ReadAll was called
	done chan *scan    // scans that ended
	quit chan struct{} // closed when no more are waited for

	// All that follows belongs to the goroutine of Run.

	locations []*location // root's own first
	byBase    map[string]*location
	due       map[*location]time.Time // when to scan it and report of it, apart from sweeps

	answering, doubtful lane // homes that wait for their turn
	threads             int  // that scans of homes take

	running []*scan        // requested and not hung, in the order in which they were requested
	hung    map[string]int // scans that hang, by the base of their location

	// Problems are as many as the files and folders that are scanned, and each home's are
	// bounded by these: no user takes room from another's.
	problems   map[problemKey]*reportedProblem
	conditions map[string]int // problems that do not come from scans, by reason
	reports    []*location    // locations with something to report

	wakes       delays
	watched     delays
	lastWatched [watchedAtOnce]time.Time // the last scans for watched folders, the oldest first
	sweepAt     time.Time
	fullAt      time.Time // when every file is to be read, whatever its times say; zero: not planned
	lastFull    time.Time
	saveAt      time.Time // the state is not offered before
	dirty       bool      // the state is not what the handler has
	begun       bool      // every location was scanned once, or did not answer

	watcher *watcher
	counts  Stats

	mu    sync.Mutex // guards stats
	stats Stats
}

// Stats is what a [Collector] has done, and how it is.
type Stats struct {
	Sweeps  uint64 // scans of everything
	Scans   uint64 // of one location: a home, root's folders, ...
	Reads   uint64 // files read
	Changes uint64 // accepted by the handler
	Refused uint64 // times the handler refused a change or a state

	Homes      int // known now
	Stuck      int // locations that do not answer now
	UsedUp     int // homes whose share is used up now
	Unreadable int // files and folders that can't be read as they should now
	Watched    int // folders that wake the collector now
}

// New makes a collector; it does not touch the disk. Run must be called once.
func New(opts Options, h Handler) (*Collector, error) {
	if h == nil {
		return nil, errors.New("preferences: no handler")
	}
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Collector{
		opts: opts, disk: realDisk(opts.Root), handler: h, openWatcher: openNotifier,
		wake: make(chan struct{}, 1), full: make(chan struct{}, 1), done: make(chan *scan, maxThreads), quit: make(chan struct{}),
		answering: lane{threads: maxThreads + reservedThreads}, doubtful: lane{threads: maxThreads},
		byBase: map[string]*location{}, due: map[*location]time.Time{}, hung: map[string]int{},
		problems: map[problemKey]*reportedProblem{}, conditions: map[string]int{},
		settle: settleTime, granule: granuleTime, retry: retryTime,
		wakes:   newDelays(250*time.Millisecond, time.Second, 3*time.Second),
		watched: newDelays(0, 250*time.Millisecond, 2*time.Second),
	}
	if opts.Sweep > 0 {
		c.retry = min(c.retry, opts.Sweep)
	}
	c.addSystemLocations()
	c.restoreState(opts.Previous)
	return c, nil
}

// withDefaults checks o and returns it with every default filled in.
func (o Options) withDefaults() (Options, error) {
	o.Root = strings.TrimRight(path.Clean("/"+o.Root), "/")
	if err := CheckHomes(o.Homes); err != nil {
		return o, err
	}
	homes := make([]string, 0, len(o.Homes))
	for _, h := range o.Homes {
		if h = canonicalPath(h); h != rootHome { // which is scanned anyway
			homes = append(homes, h)
		}
	}
	slices.Sort(homes)
	o.Homes = slices.Compact(homes)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sweep < 0 {
		return o, fmt.Errorf("preferences: the sweep interval %v must not be negative", o.Sweep)
	}
	return o, nil
}

// Run watches until ctx ends and returns nil then. Scans that a stalled home holds up are
// left to end by themselves; nothing is reported after Run has returned.
func (c *Collector) Run(ctx context.Context) error {
	if c.openWatcher != nil {
		c.watcher = newWatcher(c.openWatcher)
		defer c.watcher.stop()
	}
	c.run(ctx)
	return nil
}

// Wake has everything scanned in 250 ms, 1 s and 3 s from now: a process ran that may
// have changed one, or may still be about to through cfprefsd. It never blocks, and a
// storm of calls costs no more than some scans a second.
func (c *Collector) Wake() {
	signal(c.wake)
}

// ReadAll is Wake, and has every file read: somebody logs in or out, which is when hooks run. It
// never blocks, and however often it is called a full read comes every ten seconds at most.
func (c *Collector) ReadAll() {
	signal(c.full)
	signal(c.wake)
}

// Stats returns what was done so far. It may be called from any goroutine.
func (c *Collector) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}
