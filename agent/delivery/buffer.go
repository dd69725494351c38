package delivery

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"hooksnare/pkg/spool"
)

// Bounds of the buffer. Over them whoever has another alert waits for the disk, which is better
// than to lose one, but no longer than maxPause: judging must not stand still for a disk. After
// that alerts go as the spool's do, floods of a user first.
const (
	maxBuffered      = 2048    // alerts
	maxBufferedBytes = 4 << 20 // of JSON
	maxBatch         = 256     // alerts that are made durable together
	maxPause         = time.Second
)

// Bounds of what is reported of losses: each report is an alert, too.
const (
	maxLossShares = 20 // shares that are named
	lossInterval  = time.Minute
)

// buffer is what was judged and is not on disk yet, the oldest first. Any goroutine adds to it,
// one takes.
type buffer struct {
	mu      sync.Mutex // guards what follows
	changed sync.Cond  // on mu: of entries, stalled or closed
	entries []spool.Entry
	bytes   int
	storing bool // what was taken last is being made durable
	stalled bool // the disk took nothing for maxPause: nobody waits until it takes something
	closed  bool

	lost         int            // alerts that were given up
	lostShares   map[string]int // of some shares
	lossReported time.Time
	refused      error // why an alert could not be kept at all
}

func newBuffer() *buffer {
	b := &buffer{lostShares: map[string]int{}}
	b.changed.L = &b.mu
	return b
}

// addEntry adds an entry, once there is room for it or the disk has stalled.
func (b *buffer) addEntry(e spool.Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.isFullLocked(&e) {
		b.awaitRoomLocked(&e)
	}
	b.entries = append(b.entries, e)
	b.bytes += len(e.Document)
	if len(b.entries) > maxBuffered || b.bytes > maxBufferedBytes {
		b.evictLocked()
	}
	b.changed.Broadcast()
}

func (b *buffer) isFullLocked(e *spool.Entry) bool {
	return len(b.entries) > 0 && (len(b.entries) >= maxBuffered || b.bytes+len(e.Document) > maxBufferedBytes)
}

func (b *buffer) awaitRoomLocked(e *spool.Entry) {
	late := false
	limit := time.AfterFunc(maxPause, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		late = true
		b.changed.Broadcast()
	})
	defer limit.Stop()
	for b.isFullLocked(e) && !b.stalled && !b.closed {
		if late {
			b.stalled = true
			return
		}
		b.changed.Wait()
	}
}

// evictLocked gives up what is over the bounds, but never the only alert.
func (b *buffer) evictLocked() {
	claims := make([]spool.Claim, len(b.entries))
	for i := range b.entries {
		e := &b.entries[i]
		claims[i] = spool.Claim{Share: e.Share, Severity: e.Severity, Size: len(e.Document)}
	}
	for _, i := range slices.Backward(spool.Evict(claims, maxBuffered, maxBufferedBytes)) {
		if len(b.entries) == 1 {
			return
		}
		share := b.entries[i].Share
		if b.lostShares[share] > 0 || len(b.lostShares) < maxLossShares {
			b.lostShares[share]++
		}
		b.lost++
		b.bytes -= len(b.entries[i].Document)
		b.entries = slices.Delete(b.entries, i, i+1)
	}
}

// takeBatch waits for entries and returns the oldest, none when the buffer is closed and empty.
// What it returned before counts as durable.
func (b *buffer) takeBatch() []spool.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.storing = false
	for len(b.entries) == 0 && !b.closed {
		b.changed.Wait()
	}
	n := min(len(b.entries), maxBatch)
	batch := slices.Clone(b.entries[:n])
	if b.entries = slices.Delete(b.entries, 0, n); len(b.entries) == 0 {
		b.entries = nil // after a burst
	}
	for i := range batch {
		b.bytes -= len(batch[i].Document)
	}
	b.storing, b.stalled = n > 0, false
	b.changed.Broadcast()
	return batch
}

func (b *buffer) isEmpty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.entries) == 0 && !b.storing
}

// closeBuffer has takeBatch return once what was added is taken.
func (b *buffer) closeBuffer() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.changed.Broadcast()
}

func (b *buffer) noteRefused(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused = err
}

// takeLosses describes what was lost since it was called last.
func (b *buffer) takeLosses(now time.Time) (reports []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refused != nil {
		reports = append(reports, b.refused.Error())
		b.refused = nil
	}
	if b.lost == 0 || !b.lossReported.IsZero() && now.Sub(b.lossReported) < lossInterval {
		return reports
	}
	var text strings.Builder
	fmt.Fprintf(&text, "the disk took alerts too slowly: %d were given up before they were kept", b.lost)
	for _, share := range slices.Sorted(maps.Keys(b.lostShares)) {
		if share != "" {
			fmt.Fprintf(&text, ", of %q: %d", share, b.lostShares[share])
		}
	}
	b.lost, b.lossReported = 0, now
	clear(b.lostShares)
	return append(reports, text.String())
}
