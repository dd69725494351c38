package spool

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
	"unique"

	"hooksnare/pkg/chain"
)

// Entry is an alert to be kept.
type Entry struct {
	// Document is a line of JSON without its break, to which chain.Append can add the place.
	Document []byte

	Severity int // 0 to 999; what lies outside is moved to the nearer end
	Time     time.Time

	// Share is whose the alert is, for the bounds: a user who has more waiting loses alerts
	// before others do. "", root, system, managed and agent are nobody's who could flood them.
	Share string

	// Everywhere has it go to every output, whatever its MinSeverity. When the process ends
	// during its Put, it does so only with a severity of 0.
	Everywhere bool
}

// document is an alert with its place in the chain; doc is nil where it is to be read from disk.
type document struct {
	rec record
	doc []byte
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
	ds, err := s.numberEntries(entries)
	if err != nil || len(ds) == 0 {
		return err
	}
	stored := 0
	if err = s.trouble; err == nil { // else what is held goes first
		stored, err = s.storeDocuments(ds)
	}
	s.mu.Lock()
	for _, d := range ds[:stored] {
		s.showLocked(d.rec)
		if d.rec.mask != 0 {
			s.keepLatest(d.rec.seq, d.doc)
		}
	}
	s.broadcastLocked()
	s.mu.Unlock()
	if stored < len(ds) {
		s.holdDocuments(entries[stored:], ds[stored:], err)
		err = fmt.Errorf("%d alerts %w: %w", len(ds)-stored, ErrHeld, err)
	}
	s.enforceBounds()
	s.requestMaintenance()
	return err
}

// numberEntries gives entries the numbers after the newest alert. When one can't be kept none is.
func (s *Spool) numberEntries(entries []Entry) ([]document, error) {
	const maxLink = 256 // bytes that the place in the chain takes
	ds := make([]document, len(entries))
	tail := s.tail
	for i := range entries {
		e, d := &entries[i], &ds[i]
		tail.Sequence++
		var err error
		switch {
		case len(e.Document) > maxDocument-maxLink:
			err = fmt.Errorf("its document has %d bytes, more than %d", len(e.Document), maxDocument-maxLink)
		case bytes.ContainsAny(e.Document, "\n\r"):
			err = errors.New("its document has a line break")
		default:
			d.doc, err = chain.Append(e.Document, tail)
		}
		if err != nil {
			return nil, fmt.Errorf("alert %d: %w", tail.Sequence, err)
		}
		d.rec = record{
			seq: tail.Sequence, ms: toMillis(e.Time), sev: clampSeverity(e.Severity), size: uint32(len(d.doc)),
			share: unique.Make(shareName(e.Share)).Value(), sum: sha256.Sum256(d.doc),
		}
		d.rec.mask = s.outputsFor(d.rec.sev, e.Everywhere)
		tail.Previous = d.rec.hash()
	}
	return ds, nil
}

// outputsFor returns the bits of the outputs that want an alert.
func (s *Spool) outputsFor(sev uint16, everywhere bool) (mask uint64) {
	for _, q := range s.queues {
		if q.configured && (everywhere || int(sev) >= q.min) {
			mask |= q.bit
		}
	}
	return mask
}

// broadcastLocked wakes every Next that waits.
func (s *Spool) broadcastLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// showLocked adds an alert to the index and to what its queues count, and makes it the end of the chain
// if it is the newest. It may be one that other queues wait for already.
func (s *Spool) showLocked(r record) {
	if r.seq > s.tail.Sequence {
		s.tail.Sequence, s.tail.Previous = r.seq, r.hash()
	}
	if known := s.index.findLive(r.seq); known != nil {
		r.mask &^= known.mask
		known.mask |= r.mask
		known.flags |= r.flags
	} else if r.mask != 0 {
		s.index.addRecord(r)
	}
	for _, q := range s.queues {
		if r.mask&q.bit != 0 {
			q.stats.Depth++
			q.stats.Bytes += int64(r.size)
			q.from = min(q.from, r.seq)
		}
	}
}

// clearLocked notes that a queue does not wait for a record any more.
func (s *Spool) clearLocked(r *record, q *Queue) {
	r.mask &^= q.bit
	q.stats.Depth--
	q.stats.Bytes -= int64(r.size)
	if r.mask == 0 {
		s.index.live--
		s.index.bytes -= int64(r.size)
		s.forgetDocument(r.seq, r.flags)
	}
}
