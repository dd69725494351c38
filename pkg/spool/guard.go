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
	if !now {
		select {
		case s.answers <- struct{}{}:
		default:
		}
	}
	s.mu.Lock()
	s.broadcastLocked() // what can be read is not what it was
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
// those after it are the same error at once until it has ended; what it did in the end is
// taken back where that matters, so that an error means that nothing was done:
//
//   - a file that was created is removed, one that was renamed gets its name back, a link goes;
//   - a chain file or ballast that was replaced stays: see writeChain and weigh;
//   - what was removed, written, synced or made as a folder stays so, and does no harm.
type guardedDisk struct {
	disk
	guard *hang.Guard
}

// do runs an operation that gives nothing but an error.
func (d *guardedDisk) do(op, name string, run func() error, undo func()) error {
	return d.guard.Do(op+" "+name, run, undo)
}

// guarded runs an operation and returns what it gives, unless it is over the limit: then it
// may still be giving it.
func guarded[T any](d *guardedDisk, op, name string, run func() (T, error), undo func(T)) (T, error) {
	given := new(T)
	err := d.do(op, name, func() (err error) {
		*given, err = run()
		return err
	}, func() {
		if undo != nil {
			undo(*given)
		}
	})
	if isHang(err) {
		var none T
		return none, err
	}
	return *given, err
}

func (d *guardedDisk) Lock() (func() error, error) {
	return guarded(d, "lock", ".", d.disk.Lock, func(unlock func() error) { _ = unlock() })
}

func (d *guardedDisk) Mkdir(name string) error {
	return d.do("mkdir", name, func() error { return d.disk.Mkdir(name) }, nil)
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
	}, nil)
	mu.Lock()
	defer mu.Unlock()
	left = true
	return err
}

func (d *guardedDisk) Lstat(name string) (fs.FileInfo, error) {
	return guarded(d, "lstat", name, func() (fs.FileInfo, error) { return d.disk.Lstat(name) }, nil)
}

func (d *guardedDisk) Read(name string, max int) ([]byte, error) {
	return guarded(d, "read", name, func() ([]byte, error) { return d.disk.Read(name, max) }, nil)
}

func (d *guardedDisk) Write(name string, content []byte) error {
	return d.do("write", name, func() error { return d.disk.Write(name, content) }, func() { _ = d.disk.Remove(name) })
}

func (d *guardedDisk) Sync(name string) error {
	return d.do("sync", name, func() error { return d.disk.Sync(name) }, nil)
}

func (d *guardedDisk) Link(from, to string) error {
	return d.do("link", to, func() error { return d.disk.Link(from, to) }, func() { _ = d.disk.Remove(to) })
}

func (d *guardedDisk) Rename(from, to string) error {
	undo := func() { _ = d.disk.Rename(to, from) }
	if to == "chain" || to == "ballast" {
		undo = nil // what it replaced does not exist any more
	}
	return d.do("rename", to, func() error { return d.disk.Rename(from, to) }, undo)
}

func (d *guardedDisk) Remove(name string) error {
	return d.do("remove", name, func() error { return d.disk.Remove(name) }, nil)
}

func (d *guardedDisk) SyncDir(name string, flush bool) error {
	return d.do("sync of folder", name, func() error { return d.disk.SyncDir(name, flush) }, nil)
}

func (d *guardedDisk) Free() (int64, error) {
	return guarded(d, "statfs", ".", d.disk.Free, nil)
}
