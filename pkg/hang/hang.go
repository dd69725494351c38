// Package hang runs calls of the operating system that may never return, as on a disk or a
// server that does not answer. Whoever calls waits no longer than a limit; no further call
// is begun until all that hang have ended, so that at most those hang that were under way.
package hang

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// ErrHangs is the error of a call that did not end in time, and of calls that were not begun
// because another one hangs.
var ErrHangs = errors.New("the disk does not answer")

// Guard runs calls on one disk. The zero value has no limit; its methods may be called from
// any goroutine.
type Guard struct {
	Limit time.Duration // that a call may take; 0 for any time

	// Changed is called when a call hangs, with its name, while none did, and when the last that
	// hung has ended: under no lock of the guard, one call after the other. May be nil.
	Changed func(hangs bool, what string)

	mu      sync.Mutex // guards what follows, up to short
	hanging []*call
	hurried chan struct{} // closed by Hurry
	short   time.Duration // what is left to calls since Hurry, set before hurried is closed; 0: it was not called

	notifying sync.Mutex // held while Changed is called; guards notified
	notified  bool       // what Changed was called with last
}

// call is one that was begun.
type call struct {
	what string
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
	if other, hangs := g.Hangs(); hangs {
		return fmt.Errorf("%w: %s", ErrHangs, other)
	}
	c := &call{what: what, done: make(chan struct{})}
	go func() {
		err := run()
		if g.end(c, err) {
			return
		}
		if err == nil && undo != nil {
			undo()
		}
		g.recovered(c)
	}()
	if g.wait(c) {
		return c.err
	}
	g.notify()
	return fmt.Errorf("%w: %s", ErrHangs, what)
}

// glances is how often a caller looks whether its call has ended before it goes to sleep: most
// calls take less time than to be woken.
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
	end, hurried := time.Now().Add(g.Limit), g.hurry()
	timer := time.NewTimer(g.Limit)
	defer timer.Stop()
	for {
		select {
		case <-c.done:
			return true
		case <-timer.C:
			return !g.abandon(c)
		case <-hurried:
			hurried = nil
			timer.Reset(min(g.short, time.Until(end)))
		}
	}
}

// hurry returns what Hurry closes.
func (g *Guard) hurry() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.hurried == nil {
		g.hurried = make(chan struct{})
	}
	return g.hurried
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

// end reports whether somebody still waits for a call that has ended.
func (g *Guard) end(c *call, err error) bool {
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
	g.hanging = slices.DeleteFunc(g.hanging, func(h *call) bool { return h == c })
	g.mu.Unlock()
	g.notify()
}

// notify calls Changed if something has changed, the latest last.
func (g *Guard) notify() {
	if g.Changed == nil {
		return
	}
	g.notifying.Lock()
	defer g.notifying.Unlock()
	what, hangs := g.Hangs()
	if hangs != g.notified {
		g.notified = hangs
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
	g.hurry() // which makes the channel
	g.mu.Lock()
	defer g.mu.Unlock()
	if d <= 0 || g.short > 0 {
		return
	}
	g.short = d
	close(g.hurried)
}
