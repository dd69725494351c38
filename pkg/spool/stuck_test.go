package spool

import "sync"

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

func newStuck(d *fakeDisk) *stuckDisk {
	s := &stuckDisk{fakeDisk: d, stuck: make(chan struct{})}
	d.around = s.pass
	return s
}

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

func (d *stuckDisk) pass(op, name string, run func()) {
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
	run()
	if mine && after {
		<-stuck
	}
}
