package spool

import (
	"io/fs"
	"sync"
)

// stuckDisk is a disk of which one operation does not return until it is let go: before it is
// done, or after.
type stuckDisk struct {
	*fakeDisk
	at    int  // the operation that gets stuck; 0 for none
	after bool // it is done first

	mu    sync.Mutex
	begun int
	stuck chan struct{} // closed by letGo
	is    bool          // one is stuck now
	what  string
}

func newStuck(d *fakeDisk) *stuckDisk { return &stuckDisk{fakeDisk: d, stuck: make(chan struct{})} }

// next has an operation that comes get stuck.
func (d *stuckDisk) next(in int, after bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at, d.after = d.begun+in, after
}

// letGo lets the operation return.
func (d *stuckDisk) letGo() {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.stuck)
	d.stuck, d.at, d.is = make(chan struct{}), 0, false
}

func (d *stuckDisk) isStuck() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.is
}

func pass[T any](d *stuckDisk, op, name string, run func() (T, error)) (T, error) {
	d.mu.Lock()
	d.begun++
	mine, after, stuck := d.begun == d.at, d.after, d.stuck
	if mine {
		d.is, d.what = true, op+" "+name
	}
	d.mu.Unlock()
	if mine && !after {
		<-stuck
	}
	v, err := run()
	if mine && after {
		<-stuck
	}
	return v, err
}

func (d *stuckDisk) do(op, name string, run func() error) error {
	_, err := pass(d, op, name, func() (struct{}, error) { return struct{}{}, run() })
	return err
}

func (d *stuckDisk) Mkdir(name string) error {
	return d.do("mkdir", name, func() error { return d.fakeDisk.Mkdir(name) })
}

func (d *stuckDisk) List(name string, visit func(string, fs.FileMode)) error {
	return d.do("list", name, func() error { return d.fakeDisk.List(name, visit) })
}

func (d *stuckDisk) Lstat(name string) (fs.FileInfo, error) {
	return pass(d, "lstat", name, func() (fs.FileInfo, error) { return d.fakeDisk.Lstat(name) })
}

func (d *stuckDisk) Read(name string, max int) ([]byte, error) {
	return pass(d, "read", name, func() ([]byte, error) { return d.fakeDisk.Read(name, max) })
}

func (d *stuckDisk) Create(name string) (File, error) {
	f, err := pass(d, "create", name, func() (File, error) { return d.fakeDisk.Create(name) })
	return stuckFile{f, d, name}, err
}

func (d *stuckDisk) Link(from, to string) error {
	return d.do("link", to, func() error { return d.fakeDisk.Link(from, to) })
}

func (d *stuckDisk) Rename(from, to string) error {
	return d.do("rename", to, func() error { return d.fakeDisk.Rename(from, to) })
}

func (d *stuckDisk) Remove(name string) error {
	return d.do("remove", name, func() error { return d.fakeDisk.Remove(name) })
}

func (d *stuckDisk) SyncDir(name string, flush bool) error {
	return d.do("syncdir", name, func() error { return d.fakeDisk.SyncDir(name, flush) })
}

type stuckFile struct {
	File
	d    *stuckDisk
	name string
}

func (f stuckFile) Write(b []byte) (int, error) {
	return pass(f.d, "write", f.name, func() (int, error) { return f.File.Write(b) })
}

func (f stuckFile) Sync() error  { return f.d.do("sync", f.name, f.File.Sync) }
func (f stuckFile) Close() error { return f.d.do("close", f.name, f.File.Close) }
