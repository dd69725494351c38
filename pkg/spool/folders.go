package spool

import (
	"errors"
	"io/fs"
	"syscall"
)

// makeFolders makes the folders that are missing. What is in the place of one is set aside.
func (s *Spool) makeFolders() error {
	names := []string{"damaged", "tmp", "head", "out", "dead"}
	for _, q := range s.queues {
		names = append(names, q.folder("out"), q.folder("dead"))
	}
	var failed error
	made := false
	for _, name := range names {
		st, err := s.d.Lstat(name)
		if err == nil && st.IsDir() {
			continue
		}
		if err == nil && name == "damaged" {
			_ = s.d.Remove(name) // there is nowhere to move it to
		} else if err == nil {
			s.quarantine(name, "not a folder", 0)
		}
		if err = s.withRoom(func() error { return s.d.Mkdir(name) }); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		made = true
	}
	if made || !s.synced { // a process that was killed may have made them, and not synced
		for _, name := range []string{"out", "dead", "."} {
			failed = errors.Join(failed, s.d.SyncDir(name, name == "."))
		}
		s.synced = failed == nil
	}
	return failed
}

// linkOrMove links or moves a file, and makes the folder for it if that went missing. One that is there
// was put there by an operation that hung and was done late.
func (s *Spool) linkOrMove(do func(from, to string) error, from, to string) error {
	try := func() error { return do(from, to) }
	err := s.withRoom(try)
	if isMissing(err) {
		_ = s.makeFolders() // what is missing shows again
		err = try()
	}
	if errors.Is(err, fs.ErrExist) || isMissing(err) {
		if _, found := s.d.Lstat(to); found == nil {
			return nil
		}
	}
	return err
}

// isMissing reports whether a name leads nowhere.
func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// isNoSpace reports whether giving up the ballast could help.
func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// withRoom does something that takes room; if there is none, once more without the ballast.
func (s *Spool) withRoom(do func() error) error {
	err := do()
	if !isNoSpace(err) || !s.ballast {
		return err
	}
	if err := s.d.Remove("ballast"); err != nil {
		return err
	}
	s.ballast = false
	_ = s.d.SyncDir(".", true) // on some file systems room is free only then
	return do()
}

func (s *Spool) hasBallast() bool { return s.ballast || s.o.ballast < 0 }

// makeBallast writes the ballast, where there is room for it and as much again.
func (s *Spool) makeBallast() {
	if s.hasBallast() {
		return
	}
	if free, err := s.d.Free(); err == nil && free < 2*s.o.ballast {
		return
	}
	_ = s.d.Remove("ballast") // one that is too small, or no file
	// Written, not just reserved: a file system that compresses or clones would reserve nothing.
	if s.writeFile("tmp/ballast", make([]byte, s.o.ballast)) != nil {
		return
	}
	if s.d.Rename("tmp/ballast", "ballast") != nil {
		s.discard("tmp/ballast")
		return
	}
	s.ballast = true
}
