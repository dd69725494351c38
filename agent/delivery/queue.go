package delivery

import (
	"context"

	"hooksnare/pkg/forward"
	"hooksnare/pkg/spool"
)

// queue is an output's part of the spool as its runner wants it.
type queue struct {
	*spool.Queue
	acked func(id string)
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
	err := q.Queue.Ack(spoolItems(items)...)
	if err == nil {
		for i := range items {
			q.acked(items[i].ID)
		}
	}
	return err
}

// Dead sets aside what the receiver refused for good.
func (q queue) Dead(why string, items []forward.Item) error {
	return q.Queue.Dead(why, spoolItems(items)...)
}

// spoolItems returns items by their numbers, which is all that the spool wants.
func spoolItems(items []forward.Item) []spool.Item {
	out := make([]spool.Item, len(items))
	for i := range items {
		out[i].Sequence = items[i].Sequence
	}
	return out
}
