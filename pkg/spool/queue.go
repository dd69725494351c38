package spool

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"
)

// Item is an alert that waits for an output.
type Item struct {
	Sequence uint64 // its number, in the order of which items are handed out
	Severity int    // event.severity
	Time     time.Time
	ID       string // event.id
	Update   int    // event.sequence: 1 for the alert, 2 and more for its updates
	Document []byte // one JSON object without a line break; nobody changes it
}

// Queue is what one output has not acknowledged. It is meant for one reader.
type Queue struct {
	s          *Spool
	name       string
	min        int
	bit        uint64
	configured bool

	from  uint64     // nothing below waits; Spool.mu guards it
	stats QueueStats // Spool.mu guards it
	dead  []record   // in dead/; Spool.disk guards it
	late  []document // refused, but the disk, as it hung, did not set them aside yet; Spool.disk guards it
}

// folder is where files of the queue lie. A leading dot would hide it, or be another folder
// altogether.
func (q *Queue) folder(of string) string {
	if strings.HasPrefix(q.name, ".") {
		return of + "/%" + q.name
	}
	return of + "/" + q.name
}

// path is where an alert's file of the queue lies.
func (q *Queue) path(of string, r *record) string { return q.folder(of) + "/" + r.fileName() }

// Next returns the oldest alerts the output has not acknowledged, in order of their
// numbers: at least one, then at most maxItems of at most maxBytes together. It waits until
// there is one. Without Ack or Dead it returns the same ones again. What does not have
// the content its name says is set aside and reported, and is not returned. While the disk
// hangs it returns what is in memory, and the others when it answers again.
func (q *Queue) Next(ctx context.Context, maxItems, maxBytes int) ([]Item, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		picked, changed, err := q.pickWaiting(maxItems, maxBytes)
		if err != nil {
			return nil, err
		}
		if len(picked) > 0 {
			items, err := q.readPicked(picked)
			if len(items) > 0 || err != nil && !isHang(err) {
				return items, err
			}
			continue // all of them were damaged, or the disk hangs
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-q.s.done:
			return nil, ErrClosed
		case <-changed:
		}
	}
}

// pickWaiting returns what Next is to read, and what is closed when there is more.
func (q *Queue) pickWaiting(maxItems, maxBytes int) ([]document, <-chan struct{}, error) {
	s := q.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, ErrClosed
	}
	_, hangs := s.guard.Hangs()
	var all []document
	size := 0
	for i := s.index.position(q.from); i < len(s.index.recs); i++ {
		r := s.index.recs[i]
		if r.mask&q.bit == 0 {
			continue
		}
		p := document{rec: r}
		if r.flags&inMemory != 0 || hangs {
			p.doc = s.docs[r.seq]
		}
		if hangs && p.doc == nil {
			continue // until the disk answers
		}
		size += int(r.size)
		if len(all) > 0 && (len(all) >= maxItems || size > maxBytes) {
			return all, nil, nil
		}
		if len(all) == 0 && !hangs {
			q.from = r.seq
		}
		all = append(all, p)
	}
	if len(all) == 0 && !hangs {
		q.from = s.tail.Sequence + 1
	}
	return all, s.changed, nil
}

// readPicked returns the documents of what was picked. What went meanwhile, or is damaged, is
// left out. The error is one that may pass.
func (q *Queue) readPicked(all []document) ([]Item, error) {
	items := make([]Item, 0, len(all))
	for _, p := range all {
		doc := p.doc
		if doc == nil {
			var err error
			doc, err = q.s.readAlert(q.path("out", &p.rec), &p.rec)
			if err != nil && !isHang(err) {
				doc, err = q.readCopy(p.rec.seq)
			}
			if err != nil && len(items) > 0 {
				return items, nil // the error comes next time
			}
			if err != nil {
				return nil, fmt.Errorf("output %s: alert %d: %w", q.name, p.rec.seq, err)
			}
			if doc == nil {
				continue
			}
		}
		it := Item{Sequence: p.rec.seq, Severity: int(p.rec.sev), Time: p.rec.timestamp(), Document: doc}
		it.ID, it.Update = EventOf(doc)
		items = append(items, it)
	}
	return items, nil
}

// What is wrong with a file that can be read.
var (
	errMismatch  = errors.New("its content is not what its name says")
	errTruncated = errors.New("its content was cut")
)

// readAlert reads a file and checks it against the record.
func (s *Spool) readAlert(name string, r *record) ([]byte, error) {
	doc, err := s.d.Read(name, int(r.size))
	switch {
	case err != nil:
		return nil, err
	case len(doc) < int(r.size):
		return nil, errTruncated
	case len(doc) > int(r.size) || sha256.Sum256(doc) != r.sum:
		return nil, errMismatch
	}
	return doc, nil
}

