package spool

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
	"unique"

	"hooksnare/pkg/chain"
)

// draft is an alert that gets its number, or its file.
type draft struct {
	entry *Entry
	rec   record
	doc   []byte
	tmp   string   // its file in tmp/
	twins []string // further files in tmp/ with the number of a leftover
}

// Put numbers alerts and keeps them for every output whose MinSeverity they reach. When it
// returns nil they are durable. With ErrHeld some are in memory alone, and the error says how
// many; with any other error none of them was kept. Several in one Put share the costs of the
// disk.
func (s *Spool) Put(entries ...Entry) error {
	s.disk.Lock()
	defer s.disk.Unlock()
	if s.isClosed() {
		return ErrClosed
	}
	err := s.refusing() // before they are numbered: the chain may get a new id
	ds, wrong := s.draft(entries)
	if len(ds) == 0 {
		return wrong
	}
	stored := 0
	if err == nil {
		stored, err = s.store(ds)
	}
	s.accept(ds[:stored])
	if stored < len(ds) {
		s.hold(ds[stored:], err)
		err = fmt.Errorf("%d alerts %w: %w", len(ds)-stored, ErrHeld, err)
	}
	s.bound()
	s.wake()
	return err
}

func (s *Spool) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// draft numbers entries. When one can't be kept none is, and no number is used.
func (s *Spool) draft(entries []Entry) ([]draft, error) {
	ds := make([]draft, len(entries))
	tail := s.tail
	for i := range entries {
		e, d := &entries[i], &ds[i]
		d.entry = e
		err := e.check()
		if err == nil {
			err = d.number(tail)
		}
		if err != nil {
			return nil, fmt.Errorf("alert %d: %w", tail.Sequence+1, err)
		}
		d.rec.mask = s.wanting(e)
		tail.Sequence, tail.Previous = d.rec.seq, d.rec.hash()
	}
	return ds, nil
}

func (e *Entry) check() error {
	const maxLink = 256 // bytes that the place in the chain takes
	switch {
	case len(e.Document) > maxDocument-maxLink:
		return fmt.Errorf("its document has %d bytes, more than %d", len(e.Document), maxDocument-maxLink)
	case bytes.ContainsAny(e.Document, "\n\r"):
		return errors.New("its document has a line break")
	}
	return nil
}

// number gives the draft the number after tail.
func (d *draft) number(tail chain.Link) error {
	tail.Sequence++
	doc, err := chain.Append(d.entry.Document, tail)
	if err != nil {
		return err
	}
	d.doc = doc
	d.rec = record{
		seq: tail.Sequence, ms: millis(d.entry.Time), sev: severity(d.entry.Severity), size: uint32(len(doc)),
		share: unique.Make(shareName(d.entry.Share)).Value(), sum: sha256.Sum256(doc),
	}
	d.rec.setID(d.entry.ID, d.entry.Update)
	return nil
}

// wanting returns the bits of the outputs that want an alert.
func (s *Spool) wanting(e *Entry) (mask uint64) {
	for _, q := range s.queues {
		if q.configured && (e.Everywhere || int(severity(e.Severity)) >= q.min) {
			mask |= q.bit
		}
	}
	return mask
}

// accept makes the end of the chain what was stored, and shows it to the outputs.
func (s *Spool) accept(ds []draft) {
	if len(ds) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range ds {
		s.show(ds[i].rec)
		if ds[i].rec.mask != 0 {
			s.recent.add(ds[i].rec.seq, ds[i].doc)
		}
	}
	s.advance(&ds[len(ds)-1])
	s.newest = nil
	s.broadcast()
}

// broadcast wakes every Next that waits.
func (s *Spool) broadcast() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Spool) advance(d *draft) {
	s.tail.Sequence, s.tail.Previous = d.rec.seq, hex.EncodeToString(d.rec.sum[:])
}

// show adds a record to the index and to what its queues count.
func (s *Spool) show(r record) {
	if r.mask == 0 {
		return
	}
	s.index.add(r)
	s.enqueue(r)
}

func (s *Spool) enqueue(r record) {
	for _, q := range s.queues {
		if r.mask&q.bit != 0 {
			q.stats.Depth++
			q.stats.Bytes += int64(r.size)
			q.from = min(q.from, r.seq)
		}
	}
}

// hold keeps in memory what the disk did not take. Numbers handed out from memory could be
// handed out again after a crash, so they are under an id that is not on disk.
func (s *Spool) hold(ds []draft, cause error) {
	s.refused(cause)
	remake := !s.fresh || s.doubtful
	if remake {
		s.renew("the disk does not take alerts, so their numbers could be used again after a crash")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range ds {
		d := &ds[i]
		mask := d.rec.mask
		if remake {
			_ = d.number(s.tail) // which its document allowed before
		}
		d.rec.mask, d.rec.flags, d.tmp = mask, inMemory, ""
		if mask != 0 {
			s.held[d.rec.seq] = d.doc
			s.heldLen += int64(d.rec.size)
		}
		s.show(d.rec)
		s.advance(d)
	}
	s.newest = &draft{rec: ds[len(ds)-1].rec, doc: ds[len(ds)-1].doc}
	s.broadcast()
}

// refused notes that the disk took nothing, and when to try again.
func (s *Spool) refused(cause error) {
	s.backoff = min(max(2*s.backoff, s.o.retry), maxRetry)
	s.retryAt = time.Now().Add(s.backoff)
	s.mu.Lock()
	was := s.trouble
	s.trouble = cause
	if was == nil {
		s.since = s.o.now()
	}
	s.mu.Unlock()
	if was == nil {
		s.events.add(&Event{Kind: Full, Err: cause})
	}
}

// maxRetry is the longest time between two tries to write what is held.
const maxRetry = time.Minute

// refusing returns nil when the disk takes alerts: what is held goes first.
func (s *Spool) refusing() error {
	s.mu.Lock()
	cause := s.trouble
	s.mu.Unlock()
	if cause == nil {
		return nil
	}
	if time.Now().Before(s.retryAt) {
		return cause
	}
	return s.settle()
}

// wake has the spool tended to soon when there is something to do.
func (s *Spool) wake() {
	if len(s.unfinished)+len(s.trash) == 0 && s.trouble == nil && (s.ballast || s.o.ballast < 0) {
		return
	}
	select {
	case s.kick <- struct{}{}:
	default:
	}
}
