// Package hang runs calls of the operating system that may never return, as on a disk or a
// server that does not answer. Whoever calls waits no longer than a limit; no further call
// is begun until all that hang have ended, so that at most those hang that were under way.
package hang

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// ErrHangs is the error of a call that did not end in time, and of calls that were not begun
// because another one hangs.
var ErrHangs = errors.New("the disk does not answer")

// Guard runs calls on one disk. The zero value has no limit; its methods may be called from
// any goroutine.
type Guard struct {
	Limit time.Duration // that a call may take; 0 for any time

	// Changed is told when a call hangs, by its name, while none did, and when the last that
	// hung has ended. It is called under no lock of the guard, one call after the other. May be nil.
	Changed func(hangs bool, what string)

	idle atomic.Bool          // a worker looks for the next call
	next atomic.Pointer[call] // that it takes then

	mu      sync.Mutex // guards what follows, up to told
	hanging []*call
	short   time.Duration // what is left to calls since Hurry; 0: it was not called
	hurried chan struct{} // closed by Hurry
	told    sync.Mutex    // held while Changed is called
	said    bool          // what Changed was told last
}

// call is one that was begun.
type call struct {
	what string
	run  func() error
	undo func()
	done chan struct{} // closed when it has ended in time
	late bool          // its caller has gone
	err  error
}

// Do runs a call and returns its error. After the limit it returns ErrHangs: what the call
// gives must not be looked at then, as it may still come. If it succeeds after that, undo
// takes it back before any other call is begun; nil where there is nothing to take back.
func (g *Guard) Do(what string, run func() error, undo func()) error {
	if g.Limit <= 0 {
		return run()
	}
	c, err := g.begin(what)
	if err != nil {
		return err
	}
	c.run, c.undo = run, undo
	g.start(c)
	if g.wait(c) {
		return c.err
	}
	g.tell()
	return fmt.Errorf("%w: %s", ErrHangs, what)
}

// start has a call run: by the worker that has just run another and still looks for more, or by
// a new one.
func (g *Guard) start(c *call) {
	if g.idle.Load() && g.next.CompareAndSwap(nil, c) {
		if g.idle.Load() || !g.next.CompareAndSwap(c, nil) {
			return // the worker takes it, or has taken it
		}
	}
	go g.work(c)
}

// work runs a call, and those that come soon after it: calls come in rows, and to be woken
// costs more than most of them take.
func (g *Guard) work(c *call) {
	for c != nil {
		g.runCall(c)
		if c = nil; g.idle.CompareAndSwap(false, true) { // one worker waits, no more
			for i := 0; i < glances && c == nil; i++ {
				runtime.Gosched()
				c = g.next.Swap(nil)
			}
			g.idle.Store(false)
			// One that came at the last moment waits for nobody else's.
			if late := g.next.Swap(nil); c == nil {
				c = late
			} else if late != nil {
				go g.work(late)
			}
		}
	}
}

func (g *Guard) runCall(c *call) {
	err := c.run()
	if g.ended(c, err) {
		return
	}
	if err == nil && c.undo != nil {
		c.undo()
	}
	g.recovered(c)
}

// begin enters a call, unless another hangs.
func (g *Guard) begin(what string) (*call, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.hanging) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrHangs, g.hanging[0].what)
	}
	if g.hurried == nil {
		g.hurried = make(chan struct{})
	}
	return &call{what: what, done: make(chan struct{})}, nil
}

// glances is how often a caller looks whether its call has ended before it goes to sleep, and a
// worker whether there is another call before it ends.
const glances = 100

// wait reports whether a call has ended in time.
func (g *Guard) wait(c *call) bool {
	for range glances {
		select {
		case <-c.done:
			return true
		default:
			runtime.Gosched()
		}
	}
	g.mu.Lock()
	limit, hurried := g.Limit, g.hurried
	if g.short > 0 {
		limit, hurried = min(limit, g.short), nil
	}
	g.mu.Unlock()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-c.done:
		return true
	case <-timer.C:
		return !g.abandon(c)
	case <-hurried:
	}
	g.mu.Lock()
	short := g.short
	g.mu.Unlock()
	last := time.NewTimer(short)
	defer last.Stop()
	select {
	case <-c.done:
		return true
	case <-timer.C:
	case <-last.C:
	}
	return !g.abandon(c)
}

// abandon lets a call hang, unless it has just ended.
func (g *Guard) abandon(c *call) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-c.done:
		return false
	default:
	}
	c.late = true
	g.hanging = append(g.hanging, c)
	return true
}

// ended reports whether somebody still waits for a call that has ended.
func (g *Guard) ended(c *call, err error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c.late {
		return false
	}
	c.err = err
	close(c.done)
	return true
}

// recovered takes note that a call that hung has ended, and was taken back.
func (g *Guard) recovered(c *call) {
	g.mu.Lock()
	for i, h := range g.hanging {
		if h == c {
			g.hanging = append(g.hanging[:i], g.hanging[i+1:]...)
			break
		}
	}
	g.mu.Unlock()
	g.tell()
}

// tell tells what has changed, the latest last.
func (g *Guard) tell() {
	if g.Changed == nil {
		return
	}
	g.told.Lock()
	defer g.told.Unlock()
	what, hangs := g.Hangs()
	if hangs != g.said {
		g.said = hangs
		g.Changed(hangs, what)
	}
}

// Hangs reports whether a call hangs, and which.
func (g *Guard) Hangs() (what string, hangs bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.hanging) == 0 {
		return "", false
	}
	return g.hanging[0].what, true
}

// Hurry gives every call no more than d from now on, those that are under way included.
func (g *Guard) Hurry(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.short > 0 || d <= 0 {
		return
	}
	g.short = d
	if g.hurried == nil {
		g.hurried = make(chan struct{})
	}
	close(g.hurried)
}
