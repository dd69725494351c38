// Package spool keeps alerts until every output has acknowledged them. What Put accepted
// is on disk, synced, before any output sees it, and survives a kill or a power cut at
// any point; numbers are gapless and never used twice for different content; a damaged
// file costs that alert and no other, and is named. Every output has its own bounds: what
// goes because one was passed goes for that output alone, floods of a user first, then the
// least severe, and is counted. When the disk takes nothing, or does not answer, alerts are
// held in memory and handed out from there, and Put says so; no call waits for such a disk
// longer than a limit.
//
// The folder is a maildir that one process owns by a lock on the folder itself:
//
//	tmp/          written and synced, not yet linked everywhere
//	out/NAME/     a hard link for each alert that output NAME has not acknowledged
//	dead/NAME/    what the receiver of NAME refused for good
//	damaged/      what is not what its name says
//	head/         the newest alert, so that number and hash survive when all was delivered
//	chain         the chain's id, and a number below which nothing is free
//	ballast       given up when the disk is full
//
// A file is named by number, severity, time, size, share and hash of its content, and a
// checksum of all that: the index is built from names alone.
package spool

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"time"

	"hooksnare/pkg/chain"
	"hooksnare/pkg/hang"
)

// Bounds that apply where Options has a zero.
const (
	defaultMaxBytes     = 64 << 20            // bytes of waiting documents
	defaultMaxAlerts    = 50_000              // waiting alerts
	defaultMaxAge       = 30 * 24 * time.Hour // of a waiting alert
	defaultBallast      = 1 << 20             // bytes: room for some hundred alerts and the bookkeeping
	defaultMaxHeld      = 1000                // alerts in memory
	defaultMaxHeldBytes = 4 << 20             // bytes in memory
	maxDocument         = 16 << 20            // bytes of one document

	// diskLimit is how long an operation of the disk may take. A busy disk takes a second or two
	// for a sync; an alert should reach another machine within ten although this one hangs.
	diskLimit = 4 * time.Second
	// closeLimit is the same while the spool is closed: an agent that ends has five seconds in all.
	closeLimit = 300 * time.Millisecond
)

// What can be wrong; errors.Is finds it, and the disk's error.
var (
	ErrClosed = errors.New("spool is closed")
	ErrLocked = errors.New("another process owns the spool")

	// ErrHeld is what Put returns when the disk did not take alerts. They are numbered, outputs
	// get them from memory, and they are written once the disk takes them; until then they are
	// lost if the process ends.
	ErrHeld = errors.New("held in memory")
)

// Options say where the spool is, who reads it, and its bounds; zeros are the defaults.
type Options struct {
	Dir     string
	Outputs []Output // at most MaxOutputs

	// Of what waits for one output. All outputs together have twice that, in which an alert
	// that waits for several counts once.
	MaxBytes  int64
	MaxAlerts int
	MaxAge    time.Duration

	// Stored is called with each document that Add had stored; nil for nobody. It must not wait.
	Stored func(document []byte)

	// Hangs is called when the disk begins to hang, and when it answers again; nil for nobody.
	Hangs func(hangs bool, operation string)

	DiskLimit time.Duration // how long an operation of the disk may take; 0 means 4 s

	// What tests set.
	maxHeld      int // in memory alone, for all outputs
	maxHeldBytes int64
	ballast      int64            // bytes; negative for none
	disk         disk             // below Dir
	now          func() time.Time // of the wall clock
	manual       bool             // no maintenance but by the test
}

// Spool is an open spool; its methods may be called from any goroutine. Put, Dead, Next for a damaged
// file, maintenance, Open and Close hold disk for all that they do to files; a method that relies on mu
// ends in Locked. Where both are taken, disk is the first.
type Spool struct {
	o      Options
	d      *guardedDisk
	guard  hang.Guard
	unlock func() error
	events *journal
	opened time.Time     // with the steady clock
	done   chan struct{} // closed by Close
	queues []*Queue      // its place is its bit in a record's mask

	disk  sync.Mutex   // held while files are changed, but by Ack, which only removes links
	files              // disk guards it
	acks  sync.RWMutex // keeps Close from releasing the folder under an Ack

	mu      sync.Mutex // guards what follows
	index   index
	tail    chain.Link // of the newest alert; Previous is its own hash. Changed under both locks.
	trouble error      // why the disk takes nothing. Changed under both locks.
	memory
	added    added
	changed  chan struct{} // closed when a Next that waits should look again
	unlinked []string      // links that nobody waits for, to be removed
	timer    *time.Timer   // runs maintenance; nil for none
	wait     time.Duration // what timer was set to
	closed   bool
	closing  bool // the folder is to be released once nothing hangs
}

// files is what is known of the folder beyond what waits.
type files struct {
	idSaved bool   // the id of the chain is on disk
	idTried bool   // it may be
	begun   bool   // the chain file says that there are alerts
	chained uint64 // the number in the chain file
	synced  bool   // the folders are
	ballast bool
	heads   []record // in head/, the newest last

	unfinished map[uint64]record // committed in tmp/, not linked everywhere
	unsynced   bool              // these are not shown: an earlier process left them, and they could not be synced
	litter     bool              // in tmp/ may be more
	asides     int               // files that were set aside: makes their names unique
}

