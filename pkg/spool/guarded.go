package spool

import (
	"io/fs"
	"sync"

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

func (d *guardedDisk) Create(name string) (File, error) {
	f, err := guarded(d, "create", name, func() (File, error) { return d.Disk.Create(name) }, func(f File) {
		_ = f.Close()
		_ = d.Disk.Remove(name)
	})
	if err != nil {
		return nil, err
	}
	return &guardedFile{d, f, name}, nil
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

// guardedFile is a file on a guardedDisk.
type guardedFile struct {
	d    *guardedDisk
	file File
	name string
}

func (f *guardedFile) Write(b []byte) (int, error) {
	return guarded(f.d, "write", f.name, func() (int, error) { return f.file.Write(b) }, nil)
}

func (f *guardedFile) Sync() error { return f.d.do("sync", f.name, f.file.Sync, nil) }

// Close closes the file, later if the disk hangs: its descriptor is wanted back.
func (f *guardedFile) Close() error {
	begun := make(chan struct{}, 1)
	err := f.d.do("close", f.name, func() error { begun <- struct{}{}; return f.file.Close() }, nil)
	if isHang(err) && len(begun) == 0 {
		go f.file.Close()
	}
	return err
}
