package spool

import (
	"errors"
	"slices"
	"time"
)

// Bounds of what was added and is not stored yet. Over them Add waits for the disk, which is better
// than to lose an alert, but only while the disk took something within maxPause: whoever adds must
// not stand still for a disk. After that alerts go as those that wait do, floods of a user first.
const (
	maxAdded      = 2048    // alerts
	maxAddedBytes = 4 << 20 // of documents
	maxBatch      = 256     // alerts that are stored together
	maxPause      = time.Second
)

// added is what Add took and nothing stored yet, the oldest first. Spool.mu guards it.
type added struct {
	entries []Entry
	bytes   int64
	storing bool      // a goroutine stores them until there are none
	tookAt  time.Time // when it took some last
}

// Add has an alert stored soon, in the order of the calls.
func (s *Spool) Add(e Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &s.added
	for a.storing && time.Since(a.tookAt) < maxPause &&
		(len(a.entries) >= maxAdded || a.bytes+int64(len(e.Document)) > maxAddedBytes) {
		s.awaitChangeLocked(time.After(maxPause))
	}
	a.entries = append(a.entries, e)
	a.bytes += int64(len(e.Document))
	if len(a.entries) > 1 {
		s.boundAddedLocked()
	}
	if !a.storing {
		a.storing, a.tookAt = true, time.Now()
		go s.storeAdded()
	}
}

// Flush waits until everything that was added is stored, or held as the disk takes nothing.
func (s *Spool) Flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.added.storing {
		s.awaitChangeLocked(nil)
	}
}

// awaitChangeLocked waits until something changed, or for a limit.
func (s *Spool) awaitChangeLocked(limit <-chan time.Time) {
	changed := s.changed
	s.mu.Unlock()
	defer s.mu.Lock()
	select {
	case <-changed:
	case <-limit:
	}
}

// boundAddedLocked gives up what is over the bounds.
func (s *Spool) boundAddedLocked() {
	a := &s.added
	if len(a.entries) <= maxAdded && a.bytes <= maxAddedBytes {
		return
	}
	claims := make([]Claim, len(a.entries))
	for i, e := range a.entries {
		claims[i] = Claim{shareName(e.Share), e.Severity, len(e.Document)}
	}
	lost := newLoss(Evicted, "the disk takes alerts too slowly")
	for _, i := range slices.Backward(Evict(claims, maxAdded, maxAddedBytes)) {
		lost.addClaim(claims[i])
		a.bytes -= int64(claims[i].Size)
		a.entries = slices.Delete(a.entries, i, i+1)
	}
	s.events.addEvent(lost)
}

func (s *Spool) storeAdded() {
	for batch := s.takeAdded(); len(batch) > 0; batch = s.takeAdded() {
		s.storeBatch(batch)
	}
}

// takeAdded returns the oldest of what was added.
func (s *Spool) takeAdded() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &s.added
	n := min(len(a.entries), maxBatch)
	batch := slices.Clone(a.entries[:n])
	if a.entries = slices.Delete(a.entries, 0, n); len(a.entries) == 0 {
		a.entries = nil // after a burst
	}
	for _, e := range batch {
		a.bytes -= int64(len(e.Document))
	}
	a.storing, a.tookAt = n > 0, time.Now()
	s.broadcastLocked()
	return batch
}

// storeBatch stores a batch. If one of its documents can't be kept, the others are.
func (s *Spool) storeBatch(batch []Entry) {
	err := s.Put(batch...)
	switch {
	case err == nil:
		for _, e := range batch {
			s.o.Stored(e.Document)
		}
	case errors.Is(err, ErrHeld): // which is reported
	case len(batch) > 1:
		for i := range batch {
			s.storeBatch(batch[i : i+1])
		}
	default:
		lost := newLoss(Evicted, "it can't be kept: %v", err)
		lost.addClaim(Claim{shareName(batch[0].Share), batch[0].Severity, len(batch[0].Document)})
		s.events.addEvent(lost)
	}
}
