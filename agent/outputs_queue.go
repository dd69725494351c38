package agent

import (
	"context"
	"sync"
	"time"

	"hooksnare/pkg/forward"
	"hooksnare/pkg/spool"
)

// queue is an output's part of the spool as its runner wants it.
type queue struct {
	*spool.Queue
	simulation *simulation
	output     string
}

// Next returns the oldest alerts that are not acknowledged.
func (q queue) Next(ctx context.Context, maxItems, maxBytes int) ([]forward.Item, error) {
	list, err := q.Queue.Next(ctx, maxItems, maxBytes)
	items := make([]forward.Item, len(list))
	for i, l := range list {
		items[i] = forward.Item{
			Sequence: l.Sequence, ID: l.ID, Update: l.Update, Severity: l.Severity, Time: l.Time, Document: l.Document,
		}
	}
	return items, err
}

// Ack forgets what was delivered.
func (q queue) Ack(items []forward.Item) error {
	err := q.Queue.Ack(spooled(items)...)
	if err == nil {
		q.simulation.delivered(q.output, items)
	}
	return err
}

// Dead sets aside what the receiver refused for good.
func (q queue) Dead(why string, items []forward.Item) error {
	return q.Queue.Dead(why, spooled(items)...)
}

func spooled(items []forward.Item) []spool.Item {
	out := make([]spool.Item, len(items))
	for i := range items {
		out[i].Sequence = items[i].Sequence
	}
	return out
}

// timedSender knows since when a delivery is under way.
type timedSender struct {
	forward.Sender

	mu    sync.Mutex
	began time.Time // zero without one
}

// Send tries to deliver.
func (s *timedSender) Send(ctx context.Context, items []forward.Item) forward.Result {
	s.set(time.Now())
	defer s.set(time.Time{})
	return s.Sender.Send(ctx, items)
}

// Each has every item told of that is delivered, where the sender can tell.
func (s *timedSender) Each(delivered func(forward.Item)) {
	if g, ok := s.Sender.(forward.Gradual); ok {
		g.Each(delivered)
	}
}

// Changed says whether a file that the sender depends on has changed.
func (s *timedSender) Changed() bool {
	w, ok := s.Sender.(forward.Watcher)
	return ok && w.Changed()
}

func (s *timedSender) set(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.began = at
}

func (s *timedSender) since() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.began
}
