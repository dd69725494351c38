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

// request is one call of Put.
type request struct {
	entries []Entry
	done    bool // under Spool.disk
	err     error
}

// draft is an alert that gets its number, or its file.
type draft struct {
	entry *Entry
	req   *request
	rec   record
	doc   []byte
	tmp   string   // its file in tmp/
	also  []string // further files in tmp/ with the number of a leftover
}

// Puts that wait for the disk are written together, up to these.
const (
	maxBatch      = 256
	maxBatchBytes = 8 << 20
)

// errUnfinished is what a Put returns to others when the Make of one panicked.
var errUnfinished = errors.New("put was not finished")

// Put numbers alerts and keeps them for every output whose MinSeverity they reach. When it
// returns nil they are durable. It returns a HeldError when some are in memory alone;
// with any other error none of them was kept. Several at once, and Puts at the same
// time, share the costs of the disk.
func (s *Spool) Put(entries ...Entry) error {
	if len(entries) == 0 {
		return nil
	}
	r := &request{entries: entries}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	s.waiting = append(s.waiting, r)
	s.mu.Unlock()
	s.disk.Lock()
	defer s.disk.Unlock()
	for !r.done {
		s.commit()
	}
	return r.err
}

// take returns the Puts to be done together: this one, and those that wait behind it.
func (s *Spool) take() []*request {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, entries := 0, 0
	for n < len(s.waiting) && (n == 0 || entries+len(s.waiting[n].entries) <= maxBatch) {
		entries += len(s.waiting[n].entries)
		s.waiting[n].done, s.waiting[n].err = true, errUnfinished
		n++
	}
	taken := s.waiting[:n:n]
	s.waiting = s.waiting[n:]
	return taken
}

func (s *Spool) commit() {
	var all []draft
	for _, r := range s.take() {
		all, r.err = s.number(all, r)
	}
	for len(all) > 0 {
		n, size := 0, int64(0)
		for n < len(all) && (n == 0 || size+int64(all[n].rec.size) <= maxBatchBytes) {
			size += int64(all[n].rec.size)
			n++
		}
		stored, err := 0, s.refusing()
		if err == nil {
			stored, err = s.store(all[:n])
		}
		s.accept(all[:stored])
		if stored < n {
			s.hold(all[stored:], err)
			break
		}
		all = all[n:]
	}
	s.bound()
	s.wake()
}

// number adds a request's drafts to those before. When one can't be made none is added, and
// no number is used.
func (s *Spool) number(all []draft, r *request) ([]draft, error) {
	before := len(all)
	tail := s.tail
	if before > 0 {
		last := &all[before-1].rec
		tail.Sequence, tail.Previous = last.seq, last.hash()
	}
	for i := range r.entries {
		d := draft{entry: &r.entries[i], req: r}
		if err := d.make(tail); err != nil {
			return all[:before], err
		}
		d.rec.mask = s.wanting(d.entry)
		tail.Sequence, tail.Previous = d.rec.seq, d.rec.hash()
		all = append(all, d)
	}
	return all, nil
}

// make has the document made that comes after tail.
func (d *draft) make(tail chain.Link) error {
	tail.Sequence++
	doc, err := d.entry.Make(tail)
	switch {
	case err != nil:
		return fmt.Errorf("alert %d: %w", tail.Sequence, err)
	case len(doc) == 0:
		return fmt.Errorf("alert %d: its document is empty", tail.Sequence)
	case len(doc) > MaxDocument:
		return fmt.Errorf("alert %d: its document has %d bytes, more than %d", tail.Sequence, len(doc), MaxDocument)
	case bytes.ContainsAny(doc, "\n\r"):
		return fmt.Errorf("alert %d: there is a line break in its document", tail.Sequence)
	}
	d.doc = doc
	d.rec = record{
		seq: tail.Sequence, ms: millis(d.entry.Time), sev: severity(d.entry.Severity),
		size: uint32(len(doc)), sum: sha256.Sum256(doc), share: unique.Make(shareName(d.entry.Share)).Value(),
	}
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
			q.backlog.enter(&r)
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
	tail := s.tail
	s.mu.Unlock()
	var held []draft
	for i := range ds {
		d := &ds[i]
		if remake || d.rec.seq != tail.Sequence+1 {
			if err := d.make(tail); err != nil {
				d.req.err = err
				continue
			}
		}
		d.rec.mask, d.rec.flags, d.tmp = s.wanting(d.entry), inMemory, ""
		tail.Sequence, tail.Previous = d.rec.seq, d.rec.hash()
		held = append(held, *d)
		var before *HeldError
		if !errors.As(d.req.err, &before) {
			before = &HeldError{Err: cause}
			d.req.err = before
		}
		before.Count++
	}
	if len(held) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range held {
		if d.rec.mask != 0 {
			s.held[d.rec.seq] = d.doc
			s.heldLen += int64(d.rec.size)
		}
		s.show(d.rec)
	}
	last := held[len(held)-1]
	last.entry, last.req = nil, nil
	s.newest = &last
	s.advance(&last)
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
		s.since = s.o.Now()
	}
	s.mu.Unlock()
	if was == nil {
		s.events.add(Event{Kind: Full, Err: cause})
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
	if len(s.unfinished)+len(s.trash) == 0 && s.trouble == nil && (s.ballast || s.o.Ballast < 0) {
		return
	}
	select {
	case s.kick <- struct{}{}:
	default:
	}
}
