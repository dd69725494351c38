package stallfs

import "time"

// dyingEvery is how often a waiting operation looks whether its process was killed, once the
// kernel has said that it got some signal.
const dyingEvery = 20 * time.Millisecond

// pass waits until an operation may go on. It returns false if its process was killed
// meanwhile. cancel is closed when the process gets any signal.
func (g *gate) pass(cancel <-chan struct{}, dying func() bool) bool {
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	if d := time.Duration(g.slow.Load()); d > 0 {
		slow := time.NewTimer(d)
		defer slow.Stop()
		if !wait(slow.C, cancel, dying) {
			return false
		}
	}
	g.mu.Lock()
	closed := g.closed
	g.mu.Unlock()
	return closed == nil || wait(closed, cancel, dying)
}

func wait[T any](until <-chan T, cancel <-chan struct{}, dying func() bool) bool {
	select {
	case <-until:
		return true
	case <-cancel:
	}
	look := time.NewTicker(dyingEvery)
	defer look.Stop()
	for !dying() {
		select {
		case <-until:
			return true
		case <-look.C:
		}
	}
	return false
}
