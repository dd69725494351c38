// Package spool keeps alerts until every output has acknowledged them. What Put accepted
// is on disk, synced, before any output sees it, and survives a kill or a power cut at
// any point; numbers are gapless and never used twice for different content; a damaged
// file costs that alert and no other, and is named. Every output has bounds of its own: what
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
	"context"
	"errors"
	"fmt"
	"strings"
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
	// closeLimit is the same while the spool is closed: whoever ends has five seconds in all.
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

// Output is a place alerts go to.
type Output struct {
	Name        string // letters, digits, '.', '_', '-'; unique, whatever the case
	MinSeverity int    // the least severe alert it gets
}

// Options say where the spool is, who reads it, and its bounds; zeros are the defaults.
type Options struct {
	Dir     string
	Outputs []Output // at most MaxOutputs

	// Of what waits for one output. All outputs together have twice that, in which an alert
	// that waits for several counts once.
	MaxBytes  int64
	MaxAlerts int
	MaxAge    time.Duration

	Hangs func(hangs bool, operation string) // is called when the disk begins to hang, and when it answers again; nil for nobody

	maxHeld      int // in memory alone, for all outputs
	maxHeldBytes int64
	ballast      int64            // bytes; negative for none
	now          func() time.Time // of the wall clock

	retry   time.Duration        // between tries to write what is held; grows
	disk    disk                 // below Dir
	manual  bool                 // no goroutine tends the spool: a test calls tend
	elapsed func() time.Duration // since Open, whatever the clock was set to
	limit   time.Duration        // of an operation of the disk
}

// Entry is an alert to be kept.
type Entry struct {
	Severity int // 0 to 999; what lies outside is moved to the nearer end
	Time     time.Time

	// Share is whose the alert is, for the bounds: a user who has more waiting loses alerts
	// before others do. "", root, system, managed and agent are nobody's who could flood them.
	Share string

	// Everywhere has it go to every output, whatever its MinSeverity. When the process ends
	// amid its Put, it does so only with a severity of 0.
	Everywhere bool

	// Document is a line of JSON without its break, to which chain.Append can add the place.
	Document []byte

	// ID and Update are the document's event.id and event.sequence, for whoever gets it. An id
	// of 32 hex digits is kept in the file's name; any other is read from the document again.
	ID     string
	Update int
}

// Spool is an open spool; its methods may be called from any goroutine.
type Spool struct {
	o      Options
	d      *guardedDisk
	guard  hang.Guard
	unlock func() error
	events *journal
	begin  time.Time // by Options.Now, when it was opened
	done   chan struct{}
	kick   chan struct{} // there is something to tend

	answers chan struct{} // a disk that hung answers again
	owned   sync.WaitGroup

	// disk is held by whoever changes files, but for Ack, which only removes links; mu is
	// locked after it, never before. acks keeps Close from releasing the folder under an Ack.
	disk sync.Mutex
	acks sync.RWMutex
	files

	mu       sync.Mutex
	tail     chain.Link // of the newest alert; Previous is its own hash. Changed under both locks.
	index    index
	held     map[uint64][]byte // documents that are in memory alone
	heldLen  int64
	recent   recent
	newest   *draft   // the newest alert while it is not on disk
	queues   []*Queue // its place is its bit in a record's mask
	changed  chan struct{}
	closed   bool
	closing  bool     // the folder is to be released once nothing hangs
	unlinked []string // links that nobody waits for, to be removed
	trouble  error    // why the disk takes nothing
	since    time.Time
}

// files is what only the holder of Spool.disk may touch.
type files struct {
	fresh      bool // the id of the chain is not on disk
	doubtful   bool // it is fresh, but may be on disk after all
	begun      bool // the chain file says that there are alerts
	chained    uint64
	rooted     bool // the folders are synced
	ballast    bool
	attempt    uint64
	heads      []record            // in head/, the newest last
	unfinished map[uint64]draft    // on disk in tmp/, not linked everywhere
	trash      map[string]struct{} // in tmp/, could not be removed
	retryAt    time.Time
	backoff    time.Duration
	damaged    []kept
	damagedLen int64
	unburied   []grave // dead alerts that the disk did not take yet
}

