package spool

import (
	"errors"
	"io/fs"
	"path"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"
)

// fakeDisk keeps what was synced apart from what was not, so that a power cut can take
// the latter: content of files, and entries of folders. It can be cut at any operation,
// fail those a test chooses, and be full.
type fakeDisk struct {
	mu     sync.Mutex
	root   *node
	locked bool

	ops    int                               // so far
	cutAt  int                               // the operation at which power goes; 0 for never
	cut    bool                              // power is gone
	fail   func(op, name string) error       // what an operation fails with, before it does anything
	after  func(op, name string, err error)  // called after each
	around func(op, name string, run func()) // is called to run each
	room   int64                             // bytes; 0 for as many as wanted
	used   int64
	noSync bool // syncs do nothing and say they did
}

type node struct {
	dir     bool
	data    []byte
	synced  []byte // nil: never
	links   int
	now     map[string]*node
	disk    map[string]*node // what a power cut leaves
	pending []*change
}

// change is one of a folder's entries that is not synced: n is nil where it is removed. A
// rename is one change to two folders, which last together.
type change struct {
	in, from   *node
	name, gone string
	n          *node
	applied    bool
}

var errPower = errors.New("no power")

func newFake() *fakeDisk { return &fakeDisk{root: newDir()} }

func newDir() *node {
	return &node{dir: true, links: 1, now: map[string]*node{}, disk: map[string]*node{}}
}

