package spool

import "errors"

// memory is the documents that are in memory: those that no disk has, and of the others the last,
// which can be delivered although the disk hangs. Spool.mu guards it.
type memory struct {
	docs      map[uint64][]byte
	held      int // of these on no disk
	heldBytes int64

	latest      []uint64 // the others, the oldest first; some of them may be forgotten
	latestBytes int64
}

// Bounds of the latest.
const (
	maxLatest      = 256
	maxLatestBytes = 1 << 20
)

func (m *memory) addHeld(seq uint64, doc []byte) {
	m.docs[seq] = doc
	m.held++
	m.heldBytes += int64(len(doc))
}

func (m *memory) keepLatest(seq uint64, doc []byte) {
	m.docs[seq] = doc
	m.latest = append(m.latest, seq)
	m.latestBytes += int64(len(doc))
	for len(m.latest) > maxLatest || m.latestBytes > maxLatestBytes {
		m.forgetDocument(m.latest[0], 0)
		m.latest = m.latest[1:]
	}
}

// forgetDocument drops the document of a record with these flags.
func (m *memory) forgetDocument(seq uint64, flags uint16) {
	doc, found := m.docs[seq]
	if !found {
		return
	}
	delete(m.docs, seq)
	if flags&inMemory == 0 {
		m.latestBytes -= int64(len(doc))
		return
	}
	m.held--
	m.heldBytes -= int64(len(doc))
}

// holdDocuments keeps what the disk did not take. Numbers handed out from memory could be handed
// out again after a crash, so they are under an id that is not on disk.
func (s *Spool) holdDocuments(entries []Entry, ds []document, cause error) {
	s.noteTrouble(cause)
	if s.idTried {
		s.renewChain("the disk does not take alerts, so their numbers could be used again after a crash")
		ds, _ = s.numberEntries(entries) // which could be done before
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range ds {
		r := &ds[i].rec
		r.flags = inMemory
		if r.mask != 0 {
			s.addHeld(r.seq, ds[i].doc)
		}
		s.showLocked(*r)
	}
	s.broadcastLocked()
}

// noteTrouble notes that the disk takes nothing.
func (s *Spool) noteTrouble(cause error) {
	s.mu.Lock()
	before := s.trouble
	s.trouble = cause
	s.mu.Unlock()
	if before == nil {
		s.events.addEvent(&Event{Kind: Full, Err: cause})
	}
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
	if s.unsynced {
		if unsynced, err := s.adoptLeftovers(); unsynced != nil || err != nil {
			return errors.Join(unsynced, err)
		}
		s.linkUnfinished()
	}
	if err := s.cleanTmp(); err != nil {
		return err
	}
	newest := uint64(0)
	if ds := s.heldDocuments(); len(ds) > 0 {
		n, err := s.storeDocuments(ds)
		s.noteStored(ds[:n])
		if n < len(ds) {
			return err
		}
		newest = ds[n-1].rec.seq
	}
	if newest < s.tail.Sequence && s.chained < s.tail.Sequence {
		return s.writeChain() // the newest alert was taken, and its number is in memory alone
	}
	return nil
}

// heldDocuments are what is in memory alone.
func (s *Spool) heldDocuments() (ds []document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for r := range s.index.waitingFor(^uint64(0), inMemory) {
		d := document{*r, s.docs[r.seq]}
		d.rec.flags = 0
		ds = append(ds, d)
	}
	return ds
}

// noteStored notes where documents are on disk. Links that nobody waits for any more are removed.
func (s *Spool) noteStored(ds []document) {
	s.mu.Lock()
	for i := range ds {
		stored := &ds[i].rec
		var waits uint64
		if r := s.index.findLive(stored.seq); r != nil {
			if r.flags&inMemory != 0 {
				s.forgetDocument(r.seq, r.flags)
			}
			r.flags, waits = stored.flags, r.mask
		}
		for _, q := range s.queues {
			if stored.mask&^waits&q.bit != 0 {
				s.unlinked = append(s.unlinked, q.path("out", stored))
			}
		}
	}
	s.mu.Unlock()
	_ = s.removeLinks()
}
