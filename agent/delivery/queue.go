package delivery

import (
	"hooksnare/pkg/forward"
	"hooksnare/pkg/spool"
)

// queue is an output's part of the spool, and reports what is acknowledged.
type queue struct {
	*spool.Queue
	acked func(id string)
}

// Ack forgets what was delivered.
func (q queue) Ack(items []forward.Item) error {
	err := q.Queue.Ack(items)
	if err == nil {
		for i := range items {
			q.acked(items[i].ID)
		}
	}
	return err
}