func (d *fakeDisk) setFail(fail func(op, name string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = fail
}

func (d *fakeDisk) begin(op, name string) error {
	d.ops++
	if d.cut || d.cutAt > 0 && d.ops >= d.cutAt {
		d.cut = true
		return errPower
	}
	if d.fail != nil {
		return d.fail(op, name)
	}
	return nil
}

// at returns the folder a name is in, and its last element.
func (d *fakeDisk) at(name string) (*node, string, error) {
	n := d.root
	elements := strings.Split(path.Clean(name), "/")
	for _, e := range elements[:len(elements)-1] {
		if n = n.now[e]; n == nil {
			return nil, "", fs.ErrNotExist
		}
		if !n.dir {
			return nil, "", syscall.ENOTDIR
		}
	}
	return n, elements[len(elements)-1], nil
}

func (d *fakeDisk) find(name string) (*node, error) {
	if name == "." {
		return d.root, nil
	}
	in, last, err := d.at(name)
	if err != nil {
		return nil, err
	}
	if in.now[last] == nil {
		return nil, fs.ErrNotExist
	}
	return in.now[last], nil
}

func (n *node) change(c *change) {
	n.pending = append(n.pending, c)
	if c.from != nil && c.from != n {
		c.from.pending = append(c.from.pending, c)
	}
}

// apply makes a change last; of a rename's other folder, what came before it does so too.
func (c *change) apply() {
	if c.applied {
		return
	}
	c.applied = true
	if c.from != nil {
		for _, n := range []*node{c.in, c.from} {
			for _, before := range n.pending {
				if before == c {
					break
				}
				before.apply()
			}
		}
		delete(c.from.disk, c.gone)
	}
	if c.n == nil {
		delete(c.in.disk, c.name)
	} else {
		c.in.disk[c.name] = c.n
	}
}

func (d *fakeDisk) Lock() (func() error, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locked {
		return nil, ErrLocked
	}
	d.locked = true
	return func() error { d.mu.Lock(); defer d.mu.Unlock(); d.locked = false; return nil }, nil
}

func (d *fakeDisk) do(op, name string, run func() error) error {
	if d.around != nil {
		var err error
		d.around(op, name, func() { err = d.doNow(op, name, run) })
		return err
	}
	return d.doNow(op, name, run)
}

func (d *fakeDisk) doNow(op, name string, run func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.begin(op, name)
	if err == nil {
		err = run()
	}
	if d.after != nil {
		d.after(op, name, err)
	}
	if err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

func (d *fakeDisk) Mkdir(name string) error {
	return d.do("mkdir", name, func() error { return d.put(name, newDir()) })
}

func (d *fakeDisk) put(name string, n *node) error {
	in, last, err := d.at(name)
	if err != nil {
		return err
	}
	if in.now[last] != nil {
		return fs.ErrExist
	}
	in.now[last] = n
	in.change(&change{in: in, name: last, n: n})
	return nil
}

func (d *fakeDisk) List(name string, visit func(string, fs.FileMode)) error {
	var names []string
	modes := map[string]fs.FileMode{}
	err := d.do("list", name, func() error {
		n, err := d.find(name)
		if err != nil {
			return err
		}
		for e, c := range n.now {
			names = append(names, e)
			if c.dir {
				modes[e] = fs.ModeDir
			}
		}
		return nil
	})
	sort.Strings(names)
	for _, e := range names {
		visit(e, modes[e])
	}
	return err
}

type fakeInfo struct {
	name string
	n    *node
}

func (i fakeInfo) Name() string       { return i.name }
func (i fakeInfo) Size() int64        { return int64(len(i.n.data)) }
func (i fakeInfo) ModTime() time.Time { return time.Time{} }
func (i fakeInfo) IsDir() bool        { return i.n.dir }
func (i fakeInfo) Sys() any           { return nil }
func (i fakeInfo) Mode() fs.FileMode {
	if i.n.dir {
		return fs.ModeDir | 0o700
	}
	return 0o600
}

func (d *fakeDisk) Lstat(name string) (fs.FileInfo, error) {
	var info fs.FileInfo
	err := d.do("lstat", name, func() error {
		n, err := d.find(name)
		info = fakeInfo{name, n}
		return err
	})
	return info, err
}

func (d *fakeDisk) Read(name string, max int) (b []byte, err error) {
	err = d.do("read", name, func() error {
		n, err := d.find(name)
		if err != nil {
			return err
		}
		if n.dir {
			return errNotFile
		}
		b = append(b, n.data[:min(len(n.data), max+1)]...)
		return nil
	})
	return b, err
}

func (d *fakeDisk) Write(name string, content []byte) error {
	n := &node{links: 1}
	err := d.do("create", name, func() error { return d.put(name, n) })
	if err == nil {
		err = d.do("write", name, func() error { return d.fill(n, content) })
	}
	if err == nil {
		err = d.sync(name)
	}
	return err
}

// fill writes as much as there is room for.
func (d *fakeDisk) fill(n *node, content []byte) error {
	written := len(content)
	if d.room > 0 && d.used+int64(len(content)) > d.room {
		written = int(max(d.room-d.used, 0))
	}
	n.data = append(n.data, content[:written]...)
	if d.used += int64(written); written < len(content) {
		return syscall.ENOSPC
	}
	return nil
}

func (d *fakeDisk) sync(name string) error {
	return d.do("sync", name, func() error {
		n, err := d.find(name)
		if err == nil && !d.noSync {
			n.synced = append([]byte{}, n.data...)
		}
		return err
	})
}

func (d *fakeDisk) Link(from, to string) error {
	return d.do("link", to, func() error {
		n, err := d.find(from)
		if err != nil {
			return err
		}
		if err = d.put(to, n); err == nil {
			n.links++
		}
		return err
	})
}

func (d *fakeDisk) Rename(from, to string) error {
	return d.do("rename", to, func() error {
		n, err := d.find(from)
		if err != nil {
			return err
		}
		src, gone, _ := d.at(from)
		dst, name, err := d.at(to)
		if err != nil {
			return err
		}
		if old := dst.now[name]; old == n {
			return nil
		} else if old != nil {
			d.unlinked(old)
		}
		delete(src.now, gone)
		dst.now[name] = n
		dst.change(&change{in: dst, name: name, n: n, from: src, gone: gone})
		return nil
	})
}

func (d *fakeDisk) unlinked(n *node) {
	if n.links--; n.links == 0 {
		d.used -= int64(len(n.data))
	}
}

func (d *fakeDisk) Remove(name string) error {
	return d.do("remove", name, func() error {
		n, err := d.find(name)
		if err != nil {
			return nil
		}
		in, last, _ := d.at(name)
		delete(in.now, last)
		in.change(&change{in: in, name: last})
		d.unlinked(n)
		return nil
	})
}

func (d *fakeDisk) SyncDir(name string, _ bool) error {
	return d.do("syncdir", name, func() error {
		n, err := d.find(name)
		if err == nil && !d.noSync {
			for _, c := range n.pending {
				c.apply()
			}
			n.pending = nil
		}
		return err
	})
}

func (d *fakeDisk) Free() (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.room == 0 {
		return 1 << 40, nil
	}
	return max(d.room-d.used, 0), nil
}
