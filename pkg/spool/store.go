package spool

import (
	"errors"
	"fmt"
	"io/fs"
)

// tmp is where an alert's file is until it is linked everywhere. Nothing else ever has that name, so
// that every step from there on can be repeated, also after one that hung and was done late.
func (r *record) tmp() string { return "tmp/" + r.fileName() }

// storeDocuments writes documents in order. The first n that it returns are durable and part of the
// chain, whatever the error.
//
// What is in tmp/ when tmp/ is synced is committed: after a crash it is linked to every
// output again. It leaves tmp/ once the links are synced.
func (s *Spool) storeDocuments(ds []document) (n int, err error) {
	for range 2 { // a sync that failed is not repeated: the files are made once more
		n, err = s.commitDocuments(ds)
		if err == nil || isNoSpace(err) || isHang(err) {
			break
		}
		_ = s.makeFolders() // what is missing shows again
	}
	for _, d := range ds[n:] {
		s.discard(d.rec.tmp())
	}
	if n == 0 {
		return 0, err
	}
	if before := s.begun; !before || s.tail.Sequence-s.chained >= chainEvery {
		s.begun = true
		if s.writeChain() != nil {
			s.begun = before // the next one tries again
		}
	}
	s.linkDocuments(ds[:n])
	return n, err
}

// commitDocuments makes the files of documents in tmp/, up to the first that the disk refuses, and syncs
// them. An id of the chain that is not on disk goes first, but not before there are alerts for it.
func (s *Spool) commitDocuments(ds []document) (n int, refused error) {
	for n < len(ds) && refused == nil {
		if refused = s.writeFile(ds[n].rec.tmp(), ds[n].doc); refused == nil {
			n++
		}
	}
	if n == 0 {
		return 0, refused
	}
	if !s.idSaved {
		if err := s.writeChain(); err != nil {
			return 0, err
		}
	}
	if err := s.d.SyncDir("tmp", true); err != nil {
		return 0, fmt.Errorf("tmp: %w", err)
	}
	return n, refused
}

// writeFile makes and syncs a file, or leaves none. What a try that failed left is replaced.
func (s *Spool) writeFile(name string, content []byte) error {
	return s.withRoom(func() error {
		err := s.d.Write(name, content)
		if errors.Is(err, fs.ErrExist) {
			if err = s.d.Remove(name); err == nil {
				err = s.d.Write(name, content)
			}
		}
		if err != nil {
			s.discard(name)
		}
		return err
	})
}

// discard removes a file from tmp/, or has cleanTmp do so.
func (s *Spool) discard(name string) {
	if s.d.Remove(name) != nil {
		s.litter = true
	}
}

// cleanTmp makes sure that nothing is in tmp/, also after a power cut, but what is committed: while
// a file that was given up is there, no other with its number may be written.
func (s *Spool) cleanTmp() error {
	var litter []string
	err := s.d.List("tmp", func(entry string, _ fs.FileMode) {
		r, ok := parseTmp(entry)
		_, committed := s.unfinished[r.seq]
		if !ok || entry == r.fileName() && !committed {
			litter = append(litter, entry)
		}
	})
	for _, entry := range litter {
		err = errors.Join(err, s.d.Remove("tmp/"+entry))
	}
	err = errors.Join(err, s.d.SyncDir("tmp", true))
	s.litter = err != nil
	return err
}

// linkDocuments links committed documents to their outputs, and lets the last be the head if it
// is the newest. What can't be linked yet stays in tmp/ and is safe there.
func (s *Spool) linkDocuments(ds []document) {
	failed := make([]bool, len(ds))
	for _, q := range s.queues {
		linked := false
		for i := range ds {
			if r := &ds[i].rec; r.mask&q.bit != 0 {
				linked = true
				failed[i] = s.linkOrMove(s.d.Link, r.tmp(), q.path("out", r)) != nil || failed[i]
			}
		}
		if !linked || s.d.SyncDir(q.folder("out"), false) == nil {
			continue
		}
		for i := range ds {
			failed[i] = failed[i] || ds[i].rec.mask&q.bit != 0
		}
	}
	last := len(ds) - 1
	head := len(s.heads) == 0 || s.heads[len(s.heads)-1].seq < ds[last].rec.seq
	if head && !failed[last] {
		failed[last] = s.makeHead(ds[last].rec) != nil
	}
	for i := range ds {
		r := &ds[i].rec
		if failed[i] {
			r.flags |= inTmp
			s.unfinished[r.seq] = *r
		} else if !head || i < last {
			s.discard(r.tmp())
		}
	}
}

// makeHead moves what is linked from tmp/ to head/, and removes the head before: number and hash of the
// newest alert are always somewhere.
func (s *Spool) makeHead(r record) error {
	if err := s.linkOrMove(s.d.Rename, r.tmp(), "head/"+r.fileName()); err != nil {
		return err
	}
	s.heads = append(s.heads, r)
	s.trimHeads()
	return nil
}

func (s *Spool) trimHeads() {
	for len(s.heads) > 1 {
		if s.d.Remove("head/"+s.heads[0].fileName()) != nil {
			return // next time
		}
		s.heads = s.heads[1:]
	}
}
