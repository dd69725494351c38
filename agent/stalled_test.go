package agent_test

import (
	"sync"
	"sync/atomic"
	"time"
)

// stallGate is what every operation of the file system passes.
type stallGate struct {
	slow    atomic.Int64 // nanoseconds that an operation takes
	waiting atomic.Int64 // operations that wait

	mu     sync.Mutex
	closed chan struct{} // guarded by mu: closed when what waits may go on; nil: nothing waits
}

// Stall has every operation wait from now on, those that are under way excepted.
func (g *stallGate) Stall() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed == nil {
		g.closed = make(chan struct{})
	}
}

// Slow has every operation take d longer; zero ends that.
func (g *stallGate) Slow(d time.Duration) { g.slow.Store(int64(d)) }

// Resume lets everything go on at full speed, also what waits.
func (g *stallGate) Resume() {
	g.slow.Store(0)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		close(g.closed)
		g.closed = nil
	}
}

// Waiting is how many operations wait now, those that are merely slow included.
func (g *stallGate) Waiting() int { return int(g.waiting.Load()) }
