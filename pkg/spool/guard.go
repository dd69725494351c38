package spool

import (
	"errors"
	"io/fs"
	"sync"

	"hooksnare/pkg/hang"
)

// isHang reports whether an operation was not done because the disk does not answer.
func isHang(err error) bool { return errors.Is(err, hang.ErrHangs) }

// diskHangs takes note that the disk begins, or ends, to hang.
func (s *Spool) diskHangs(now bool, operation string) {
	s.o.Hangs(now, operation)
	s.mu.Lock()
	s.broadcastLocked() // what can be read is not what it was
	if !now && !s.closed && s.timer != nil {
		s.timer.Reset(0)
	}
	release := s.closing && !now
	s.mu.Unlock()
	if release {
		_ = s.unlock()
	}
}

// releaseFolder gives the folder up, once nothing hangs that could still change it.
func (s *Spool) releaseFolder() error {
	s.mu.Lock()
	_, hangs := s.guard.Hangs()
	s.closing = hangs
	s.mu.Unlock()
	if hangs {
		return hang.ErrHangs
	}
	return s.unlock()
}

// guardedDisk gives every operation of a disk a limit. One that is over it is an error, and
// those after it are the same error at once until it has ended. It may be done in the end
// nevertheless: so each is one that may be done twice, and what is in tmp/ then is litter.
type guardedDisk struct {
	disk
	guard *hang.Guard
}

func (d *guardedDisk) do(op, name string, run func() error) error {
	return d.guard.Do(op+" "+name, run, nil)
}

// guarded runs an operation and returns what it gives, unless it is over the limit: then it
// may still be giving it.
func guarded[T any](d *guardedDisk, op, name string, run func() (T, error)) (T, error) {
	given := new(T)
	err := d.do(op, name, func() (err error) {
		*given, err = run()
		return err
	})
	if isHang(err) {
		given = new(T)
	}
	return *given, err
}

func (d *guardedDisk) Lock() (func() error, error) {
	var unlock func() error
	err := d.guard.Do("lock .", func() (err error) {
		unlock, err = d.disk.Lock()
		return err
	}, func() { _ = unlock() })
	if isHang(err) {
		return nil, err
	}
	return unlock, err
}

func (d *guardedDisk) List(name string, visit func(string, fs.FileMode)) error {
	var mu sync.Mutex
	left := false // the caller
	err := d.do("list", name, func() error {
		return d.disk.List(name, func(entry string, mode fs.FileMode) {
			mu.Lock()
			defer mu.Unlock()
			if !left {
				visit(entry, mode)
			}
		})
	})
	mu.Lock()
	defer mu.Unlock()
	left = true
	return err
}

func (d *guardedDisk) Lstat(name string) (fs.FileInfo, error) {
	return guarded(d, "lstat", name, func() (fs.FileInfo, error) { return d.disk.Lstat(name) })
}

func (d *guardedDisk) Read(name string, most int) ([]byte, error) {
	return guarded(d, "read", name, func() ([]byte, error) { return d.disk.Read(name, most) })
}

func (d *guardedDisk) Free() (int64, error) { return guarded(d, "statfs", ".", d.disk.Free) }

func (d *guardedDisk) Mkdir(name string) error {
	return d.do("mkdir", name, func() error { return d.disk.Mkdir(name) })
}

func (d *guardedDisk) Write(name string, content []byte) error {
	return d.do("write", name, func() error { return d.disk.Write(name, content) })
}

func (d *guardedDisk) Link(from, to string) error {
	return d.do("link", to, func() error { return d.disk.Link(from, to) })
}

func (d *guardedDisk) Rename(from, to string) error {
	return d.do("rename", to, func() error { return d.disk.Rename(from, to) })
}

func (d *guardedDisk) Remove(name string) error {
	return d.do("remove", name, func() error { return d.disk.Remove(name) })
}

func (d *guardedDisk) SyncDir(name string, flush bool) error {
	return d.do("sync of folder", name, func() error { return d.disk.SyncDir(name, flush) })
}
