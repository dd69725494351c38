package spool

import (
	"errors"
	"io/fs"
	"sync"
	"sync/atomic"

	"hooksnare/pkg/hang"
)

// guardedDisk gives every operation of a disk a limit. One that is over it is an error, and
// those after it are the same error at once until it has ended; what it did in the end is
// taken back where that matters, so that an error means that nothing was done:
//
//   - a file that was created is removed, one that was renamed gets its name back, a link goes;
//   - a chain file or ballast that was replaced stays: see writeChain and weigh;
//   - what was removed, written, synced or made as a folder stays so, and does no harm.
type guardedDisk struct {
	Disk
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
	return guarded(d, "lock", ".", d.Disk.Lock, func(unlock func() error) { _ = unlock() })
}

func (d *guardedDisk) Mkdir(name string) error {
	return d.do("mkdir", name, func() error { return d.Disk.Mkdir(name) }, nil)
}

func (d *guardedDisk) List(name string, visit func(string, fs.FileMode)) error {
	var mu sync.Mutex
	left := false // the caller
	err := d.do("list", name, func() error {
		return d.Disk.List(name, func(entry string, mode fs.FileMode) {
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
	return guarded(d, "lstat", name, func() (fs.FileInfo, error) { return d.Disk.Lstat(name) }, nil)
}

func (d *guardedDisk) Read(name string, max int) ([]byte, error) {
	return guarded(d, "read", name, func() ([]byte, error) { return d.Disk.Read(name, max) }, nil)
}

// store makes and syncs a file, in one operation: each costs a switch to who does it and back.
// made reports whether an error left the file there. One that is there already is an error,
// and is left alone.
func (d *guardedDisk) store(name string, content []byte) (made bool, err error) {
	var created atomic.Bool
	err = d.do("write", name, func() error {
		f, err := d.Disk.Create(name)
		if err != nil {
			return err
		}
		created.Store(true)
		_, err = f.Write(content)
		if err == nil {
			err = f.Sync()
		}
		if err = errors.Join(err, f.Close()); err != nil {
			_ = d.Disk.Remove(name) // nobody may wait for it any more
		}
		return err
	}, func() { _ = d.Disk.Remove(name) })
	return err != nil && created.Load(), err
}

func (d *guardedDisk) Link(from, to string) error {
	return d.do("link", to, func() error { return d.Disk.Link(from, to) }, func() { _ = d.Disk.Remove(to) })
}

func (d *guardedDisk) Rename(from, to string) error {
	undo := func() { _ = d.Disk.Rename(to, from) }
	if to == "chain" || to == "ballast" {
		undo = nil // what it replaced is gone
	}
	return d.do("rename", to, func() error { return d.Disk.Rename(from, to) }, undo)
}

func (d *guardedDisk) Remove(name string) error {
	return d.do("remove", name, func() error { return d.Disk.Remove(name) }, nil)
}

func (d *guardedDisk) SyncDir(name string, flush bool) error {
	return d.do("sync of folder", name, func() error { return d.Disk.SyncDir(name, flush) }, nil)
}

func (d *guardedDisk) Free() (int64, error) {
	return guarded(d, "statfs", ".", d.Disk.Free, nil)
}
