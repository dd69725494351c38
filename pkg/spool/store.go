package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// store writes drafts in order. The first n that it returns are durable and part of the
// chain, whatever the error: the rest left nothing behind.
//
// What is in tmp/ when tmp/ is synced is committed: after a crash it is linked to every
// output again. It leaves tmp/ once the links are synced.
func (s *Spool) store(ds []draft) (n int, err error) {
	for range 2 { // what could not be synced is written once more, as new files
		if n, err = s.write(ds); n == 0 {
			return 0, err
		}
		unsynced := s.commit()
		if unsynced == nil {
			break
		}
		for _, d := range ds[:n] {
			s.discard(d.tmp)
		}
		n, err = 0, unsynced
	}
	if n == 0 {
		return 0, err
	}
	if was := s.begun; !was || s.tail.Sequence-s.chained >= chainEvery {
		s.begun = true
		if s.writeChain() != nil {
			s.begun = was // the next one tries again
		}
	}
	s.finish(ds[:n])
	return n, err
}

// commit makes durable what is in tmp/. An id of the chain that is not on disk goes first; but not
// before there are alerts for it, as what is held later needs another one again.
func (s *Spool) commit() error {
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

// write makes the files of drafts in tmp/, and stops at the first that the disk refuses.
func (s *Spool) write(ds []draft) (int, error) {
	for i := range ds {
		err := s.writeDraft(&ds[i])
		if err != nil && !isFull(err) {
			s.folders()
			err = s.writeDraft(&ds[i]) // a failed sync is not repeated: the file is another
		}
		if err != nil {
			return i, err
		}
	}
	return len(ds), nil
}

func (s *Spool) writeDraft(d *draft) error {
	return s.makingRoom(func() error {
		s.attempt++
		d.tmp = fmt.Sprintf("tmp/%s.%d", d.rec.name(), s.attempt)
		return s.writeFile(d.tmp, d.doc)
	})
}

// writeFile makes and syncs a file, or leaves none. One that is there already is not its own.
func (s *Spool) writeFile(name string, content []byte) error {
	err := s.d.Write(name, content)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		s.discard(name)
	}
	return err
}

// discard removes a file from tmp/, or remembers to: while it is there, no other file
// with its number may be written.
func (s *Spool) discard(tmp string) {
	if err := s.d.Remove(tmp); err != nil && !isGone(err) {
		s.trash[tmp] = struct{}{}
	}
}

// empty makes sure that what was discarded is gone for good.
func (s *Spool) empty() error {
	for tmp := range s.trash {
		if err := s.d.Remove(tmp); err != nil && !isGone(err) {
			return err
		}
		delete(s.trash, tmp)
	}
	return s.d.SyncDir("tmp", true)
}

// finish links committed drafts to their outputs, and lets the last be the head if it
// is the newest. What can't be linked yet stays in tmp/ and is safe there.
func (s *Spool) finish(ds []draft) {
	failed := make([]bool, len(ds))
	for _, q := range s.queues {
		touched := false
		for i := range ds {
			if ds[i].rec.mask&q.bit != 0 {
				touched = true
				failed[i] = s.link(ds[i].tmp, q.folder("out")+"/"+ds[i].rec.name()) != nil || failed[i]
			}
		}
		if !touched || s.d.SyncDir(q.folder("out"), false) == nil {
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
	head := s.isNewest(ds[last].rec)
	if head {
		failed[last] = failed[last] || s.makeHead(&ds[last]) != nil
	}
	for i := range ds {
		d := &ds[i]
		switch {
		case failed[i]:
			d.rec.flags |= inTmp
			s.unfinished[d.rec.seq] = draft{rec: d.rec, tmp: d.tmp, twins: d.twins}
			continue
		case !head || i < last:
			s.discard(d.tmp)
		}
		for _, tmp := range d.twins {
			s.discard(tmp)
		}
	}
}

// link makes a link, and the folder for it if it went missing.
func (s *Spool) link(from, to string) error {
	err := s.makingRoom(func() error { return s.d.Link(from, to) })
	if isGone(err) {
		s.folders()
		err = s.d.Link(from, to)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

func (s *Spool) isNewest(r record) bool {
	n := len(s.heads)
	return n == 0 || s.heads[n-1].seq < r.seq
}

// makeHead moves a finished draft to head/, and removes the one before.
func (s *Spool) makeHead(d *draft) error {
	to := "head/" + d.rec.name()
	err := s.makingRoom(func() error { return s.d.Rename(d.tmp, to) })
	if isGone(err) {
		s.folders()
		err = s.d.Rename(d.tmp, to)
	}
	if err != nil {
		return err
	}
	s.heads = append(s.heads, d.rec)
	s.trimHeads()
	return nil
}

func (s *Spool) trimHeads() {
	for len(s.heads) > 1 {
		err := s.d.Remove("head/" + s.heads[0].name())
		if err != nil && !isGone(err) {
			return // next time
		}
		s.heads = s.heads[1:]
	}
}

// folders makes the folders that are missing. What is in the place of one is set aside.
func (s *Spool) folders() error {
	names := []string{"damaged", "tmp", "head", "out", "dead"}
	for _, q := range s.queues {
		names = append(names, q.folder("out"), q.folder("dead"))
	}
	var all error
	made := false
	for _, name := range names {
		st, err := s.d.Lstat(name)
		if err == nil && st.IsDir() {
			continue
		}
		if err == nil && name == "damaged" {
			s.d.Remove(name) // there is nowhere to move it to
		} else if err == nil {
			s.quarantine(name, "not a folder", record{})
		}
		if err = s.makingRoom(func() error { return s.d.Mkdir(name) }); err != nil {
			all = errors.Join(all, err)
			continue
		}
		made = true
	}
	if made || !s.rooted { // a process that was killed may have made them, and not synced
		for _, name := range []string{"out", "dead", "."} {
			all = errors.Join(all, s.d.SyncDir(name, name == "."))
		}
		s.rooted = all == nil
	}
	return all
}

// isGone says whether a name leads nowhere.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// isFull says whether giving up the ballast could help.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// makingRoom does something that takes room; if there is none, once more without the ballast.
func (s *Spool) makingRoom(do func() error) error {
	err := do()
	if err == nil || !isFull(err) || !s.ballast {
		return err
	}
	if gone := s.d.Remove("ballast"); gone != nil && !isGone(gone) {
		return err
	}
	s.ballast = false
	s.d.SyncDir(".", true) // on some file systems room is free only then
	return do()
}

// weigh makes the ballast, where there is room for it and as much again.
func (s *Spool) weigh() {
	if s.ballast || s.o.ballast < 0 {
		return
	}
	if free, err := s.d.Free(); err == nil && free < 2*s.o.ballast {
		return
	}
	s.d.Remove("ballast") // one that is too small, or no file
	s.attempt++
	tmp := fmt.Sprintf("tmp/ballast.%d", s.attempt)
	// Written, not just reserved: a file system that compresses or clones would reserve nothing.
	if s.writeFile(tmp, make([]byte, s.o.ballast)) != nil {
		return
	}
	if s.d.Rename(tmp, "ballast") != nil {
		s.discard(tmp)
		return
	}
	s.ballast = true
}
