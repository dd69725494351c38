package spool

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"hooksnare/pkg/chain"
)

// picked is an alert to be read.
type picked struct {
	rec record
	doc []byte // when it is in memory
}

// pick returns what Next is to read, and what is closed when there is more.
func (q *Queue) pick(maxItems, maxBytes int) ([]picked, <-chan struct{}, error) {
	s := q.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, ErrClosed
	}
	_, hangs := s.guard.Hangs()
	var all []picked
	size := 0
	for i := s.index.at(q.from); i < len(s.index.recs); i++ {
		r := s.index.recs[i]
		if r.mask&q.bit == 0 {
			continue
		}
		p := picked{rec: r}
		if r.flags&inMemory != 0 {
			p.doc = s.held[r.seq]
		} else if hangs {
			p.doc = s.recent.docs[r.seq]
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

// read returns the documents of what was picked. What went meanwhile, or is damaged, is
// left out. The error is one that may pass.
func (q *Queue) read(all []picked) ([]Item, error) {
	items := make([]Item, 0, len(all))
	for _, p := range all {
		doc := p.doc
		if doc == nil {
			var err error
			doc, err = q.s.content(q.folder("out")+"/"+p.rec.name(), p.rec)
			if err != nil && !isHang(err) {
				doc, err = q.s.mend(q, p.rec.seq)
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
		it := Item{Sequence: p.rec.seq, Severity: int(p.rec.sev), Time: p.rec.time(), Document: doc}
		it.ID, it.Update = p.rec.event(doc)
		items = append(items, it)
	}
	return items, nil
}

// event returns the id and the number of the update of an alert. What its name does not say its
// document does; without an id it is still one that no other document has.
func (r *record) event(doc []byte) (id string, update int) {
	if r.update != 0 {
		return hex.EncodeToString(r.id[:]), int(r.update)
	}
	var d struct {
		Event struct {
			ID       string `json:"id"`
			Sequence int    `json:"sequence"`
		} `json:"event"`
	}
	if json.Unmarshal(doc, &d) != nil || d.Event.ID == "" {
		return r.hash()[:32], 1
	}
	return d.Event.ID, max(d.Event.Sequence, 1)
}

// errContent is what is wrong with a file that can be read.
var errContent = errors.New("its content is not what its name says")

// content reads a file and checks it against its name.
func (s *Spool) content(name string, r record) ([]byte, error) {
	doc, err := s.d.Read(name, int(r.size))
	if err != nil {
		return nil, err
	}
	if len(doc) != int(r.size) || sha256.Sum256(doc) != r.sum {
		return nil, errContent
	}
	return doc, nil
}

// isDamage tells an error of one file from one that may pass.
func isDamage(err error) bool {
	for _, e := range []error{errContent, errNotFile, fs.ErrNotExist, fs.ErrPermission, syscall.EIO, syscall.ENOTDIR} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// mend looks for a good copy of an alert whose link can't be read, and puts it there. When
// there is none the alert is lost. It returns nil for one that nobody waits for.
func (s *Spool) mend(q *Queue, seq uint64) ([]byte, error) {
	s.disk.Lock()
	defer s.disk.Unlock()
	s.mu.Lock()
	found := s.index.find(seq)
	if found == nil || found.mask&q.bit == 0 {
		s.mu.Unlock()
		return nil, nil
	}
	r, doc := *found, s.held[seq]
	s.mu.Unlock()
	if doc != nil {
		return doc, nil // its links came and went between
	}
	own := q.folder("out") + "/" + r.name()
	_, cause := s.content(own, r)
	for _, name := range s.copies(q, r) {
		doc, err := s.content(name, r)
		if err == nil {
			s.restore(name, own, r, cause)
			return doc, nil
		}
		if !isDamage(err) {
			return nil, err
		}
	}
	if cause == nil || !isDamage(cause) {
		return nil, cause
	}
	s.lose(r, own, cause)
	return nil, nil
}

// copies are the names under which an alert may be found, the queue's own first.
func (s *Spool) copies(q *Queue, r record) []string {
	names := []string{q.folder("out") + "/" + r.name()}
	for _, other := range s.queues {
		if other != q && r.mask&other.bit != 0 {
			names = append(names, other.folder("out")+"/"+r.name())
		}
	}
	if d, found := s.unfinished[r.seq]; found {
		names = append(names, d.tmp)
	}
	return append(names, "head/"+r.name())
}

// restore puts a good copy in the place of one that is not.
func (s *Spool) restore(from, to string, r record, cause error) {
	if r.flags&inTmp != 0 || from == to {
		return // not linked yet, or good the second time
	}
	if !errors.Is(cause, fs.ErrNotExist) {
		s.move(to, r)
	}
	_ = s.link(from, to) // else the next process looks for it in vain, and reports it
}

// lose gives up an alert of which no copy is good.
func (s *Spool) lose(r record, own string, cause error) {
	e := newLoss(Damaged, "")
	e.Name, e.Err = own, cause
	if errors.Is(cause, fs.ErrNotExist) {
		e.Err, e.Why = nil, "the file is gone"
	} else {
		e.Kept = s.move(own, r)
	}
	s.mu.Lock()
	if found := s.index.find(r.seq); found != nil {
		for _, q := range s.queues {
			if found.mask&q.bit != 0 {
				s.loseLocked(e, found, q)
			}
		}
	}
	s.mu.Unlock()
	s.unlink()
	s.events.add(e)
}

// Ack forgets items that were delivered. Only their numbers count; one that is not
// waiting is no error.
func (q *Queue) Ack(items ...Item) error {
	q.s.acks.RLock()
	defer q.s.acks.RUnlock()
	acked, err := q.take(items, &q.stats.Delivered)
	if err != nil {
		return err
	}
	var all error
	var late []string
	for _, a := range acked {
		err := q.s.d.Remove(a.link)
		switch {
		case isHang(err):
			late = append(late, a.link)
		case err != nil && !isGone(err):
			all = err // it is delivered again after the next start
		}
	}
	if len(late) > 0 { // delivered it is
		q.s.mu.Lock()
		q.s.unlinked = append(q.s.unlinked, late...)
		q.s.mu.Unlock()
	}
	return all
}

// taken is an alert a queue does not wait for any more, and its link.
type taken struct {
	rec  record
	link string
	doc  []byte
}

// take clears items from the queue. What is in memory has no link to be removed.
func (q *Queue) take(items []Item, counter *uint64) ([]taken, error) {
	s := q.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	var all []taken
	for i := range items {
		r := s.index.find(items[i].Sequence)
		if r == nil || r.mask&q.bit == 0 {
			continue
		}
		t := taken{rec: *r, link: q.folder("out") + "/" + r.name(), doc: s.held[r.seq]}
		*counter++
		s.clear(r, q)
		all = append(all, t)
	}
	return all, nil
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
	for i := q.s.index.at(q.from); st.Depth > 0 && i < len(q.s.index.recs); i++ {
		if r := &q.s.index.recs[i]; r.mask&q.bit != 0 {
			st.Oldest, q.from = r.time(), r.seq
			break
		}
	}
	return st
}

// Stats are the spool's numbers.
type Stats struct {
	Head      chain.Link // of the newest alert; Previous is that alert's own hash
	Waiting   int        // alerts that wait for any output
	Bytes     int64
	Held      int // of these in memory alone
	HeldBytes int64
	Trouble   error // why the disk takes nothing; nil when it does
	Since     time.Time
	Queues    []QueueStats
}

// Stats returns what is now.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	st := Stats{
		Head: s.tail, Waiting: s.index.live, Bytes: s.index.bytes, Held: len(s.held), HeldBytes: s.heldLen,
		Trouble: s.trouble, Since: s.since,
	}
	s.mu.Unlock()
	for _, q := range s.queues {
		st.Queues = append(st.Queues, q.Stats())
	}
	return st
}
