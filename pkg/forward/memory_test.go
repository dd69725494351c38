package forward

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// memory is a Queue, and remembers what became of each item.
type memory struct {
	mu      sync.Mutex
	waiting []Item
	more    chan struct{} // closed when something is added
	acked   []uint64      // in order
	dead    map[uint64]string
	nexts   int
	fail    func(what string) error // may be nil
}

func newMemory(items ...Item) *memory {
	return &memory{waiting: items, more: make(chan struct{}), dead: map[uint64]string{}}
}

func (m *memory) add(items ...Item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting = append(m.waiting, items...)
	close(m.more)
	m.more = make(chan struct{})
}

func (m *memory) failure(what string) error {
	if m.fail == nil {
		return nil
	}
	return m.fail(what)
}

func (m *memory) Next(ctx context.Context, maxItems, maxBytes int) ([]Item, error) {
	for {
		m.mu.Lock()
		m.nexts++
		if err := m.failure("next"); err != nil {
			m.mu.Unlock()
			return nil, err
		}
		n, size := 0, 0
		for n < min(maxItems, len(m.waiting)) {
			if size += len(m.waiting[n].Document); n > 0 && size > maxBytes {
				break
			}
			n++
		}
		out := append([]Item(nil), m.waiting[:n]...)
		more := m.more
		m.mu.Unlock()
		if n > 0 {
			return out, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-more:
		}
	}
}

func (m *memory) remove(items []Item) error {
	gone := map[uint64]bool{}
	for _, item := range items {
		gone[item.Sequence] = true
	}
	// What is to go is near the front.
	front, i := []Item(nil), 0
	for ; i < len(m.waiting) && len(gone) > 0; i++ {
		if gone[m.waiting[i].Sequence] {
			delete(gone, m.waiting[i].Sequence)
			continue
		}
		front = append(front, m.waiting[i])
	}
	if len(gone) > 0 {
		return fmt.Errorf("%d items are not in the queue", len(gone))
	}
	m.waiting = m.waiting[i:]
	if len(front) > 0 {
		m.waiting = append(front, m.waiting...)
	}
	return nil
}

func (m *memory) Ack(items []Item) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.failure("ack"); err != nil {
		return err
	}
	for _, item := range items {
		m.acked = append(m.acked, item.Sequence)
	}
	return m.remove(items)
}

func (m *memory) Dead(why string, items []Item) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.failure("dead"); err != nil {
		return err
	}
	for _, item := range items {
		m.dead[item.Sequence] = why
	}
	return m.remove(items)
}

// asked returns how often Next looked.
func (m *memory) asked() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.nexts
}

func (m *memory) left() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.waiting)
}

// awaitEmpty waits until everything is acknowledged or dead.
func awaitEmpty(t *testing.T, q *memory) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); q.left() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d items are left", q.left())
		}
	}
}