// isDamage reports whether an error is of one file, and will not pass.
func isDamage(err error) bool {
	for _, e := range []error{errMismatch, errTruncated, errNotFile, fs.ErrNotExist, fs.ErrPermission, syscall.EIO, syscall.ENOTDIR} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// readCopy looks for a good copy of an alert whose link can't be read, and links it there. When
// there is none the alert is lost. It returns nil for one that nobody waits for.
func (q *Queue) readCopy(seq uint64) ([]byte, error) {
	s := q.s
	s.disk.Lock()
	defer s.disk.Unlock()
	s.mu.Lock()
	found := s.index.findLive(seq)
	if found == nil || found.mask&q.bit == 0 {
		s.mu.Unlock()
		return nil, nil
	}
	r := *found
	s.mu.Unlock()
	own := q.path("out", &r)
	copies := []string{own, r.tmp(), "head/" + r.fileName()}
	for _, other := range s.queues {
		if r.mask&other.bit != 0 {
			copies = append(copies, other.path("out", &r))
		}
	}
	var cause error
	for i, name := range copies {
		doc, err := s.readAlert(name, &r)
		if err != nil && !isDamage(err) {
			return nil, err
		}
		if i == 0 {
			cause = err
		}
		if err == nil {
			if cause != nil && r.flags&inTmp == 0 {
				if !errors.Is(cause, fs.ErrNotExist) {
					s.setAside(own)
				}
				_ = s.linkOrMove(s.d.Link, name, own) // else it is reported as lost after the next start
			}
			return doc, nil
		}
	}
	s.loseDamaged(&r, own, cause)
	return nil, nil
}

// loseDamaged gives up an alert of which no copy is good.
func (s *Spool) loseDamaged(r *record, own string, cause error) {
	e := newLoss(Damaged, "")
	e.Name, e.Err = own, cause
	if errors.Is(cause, fs.ErrNotExist) {
		e.Err, e.Why = nil, "the file is missing"
	} else {
		e.Kept = s.setAside(own)
	}
	s.mu.Lock()
	if found := s.index.findLive(r.seq); found != nil {
		for _, q := range s.queues {
			if found.mask&q.bit != 0 {
				s.loseLocked(e, found, q)
			}
		}
	}
	s.mu.Unlock()
	_ = s.removeLinks()
	s.events.addEvent(e)
}

// Ack forgets items that were delivered. Only their numbers count; one that is not
// waiting is not an error.
func (q *Queue) Ack(items []Item) error {
	s := q.s
	s.acks.RLock()
	defer s.acks.RUnlock()
	acked, err := q.takeItems(items, &q.stats.Delivered)
	if err != nil {
		return err
	}
	s.mu.Lock()
	for i := range acked {
		s.unlinked = append(s.unlinked, q.path("out", &acked[i].rec))
	}
	s.mu.Unlock()
	return s.removeLinks() // else it is delivered again after the next start
}

// takeItems clears items from the queue, and returns those that waited. What has no file comes
// with its document.
func (q *Queue) takeItems(items []Item, counter *uint64) (taken []document, err error) {
	s := q.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	for i := range items {
		r := s.index.findLive(items[i].Sequence)
		if r == nil || r.mask&q.bit == 0 {
			continue
		}
		d := document{rec: *r}
		if r.flags&inMemory != 0 {
			d.doc = s.docs[r.seq]
		}
		taken = append(taken, d)
		*counter++
		s.clearLocked(r, q)
	}
	return taken, nil
}

// QueueStats are one queue's numbers. Delivered, Dead and Lost count since Open.
type QueueStats struct {
	Output     string
	Configured bool // false for links of an output that is in no configuration: kept within the bounds
	Depth      int  // alerts that wait
	Bytes      int64
	Oldest     time.Time // the time of the first of them; zero when none waits
	Delivered  uint64
	Dead       uint64
	Lost       uint64 // evicted or damaged
	DeadKept   int    // files in dead/
}

// Stats returns the queue's numbers.
func (q *Queue) Stats() QueueStats {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	st := q.stats
	st.Output, st.Configured = q.name, q.configured
	for i := q.s.index.position(q.from); st.Depth > 0 && i < len(q.s.index.recs); i++ {
		if r := &q.s.index.recs[i]; r.mask&q.bit != 0 {
			st.Oldest, q.from = r.timestamp(), r.seq
			break
		}
	}
	return st
}