func (o *Options) setDefaults() error {
	if err := CheckOutputs(o.Outputs); err != nil {
		return err
	}
	o.MaxBytes = cmp.Or(max(o.MaxBytes, 0), defaultMaxBytes)
	o.MaxAlerts = cmp.Or(max(o.MaxAlerts, 0), defaultMaxAlerts)
	o.MaxAge = cmp.Or(max(o.MaxAge, 0), defaultMaxAge)
	o.maxHeld = cmp.Or(o.maxHeld, defaultMaxHeld)
	o.maxHeldBytes = cmp.Or(o.maxHeldBytes, defaultMaxHeldBytes)
	o.ballast = cmp.Or(o.ballast, defaultBallast)
	if o.now == nil {
		o.now = time.Now
	}
	if o.Hangs == nil {
		o.Hangs = func(bool, string) {}
	}
	if o.Stored == nil {
		o.Stored = func([]byte) {}
	}
	if o.disk == nil {
		if o.Dir == "" {
			return errors.New("expected a folder for the spool, found none")
		}
		o.disk = systemDisk(o.Dir)
	}
	return nil
}

// Open locks the folder, makes what is missing, repairs what a crash left, and sets
// aside what does not belong. A disk that is full or can't be written is not an error: the
// spool then holds alerts in memory. A folder that can't be locked or listed is one.
func Open(o Options) (*Spool, error) {
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	s := &Spool{
		o: o, opened: time.Now(), events: newJournal(o.now), memory: memory{docs: map[uint64][]byte{}},
		files: files{unfinished: map[uint64]record{}}, done: make(chan struct{}), changed: make(chan struct{}), wait: idleEvery,
	}
	s.guard.Limit, s.guard.Changed = cmp.Or(o.DiskLimit, diskLimit), s.diskHangs
	s.d = &guardedDisk{o.disk, &s.guard}
	var err error
	if s.unlock, err = s.d.Lock(); err != nil {
		return nil, fmt.Errorf("spool %s: %w", o.Dir, err)
	}
	for i, out := range o.Outputs {
		s.queues = append(s.queues, &Queue{s: s, name: out.Name, min: out.MinSeverity, bit: 1 << i, configured: true})
	}
	s.disk.Lock()
	defer s.disk.Unlock()
	if err = s.loadFolder(); err != nil {
		s.guard.Hurry(closeLimit)
		return nil, errors.Join(fmt.Errorf("spool %s: %w", o.Dir, err), s.releaseFolder())
	}
	if !o.manual {
		s.mu.Lock()
		s.timer = time.AfterFunc(s.wait, func() { s.maintain() })
		s.mu.Unlock()
		s.requestMaintenance()
	}
	return s, nil
}

// Close writes what is held, if the disk takes it, and releases the folder. Alerts that
// could not be written are lost, and the error says how many. Waiting Nexts return
// ErrClosed. A disk that hangs is waited for a second at most; the folder is released once
// it answers.
func (s *Spool) Close() error {
	s.guard.Hurry(closeLimit)
	s.Flush()
	s.acks.Lock()
	s.mu.Lock()
	before := s.closed
	s.closed = true
	if s.timer != nil {
		s.timer.Stop()
	}
	s.mu.Unlock()
	s.acks.Unlock()
	if before {
		return ErrClosed
	}
	close(s.done)
	s.disk.Lock()
	defer s.disk.Unlock()
	err := s.flushHeld()
	if left := s.Stats().Held; left > 0 {
		err = fmt.Errorf("%d alerts were in memory alone and are lost: %w", left, err)
	} else if err == nil && s.chained != s.tail.Sequence {
		err = s.writeChain()
	}
	_ = s.removeLinks()
	return errors.Join(err, s.releaseFolder())
}

func (s *Spool) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Queue returns the queue of a configured output, nil for another name.
func (s *Spool) Queue(output string) *Queue {
	for _, q := range s.queues {
		if q.configured && q.name == output {
			return q
		}
	}
	return nil
}

// Stats are the spool's numbers.
type Stats struct {
	Head      chain.Link // of the newest alert; Previous is that alert's own hash
	Waiting   int        // alerts that wait for any output
	Bytes     int64
	Added     int // by Add, and neither stored nor held yet
	Held      int // of those that wait in memory alone
	HeldBytes int64
	Trouble   error // why the disk takes nothing; nil when it does
	Queues    []QueueStats
}

// Stats returns what is now.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	st := Stats{
		Head: s.tail, Waiting: s.index.live, Bytes: s.index.bytes, Added: len(s.added.entries), Held: s.held, HeldBytes: s.heldBytes, Trouble: s.trouble,
	}
	if s.added.storing {
		st.Added++ // what is being stored
	}
	s.mu.Unlock()
	for _, q := range s.queues {
		st.Queues = append(st.Queues, q.Stats())
	}
	return st
}
