package spool

import "time"

// holdInMemory keeps what the disk did not take. Numbers handed out from memory could be handed
// out again after a crash, so they are under an id that is not on disk.
func (s *Spool) holdInMemory(ds []draft, cause error) {
	s.noteTrouble(cause)
	renumber := !s.fresh || s.doubtful
	if renumber {
		s.renewChain("the disk does not take alerts, so their numbers could be used again after a crash")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range ds {
		d := &ds[i]
		mask := d.rec.mask
		if renumber {
			_ = d.assignNumber(s.tail) // which its document allowed before
		}
		d.rec.mask, d.rec.flags = mask, inMemory
		if mask != 0 {
			s.held[d.rec.seq] = d.doc
			s.heldLen += int64(d.rec.size)
		}
		s.showLocked(d.rec)
		s.advanceLocked(d)
	}
	last := ds[len(ds)-1]
	s.newest = &draft{rec: last.rec, doc: last.doc}
	s.broadcastLocked()
}

// noteTrouble notes that the disk took nothing, and when to try again.
func (s *Spool) noteTrouble(cause error) {
	s.backoff = min(max(2*s.backoff, s.o.retry), maxRetry)
	s.retryAt = time.Now().Add(s.backoff)
	s.mu.Lock()
	before := s.trouble
	s.trouble = cause
	s.mu.Unlock()
	if before == nil {
		s.events.addEvent(&Event{Kind: Full, Err: cause})
	}
}

// retryHeld returns nil when the disk takes alerts: what is held goes first.
func (s *Spool) retryHeld() error {
	if s.trouble != nil && time.Now().Before(s.retryAt) {
		return s.trouble
	}
	return s.flushHeld()
}

// flushHeld writes what is held in memory. It returns nil when nothing is left of it.
func (s *Spool) flushHeld() error {
	if s.trouble == nil {
		return nil
	}
	if err := s.writeHeld(); err != nil {
		s.noteTrouble(err)
		return err
	}
	s.backoff = 0
	s.mu.Lock()
	s.trouble = nil
	s.mu.Unlock()
	s.events.addEvent(&Event{Kind: Room})
	return nil
}

func (s *Spool) writeHeld() error {
	if err := s.makeFolders(); err != nil {
		return err
	}
	if err := s.emptyTrash(); err != nil {
		return err
	}
	ds := s.heldDrafts()
	if len(ds) == 0 {
		return nil
	}
	n, err := s.storeDrafts(ds)
	s.mu.Lock()
	for _, d := range ds[:n] {
		s.noteStoredLocked(d)
		s.dropHeldLocked(d.rec.seq)
	}
	if n == len(ds) {
		s.newest, err = nil, nil
	}
	s.mu.Unlock()
	s.removeLinks()
	return err
}

// heldDrafts are what is in memory alone, and the newest alert even if nobody waits for it, for
// its number.
func (s *Spool) heldDrafts() (ds []draft) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for r := range s.index.waitingFor(^uint64(0), inMemory) {
		d := draft{rec: *r, doc: s.held[r.seq]}
		d.rec.flags = 0
		ds = append(ds, d)
	}
	if d := s.newest; d != nil && (len(ds) == 0 || ds[len(ds)-1].rec.seq < d.rec.seq) {
		last := *d
		last.rec.flags, last.rec.mask = 0, 0
		ds = append(ds, last)
	}
	return ds
}

// dropHeldLocked drops a document from what is in memory alone.
func (s *Spool) dropHeldLocked(seq uint64) {
	if doc, found := s.held[seq]; found {
		s.heldLen -= int64(len(doc))
		delete(s.held, seq)
	}
}

// Bounds of the documents that are on disk and in memory, too: those of the last moments before
// the disk hung can be delivered nevertheless.
const (
	maxRecent      = 256
	maxRecentBytes = 1 << 20
)

// recent are documents that came last and wait for someone. Spool.mu guards it.
type recent struct {
	docs  map[uint64][]byte
	seqs  []uint64 // the oldest first, also of those that were dropped
	bytes int
}

func (r *recent) addDocument(seq uint64, doc []byte) {
	if r.docs == nil {
		r.docs = map[uint64][]byte{}
	}
	r.docs[seq] = doc
	r.seqs = append(r.seqs, seq)
	r.bytes += len(doc)
	for len(r.seqs) > maxRecent || r.bytes > maxRecentBytes {
		r.dropDocument(r.seqs[0])
		r.seqs = r.seqs[1:]
	}
}

func (r *recent) dropDocument(seq uint64) {
	r.bytes -= len(r.docs[seq])
	delete(r.docs, seq)
}
