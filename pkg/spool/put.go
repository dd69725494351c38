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
	// amid its Put, it does so only with a severity of 0.
	Everywhere bool
}

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
	err := s.retryHeld() // before they are numbered: the chain may get a new id
	ds, wrong := s.draftEntries(entries)
	if len(ds) == 0 {
		return wrong
	}
	stored := 0
	if err == nil {
		stored, err = s.storeDrafts(ds)
	}
	s.showStored(ds[:stored])
	if stored < len(ds) {
		s.holdInMemory(ds[stored:], err)
		err = fmt.Errorf("%d alerts %w: %w", len(ds)-stored, ErrHeld, err)
	}
	s.enforceBounds()
	s.requestMaintenance()
	return err
}

// draftEntries numbers entries. When one can't be kept none is, and no number is used.
func (s *Spool) draftEntries(entries []Entry) ([]draft, error) {
	ds := make([]draft, len(entries))
	tail := s.tail
	for i := range entries {
		e, d := &entries[i], &ds[i]
		d.entry = e
		err := e.checkDocument()
		if err == nil {
			err = d.assignNumber(tail)
		}
		if err != nil {
			return nil, fmt.Errorf("alert %d: %w", tail.Sequence+1, err)
		}
		d.rec.mask = s.outputsFor(e.Severity, e.Everywhere)
		tail.Sequence, tail.Previous = d.rec.seq, d.rec.hash()
	}
	return ds, nil
}

func (e *Entry) checkDocument() error {
	const maxLink = 256 // bytes that the place in the chain takes
	switch {
	case len(e.Document) > maxDocument-maxLink:
		return fmt.Errorf("its document has %d bytes, more than %d", len(e.Document), maxDocument-maxLink)
	case bytes.ContainsAny(e.Document, "\n\r"):
		return errors.New("its document has a line break")
	}
	return nil
}

// assignNumber gives the draft the number after tail.
func (d *draft) assignNumber(tail chain.Link) error {
	tail.Sequence++
	doc, err := chain.Append(d.entry.Document, tail)
	if err != nil {
		return err
	}
	d.doc = doc
	d.rec = record{
		seq: tail.Sequence, ms: toMillis(d.entry.Time), sev: clampSeverity(d.entry.Severity), size: uint32(len(doc)),
		share: unique.Make(shareName(d.entry.Share)).Value(), sum: sha256.Sum256(doc),
	}
	return nil
}

// outputsFor returns the bits of the outputs that want an alert.
func (s *Spool) outputsFor(sev int, everywhere bool) (mask uint64) {
	for _, q := range s.queues {
		if q.configured && (everywhere || int(clampSeverity(sev)) >= q.min) {
			mask |= q.bit
		}
	}
	return mask
}

// showStored makes what was stored the end of the chain, and shows it to the outputs.
func (s *Spool) showStored(ds []draft) {
	if len(ds) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range ds {
		s.showLocked(ds[i].rec)
		if ds[i].rec.mask != 0 {
			s.recent.addDocument(ds[i].rec.seq, ds[i].doc)
		}
	}
	s.advanceLocked(&ds[len(ds)-1])
	s.newest = nil
	s.broadcastLocked()
}

// broadcastLocked wakes every Next that waits.
func (s *Spool) broadcastLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Spool) advanceLocked(d *draft) {
	s.tail.Sequence, s.tail.Previous = d.rec.seq, d.rec.hash()
}

// showLocked adds a record to the index and to what its queues count.
func (s *Spool) showLocked(r record) {
	if r.mask != 0 {
		s.index.addRecord(r)
		s.enqueueLocked(r)
	}
}

func (s *Spool) enqueueLocked(r record) {
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
		s.index.forgetLive(r)
		s.dropHeldLocked(r.seq)
		s.recent.dropDocument(r.seq)
	}
}
