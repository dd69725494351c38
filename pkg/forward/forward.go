// Package forward delivers alerts to receivers on other machines, and never says that one
// arrived when the receiver did not say so. A Sender tries once and returns what became of
// each alert; a Runner drains a queue through a Sender, waits, tries again, and sets aside
// what a receiver refuses for good. Whatever a receiver answers is data: bounded, read
// strictly and escaped before anyone sees it.
package forward

import (
	"context"

	"hooksnare/pkg/spool"
)

// Item is one alert on its way.
type Item = spool.Item

// Sender delivers to one receiver. It is used by one goroutine at a time.
type Sender interface {
	// Send tries to deliver the items in order, and returns what became of each. It
	// ends when ctx does, and keeps no item.
	Send(ctx context.Context, items []Item) Result
	Close() error
}

// Queue holds what one output has not acknowledged.
type Queue interface {
	// Next returns the oldest items that were neither acknowledged nor set aside, at
	// least one and in order of Sequence. It waits until there is one or ctx ends; what
	// is there already comes at once. Without Ack or Dead it returns the same again.
	// maxBytes counts documents; a single larger item comes alone.
	Next(ctx context.Context, maxItems, maxBytes int) ([]Item, error)
	// Ack forgets delivered items.
	Ack(items []Item) error
	// Dead sets items aside that the receiver refused for good.
	Dead(why string, items []Item) error
}

// Watcher is a Sender that depends on files which may change while a Runner waits: a
// new token or certificate is tried at once.
type Watcher interface {
	// Changed says whether a file has changed since Send last read it.
	Changed() bool
}

// Gradual is a Sender whose receiver acknowledges items one by one. When the process is
// killed in the middle of a batch, only what was not acknowledged yet is sent again.
type Gradual interface {
	// Each makes every Send call delivered for each item, as soon as it is delivered. It
	// is called once, before Send.
	Each(delivered func(Item))
}
