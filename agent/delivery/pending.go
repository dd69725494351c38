package delivery

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hooksnare/pkg/spool"
)

// Bounds of what is not on disk yet. Over them whoever has another alert waits for the disk,
// which is better than to lose one, but no longer than a moment: the judge must not stand
// still for a disk. After that alerts go as the spool's do, floods of a user first.
const (
	maxWaiting      = 2048    // alerts
	maxWaitingBytes = 4 << 20 // of JSON
	maxBatch        = 256     // alerts that are made durable together
	maxPause        = time.Second
)

// shed is what went because the disk did not take it in time.
type shed struct {
	alerts int
	shares map[string]int // a few of them by name
	told   time.Time      // when that was told last
}

// maxShed bounds the shares that are named, and shedEvery is how often they are told: telling
// is an alert, too.
const (
	maxShed   = 20
	shedEvery = time.Minute
)

// enqueue queues a document for the disk.
func (all *Outputs) enqueue(e spool.Entry) {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.awaitRoom(len(e.Document))
	all.pending, all.bytes = append(all.pending, e), all.bytes+len(e.Document)
	if len(all.pending) > maxWaiting || all.bytes > maxWaitingBytes {
		all.giveUpMostLocked()
	}
	signalOnce(all.wake)
}

// awaitRoom waits until there is room for a document, or the disk has taken nothing for long.
// Then nobody waits until it takes something.
func (all *Outputs) awaitRoom(size int) {
	var limit <-chan time.Time
	for len(all.pending) > 0 && !all.closing && !all.stalled && (len(all.pending) >= maxWaiting || all.bytes+size > maxWaitingBytes) {
		if limit == nil {
			t := time.NewTimer(maxPause)
			defer t.Stop()
			limit = t.C
		}
		room := all.room
		all.mu.Unlock()
		stalled := false
		select {
		case <-room:
		case <-limit:
			stalled = true
		}
		all.mu.Lock()
		all.stalled = all.stalled || stalled
	}
}

// giveUpMostLocked gives up what is over the bounds, but never the only alert.
func (all *Outputs) giveUpMostLocked() {
	claims := make([]spool.Claim, len(all.pending))
	for i := range all.pending {
		e := &all.pending[i]
		claims[i] = spool.Claim{Share: e.Share, Severity: e.Severity, Size: len(e.Document)}
	}
	if all.shed.shares == nil {
		all.shed.shares = map[string]int{}
	}
	for _, i := range slices.Backward(spool.Evict(claims, maxWaiting, maxWaitingBytes)) {
		if len(all.pending) == 1 {
			break
		}
		share := all.pending[i].Share
		all.bytes -= len(all.pending[i].Document)
		all.pending = slices.Delete(all.pending, i, i+1)
		all.shed.alerts++
		if _, known := all.shed.shares[share]; known || len(all.shed.shares) < maxShed {
			all.shed.shares[share]++
		}
	}
}

// dequeue returns what to make durable now.
func (all *Outputs) dequeue() (batch []spool.Entry, closing bool) {
	all.mu.Lock()
	defer all.mu.Unlock()
	n := min(len(all.pending), maxBatch)
	for _, p := range all.pending[:n] {
		batch = append(batch, p)
		all.bytes -= len(p.Document)
	}
	clear(all.pending[:n])
	if all.pending = all.pending[n:]; len(all.pending) == 0 {
		all.pending = nil
	}
	all.flying, all.stalled = n > 0, false
	all.signalRoom()
	return batch, all.closing
}

// signalRoom wakes those who wait for room.
func (all *Outputs) signalRoom() {
	close(all.room)
	all.room = make(chan struct{})
}

// takeShedReport returns what to tell of what was given up, "" for nothing.
func (all *Outputs) takeShedReport(now time.Time) string {
	all.mu.Lock()
	defer all.mu.Unlock()
	s := &all.shed
	if s.alerts == 0 || !s.told.IsZero() && now.Sub(s.told) < shedEvery {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "the disk took alerts too slowly: %d were given up before they were kept", s.alerts)
	for _, share := range slices.Sorted(maps.Keys(s.shares)) {
		if share != "" {
			fmt.Fprintf(&b, ", of %q: %d", share, s.shares[share])
		}
	}
	*s = shed{told: now}
	return b.String()
}
