package spool

import (
	"errors"

	"hooksnare/pkg/hang"
)

// isHang says whether an operation was not done because the disk does not answer.
func isHang(err error) bool { return errors.Is(err, hang.ErrHangs) }

// hangs takes note that the disk begins, or ends, to hang.
func (s *Spool) hangs(now bool, what string) {
	s.o.Hangs(now, what)
	if !now {
		select {
		case s.answers <- struct{}{}:
		default:
		}
	}
	s.mu.Lock()
	s.broadcast() // what can be read is not what it was
	release := s.closing && !now
	s.mu.Unlock()
	if release {
		_ = s.unlock()
	}
}

// release gives the folder up, once nothing hangs that could still change it.
func (s *Spool) release() error {
	s.mu.Lock()
	_, hangs := s.guard.Hangs()
	s.closing = hangs
	s.mu.Unlock()
	if hangs {
		return hang.ErrHangs
	}
	return s.unlock()
}

// Bounds of the documents that are on disk and in memory, too: those of the last moments before
// the disk hung can be delivered nevertheless.
const (
	maxRecent      = 256
	maxRecentBytes = 1 << 20
)

// recent are documents that came last and wait for someone. It is used under Spool.mu.
type recent struct {
	docs  map[uint64][]byte
	seqs  []uint64 // the oldest first, also of those that were dropped
	bytes int
}

func (r *recent) add(seq uint64, doc []byte) {
	if r.docs == nil {
		r.docs = map[uint64][]byte{}
	}
	r.docs[seq] = doc
	r.seqs = append(r.seqs, seq)
	r.bytes += len(doc)
	for len(r.seqs) > maxRecent || r.bytes > maxRecentBytes {
		r.drop(r.seqs[0])
		r.seqs = r.seqs[1:]
	}
}

func (r *recent) drop(seq uint64) {
	r.bytes -= len(r.docs[seq])
	delete(r.docs, seq)
}
