// Package stallfs mounts a folder again as a file system that can be stopped: while it is
// stalled every operation on it waits, as on a disk or a server that does not answer. It is
// for tests alone; nothing else may import it.
//
// What a real disk does not do: a process that waits here can be killed. A file system that
// lets nobody be killed would outlive the test that stalled it.
package stallfs

import (
	"sync"
	"sync/atomic"
	"time"
)

// gate is what every operation of the file system passes.
type gate struct {
	slow    atomic.Int64 // nanoseconds that an operation takes
	waiting atomic.Int64 // operations that wait

	mu     sync.Mutex
	closed chan struct{} // guarded by mu: closed when what waits may go on; nil: nothing waits
}

// Stall has every operation wait from now on, those that are under way excepted.
func (g *gate) Stall() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed == nil {
		g.closed = make(chan struct{})
	}
}

// Slow has every operation take d longer; zero ends that.
func (g *gate) Slow(d time.Duration) { g.slow.Store(int64(d)) }

// Resume lets everything go on at full speed, also what waits.
func (g *gate) Resume() {
	g.slow.Store(0)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		close(g.closed)
		g.closed = nil
	}
}

// Waiting is how many operations wait now, those that are merely slow included.
func (g *gate) Waiting() int { return int(g.waiting.Load()) }
