package forward

import (
	"context"
	"slices"
	"testing"
	"time"

	"hooksnare/pkg/forward/receivers"
)

// noting is a queue that notes what is acknowledged, and has one batch.
type noting struct {
	items []Item
	acked []uint64
	stop  context.CancelFunc
}

func (q *noting) Next(ctx context.Context, _, _ int) ([]Item, error) {
	if len(q.acked) > 0 {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return q.items, nil
}

func (q *noting) Ack(items []Item) error {
	for _, i := range items {
		q.acked = append(q.acked, i.Sequence)
	}
	if len(q.acked) >= 2*len(q.items) {
		q.stop()
	}
	return nil
}

func (q *noting) Dead(string, []Item) error { return nil }

// TestGradual has each message acknowledged when the receiver answered it, and the batch once
// more at its end.
func TestGradual(t *testing.T) {
	t.Parallel()
	r := receivers.StartRsyslogRELP(t, receivers.Options{})
	s := newSender(t, streamConfig("relp", r.Address, r.PKI))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	q := &noting{items: sentItems(t, 20), stop: cancel}
	run, err := NewRunner(Options{Name: "relp", Queue: q, Sender: s})
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Run(ctx); err != nil {
		t.Fatal(err)
	}
	var want []uint64
	for _, i := range q.items {
		want = append(want, i.Sequence)
	}
	if got := q.acked; !slices.Equal(got, append(want, want...)) {
		t.Errorf("acknowledged: got %v, want each of %v one by one, and all at the end", got, want)
	}
}