func (o *Options) complete() error {
	if err := CheckOutputs(o.Outputs); err != nil {
		return err
	}
	orDefault(&o.MaxBytes, defaultMaxBytes)
	orDefault(&o.MaxAlerts, defaultMaxAlerts)
	orDefault(&o.MaxAge, defaultMaxAge)
	orDefault(&o.maxHeld, defaultMaxHeld)
	orDefault(&o.maxHeldBytes, defaultMaxHeldBytes)
	orDefault(&o.retry, time.Second)
	orDefault(&o.limit, diskLimit)
	if o.ballast == 0 {
		o.ballast = defaultBallast
	}
	if o.now == nil {
		o.now = time.Now
	}
	if o.elapsed == nil {
		begin := time.Now()
		o.elapsed = func() time.Duration { return time.Since(begin) }
	}
	if o.Hangs == nil {
		o.Hangs = func(bool, string) {}
	}
	if o.disk == nil {
		if o.Dir == "" {
			return errors.New("a spool wants a folder")
		}
		o.disk = systemDisk(o.Dir)
	}
	return nil
}

func orDefault[T int | int64 | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// Open locks the folder, makes what is missing, repairs what a crash left, and sets
// aside what does not belong. A disk that is full or can't be written is no error: the
// spool then holds alerts in memory. A folder that can't be locked or listed is one.
func Open(o Options) (*Spool, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	s := &Spool{
		o: o, begin: o.now().Round(0),
		done: make(chan struct{}), kick: make(chan struct{}, 1), answers: make(chan struct{}, 1), changed: make(chan struct{}),
		held: map[uint64][]byte{},
	}
	s.events = newJournal(o.now)
	s.guard.Limit, s.guard.Changed = o.limit, s.hangs
	s.d = &guardedDisk{o.disk, &s.guard}
	var err error
	if s.unlock, err = s.d.Lock(); err != nil {
		return nil, fmt.Errorf("spool %s: %w", o.Dir, err)
	}
	s.unfinished, s.trash = map[uint64]draft{}, map[string]struct{}{}
	for i, out := range o.Outputs {
		s.queues = append(s.queues, &Queue{s: s, name: out.Name, min: out.MinSeverity, bit: 1 << i, configured: true})
	}
	s.disk.Lock()
	err = s.load()
	s.disk.Unlock()
	if err != nil {
		s.guard.Hurry(closeLimit)
		return nil, errors.Join(fmt.Errorf("spool %s: %w", o.Dir, err), s.release())
	}
	if !o.manual {
		s.owned.Go(s.keep)
	}
	return s, nil
}

// Close writes what is held, if the disk takes it, and releases the folder. Alerts that
// could not be written are lost, and the error says how many. Waiting Nexts return
// ErrClosed. A disk that hangs is waited for a
// second at most; the folder is released once it answers.
func (s *Spool) Close() error {
	s.guard.Hurry(closeLimit)
	s.acks.Lock()
	s.mu.Lock()
	was := s.closed
	s.closed = true
	s.mu.Unlock()
	s.acks.Unlock()
	if was {
		return ErrClosed
	}
	close(s.done)
	s.disk.Lock()
	err := s.settle()
	if left := s.heldCount(); left > 0 {
		err = fmt.Errorf("%d alerts were in memory alone and are lost: %w", left, err)
	} else if err == nil && s.chained != s.tail.Sequence {
		err = s.writeChain()
	}
	s.disk.Unlock()
	s.unlink()
	s.owned.Wait()
	return errors.Join(err, s.release())
}

func (s *Spool) heldCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.held)
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

// Item is an alert that waits for an output.
type Item struct {
	Sequence uint64
	Severity int
	Time     time.Time // to the millisecond
	ID       string    // event.id
	Update   int       // event.sequence, from 1
	Document []byte
}

// Queue is what one output has not acknowledged. It is meant for one reader.
type Queue struct {
	s          *Spool
	name       string
	min        int
	bit        uint64
	configured bool

	// Under Spool.mu.
	from  uint64 // nothing below waits
	stats QueueStats

	// Under Spool.disk.
	dead []record
}

// folder is where the links of the queue lie. A leading dot would hide it, or be
// another folder altogether.
func (q *Queue) folder(of string) string {
	if strings.HasPrefix(q.name, ".") {
		return of + "/%" + q.name
	}
	return of + "/" + q.name
}

// Next returns the oldest alerts the output has not acknowledged, in order of their
// numbers: at least one, then at most maxItems of at most maxBytes together. It waits until
// there is one. Without Ack or Dead it returns the same ones again. What does not have
// the content its name says is set aside and reported, and is not returned. While the disk
// hangs it returns what is in memory, and the others when it answers again.
func (q *Queue) Next(ctx context.Context, maxItems, maxBytes int) ([]Item, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		picked, changed, err := q.pick(maxItems, maxBytes)
		if err != nil {
			return nil, err
		}
		if len(picked) > 0 {
			items, err := q.read(picked)
			if len(items) > 0 || err != nil && !isHang(err) {
				return items, err
			}
			continue // all of them were damaged, or the disk hangs
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-q.s.done:
			return nil, ErrClosed
		case <-changed:
		}
	}
}
