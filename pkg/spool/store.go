package spool

import (
	"errors"
	"fmt"
	"io/fs"
)

// storeDrafts writes drafts in order. The first n that it returns are durable and part of the
// chain, whatever the error: the rest left nothing behind.
//
// What is in tmp/ when tmp/ is synced is committed: after a crash it is linked to every
// output again. It leaves tmp/ once the links are synced.
func (s *Spool) storeDrafts(ds []draft) (n int, err error) {
	for range 2 { // what could not be synced is written once more, as new files
		if n, err = s.writeDrafts(ds); n == 0 {
			return 0, err
		}
		unsynced := s.syncTmp()
		if unsynced == nil {
			break
		}
		for _, d := range ds[:n] {
			s.discardTmp(d.tmp)
		}
		n, err = 0, unsynced
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
	s.linkDrafts(ds[:n])
	return n, err
}

// writeDrafts makes the files of drafts in tmp/, and stops at the first that the disk refuses.
func (s *Spool) writeDrafts(ds []draft) (int, error) {
	for i := range ds {
		err := s.writeDraft(&ds[i])
		if err != nil && !isNoSpace(err) {
			_ = s.makeFolders()        // what is missing shows again
			err = s.writeDraft(&ds[i]) // a failed sync is not repeated: the file is another
		}
		if err != nil {
			return i, err
		}
	}
	return len(ds), nil
}

func (s *Spool) writeDraft(d *draft) error {
	return s.withRoom(func() error {
		s.attempt++
		d.tmp = fmt.Sprintf("tmp/%s.%d", d.rec.fileName(), s.attempt)
		return s.writeFile(d.tmp, d.doc)
	})
}

// syncTmp makes durable what is in tmp/. An id of the chain that is not on disk goes first; but not
// before there are alerts for it, as what is held later needs another one again.
func (s *Spool) syncTmp() error {
	if s.fresh {
		if err := s.writeChain(); err != nil {
			return err
		}
	}
	if err := s.d.SyncDir("tmp", true); err != nil {
		return fmt.Errorf("tmp: %w", err)
	}
	return nil
}

// writeFile makes and syncs a file, or leaves none. One that is there already is left alone.
func (s *Spool) writeFile(name string, content []byte) error {
	err := s.d.Write(name, content)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		s.discardTmp(name)
	}
	return err
}

// discardTmp removes a file from tmp/, or remembers to: while it is there, no other file
// with its number may be written.
func (s *Spool) discardTmp(tmp string) {
	if err := s.d.Remove(tmp); err != nil && !isMissing(err) {
		s.trash[tmp] = struct{}{}
	}
}

// emptyTrash makes sure that what was discarded does not come back.
func (s *Spool) emptyTrash() error {
	for tmp := range s.trash {
		if err := s.d.Remove(tmp); err != nil && !isMissing(err) {
			return err
		}
		delete(s.trash, tmp)
	}
	return s.d.SyncDir("tmp", true)
}

// linkDrafts links committed drafts to their outputs, and lets the last be the head if it
// is the newest. What can't be linked yet stays in tmp/ and is safe there.
func (s *Spool) linkDrafts(ds []draft) {
	failed := make([]bool, len(ds))
	for _, q := range s.queues {
		linked := false
		for i := range ds {
			if ds[i].rec.mask&q.bit != 0 {
				linked = true
				failed[i] = s.makeLink(ds[i].tmp, q.path("out", &ds[i].rec)) != nil || failed[i]
			}
		}
		if !linked || s.d.SyncDir(q.folder("out"), false) == nil {
			continue
		}
		for i := range ds {
			failed[i] = failed[i] || ds[i].rec.mask&q.bit != 0
		}
	}
	s.clearTmp(ds, failed)
}

// clearTmp lets what is linked leave tmp/: the newest becomes the head first, so that
// number and hash of the newest are always somewhere.
func (s *Spool) clearTmp(ds []draft, failed []bool) {
	last := len(ds) - 1
	head := len(s.heads) == 0 || s.heads[len(s.heads)-1].seq < ds[last].rec.seq
	if head {
		failed[last] = failed[last] || s.makeHead(&ds[last]) != nil
	}
	for i := range ds {
		d := &ds[i]
		if failed[i] {
			d.rec.flags |= inTmp
			s.unfinished[d.rec.seq] = draft{rec: d.rec, tmp: d.tmp, twins: d.twins}
			continue
		}
		if !head || i < last {
			s.discardTmp(d.tmp)
		}
		for _, tmp := range d.twins {
			s.discardTmp(tmp)
		}
	}
}

// makeLink makes a link, and the folder for it if that went missing.
func (s *Spool) makeLink(from, to string) error {
	err := s.withFolders(func() error { return s.d.Link(from, to) })
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// makeHead moves a finished draft to head/, and removes the one before.
func (s *Spool) makeHead(d *draft) error {
	err := s.withFolders(func() error { return s.d.Rename(d.tmp, "head/"+d.rec.fileName()) })
	if err != nil {
		return err
	}
	s.heads = append(s.heads, d.rec)
	s.trimHeads()
	return nil
}

func (s *Spool) trimHeads() {
	for len(s.heads) > 1 {
		err := s.d.Remove("head/" + s.heads[0].fileName())
		if err != nil && !isMissing(err) {
			return // next time
		}
		s.heads = s.heads[1:]
	}
}
