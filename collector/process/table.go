// Package process keeps the table of processes that an eslogger stream describes: who
// runs what, who started whom, what a user ran lately. It promises bounds in entries and
// in bytes whatever the stream holds, and that a process it hands out never changes.
package process

import (
	"slices"

	"hooksnare/collector/eslogger"
	"hooksnare/pkg/event"
)

// Limits bound a table; a zero field takes its default.
type Limits struct {
	Entries int // processes, living and ended: 65,536
	Bytes   int // their memory, about: 6 MiB, some 3,000 processes
	Dead    int // ended processes kept that are not a parent of one in the table: 1,024
}

// Stats counts what a table holds and what it had to let go.
type Stats struct {
	Live, Dead, Bytes int
	Evicted           uint64 // entries given up for room, not because they were of no more use
	EvictedInUse      uint64 // of these, processes that ran or were a parent of one in the table
}

// Table is the processes of one host. It is for one goroutine.
type Table struct {
	limits   Limits
	byKey    map[event.Key]*entry
	newest   map[int32]*entry  // by pid
	children map[event.Key]int // entries by their parent, which need not be here
	live     list
	held     list // ended, but a parent of one in the table
	dead     list // ended
	bytes    int
	evicted  uint64
	inUse    uint64 // of the evicted
	cache    *cache
	recent   recent
	event    event.Event
}

// New returns an empty table.
func New(limits Limits) *Table {
	if limits.Entries <= 0 {
		limits.Entries = 65536
	}
	if limits.Bytes <= 0 {
		limits.Bytes = 6 << 20
	}
	if limits.Dead <= 0 {
		limits.Dead = 1024
	}
	return &Table{
		limits: limits, byKey: map[event.Key]*entry{}, newest: map[int32]*entry{}, children: map[event.Key]int{},
		cache: newCache(), recent: newRecent(),
	}
}

// Apply takes in one message and returns what happened, or nil for a message that says
// nothing of a process (another kind of event, or no audit token). The event itself holds
// until the next call; the processes it points to may be kept.
func (t *Table) Apply(m *eslogger.Message) *event.Event {
	t.event = event.Event{Kind: m.Kind, Time: m.Time, Seq: m.Seq, GlobalSeq: m.GlobalSeq, Version: m.Version}
	switch {
	case m.Kind == event.ExecKind && m.Target.HasToken:
		t.exec(m)
	case m.Kind == event.Fork && m.Target.HasToken:
		t.fork(m)
	case m.Kind == event.Exit && m.Process.HasToken:
		t.exit(m)
	default:
		return nil
	}
	t.event.Parent = t.parent(t.event.Process)
	return &t.event
}

func (t *Table) exec(m *eslogger.Message) {
	p := t.process(&m.Target)
	if before := t.byKey[m.Process.Token.Key()]; before != nil {
		t.event.Previous = before.Image
		if p.Parent == (event.Key{}) {
			p.Parent = before.Parent // an exec changes the image, not whose child it is
		}
	} else if m.Process.Present {
		t.event.Previous = t.cache.image(&m.Process)
	}
	full, kept := t.cache.exec(m)
	p.Exec = kept
	e := t.put(p)
	t.event.Process = &e.Process
	if full != kept { // rules see every argument, the table keeps the first ones
		whole := p
		whole.Exec = full
		t.event.Process = &whole
	}
	t.recent.add(e)
}

func (t *Table) fork(m *eslogger.Message) {
	parent := t.byKey[m.Process.Token.Key()]
	if parent == nil && m.Process.HasToken {
		parent = t.put(t.process(&m.Process)) // it lived before the stream began
	}
	p := t.process(&m.Target)
	if parent != nil {
		p.Exec = parent.Exec
		if p.Parent == (event.Key{}) {
			p.Parent = parent.Key()
		}
	}
	t.event.Process = &t.put(p).Process
}

func (t *Table) exit(m *eslogger.Message) {
	t.event.ExitStatus = m.ExitStatus
	e := t.byKey[m.Process.Token.Key()]
	if e == nil {
		e = t.put(t.process(&m.Process))
	}
	t.event.Process = &e.Process
	t.end(e)
}

// process returns what a message says of a process, but for its command.
func (t *Table) process(p *eslogger.Process) event.Process {
	return event.Process{
		Token: p.Token, Parent: p.Parent.Key(), Responsible: p.Responsible.Key(),
		PPID: p.PPID, OriginalPPID: p.OriginalPPID, GroupID: p.GroupID, SessionID: p.SessionID,
		Start: p.Start, TTY: t.cache.string(head(p.TTY, keptWord)), Image: t.cache.image(p),
	}
}

// Lookup returns a process by identity, nil when it is not in the table.
func (t *Table) Lookup(key event.Key) *event.Process {
	if e := t.byKey[key]; e != nil && key != (event.Key{}) {
		return &e.Process
	}
	return nil
}

// parent returns the parent of a process, nil when it is not in the table.
func (t *Table) parent(p *event.Process) *event.Process {
	if p.Parent == p.Key() {
		return nil
	}
	return t.Lookup(p.Parent)
}

// maxAncestors bounds a lineage; a process tree deeper than this is made on purpose.
const maxAncestors = 32

// Ancestors returns the parent of a process, its parent, and so on, as far as known. No
// process is there twice, whatever the stream claims.
func (t *Table) Ancestors(p *event.Process) []*event.Process {
	var out []*event.Process
	self := p.Key()
	for len(out) < maxAncestors {
		parent := t.parent(p)
		if parent == nil || parent.Key() == self || slices.Contains(out, parent) {
			break
		}
		out, p = append(out, parent), parent
	}
	return out
}

// Recent returns what the user ran lately, oldest first.
func (t *Table) Recent(user uint32) []*event.Process { return t.recent.of(user) }

// Stats returns the counts of now.
func (t *Table) Stats() Stats {
	return Stats{Live: t.live.len, Dead: t.held.len + t.dead.len, Bytes: t.bytes, Evicted: t.evicted, EvictedInUse: t.inUse}
}
