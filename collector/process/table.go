// Package process keeps the table of processes that an eslogger stream describes: who
// runs what, who started whom, what a user ran lately. It promises bounds in entries and
// in bytes whatever the stream holds, and that a process it hands out never changes.
package process

import (
	"unsafe"

	"hooksnare/collector/eslogger"
	"hooksnare/pkg/event"
)

// Limits bound a table; a zero field takes its default.
type Limits struct {
	Entries int // processes, living and dead: 65,536
	Bytes   int // their memory, about: 16 MiB
	Dead    int // ended processes kept that no child needs: 4,096
}

// Stats counts what a table holds and what it had to let go.
type Stats struct {
	Live, Dead, Bytes int
	Evicted           uint64 // entries given up for room, not because they were of no more use
}

// Table is the processes of one host. It is for one goroutine.
type Table struct {
	limits Limits
	byKey  map[event.Key]*entry
	newest map[int32]*entry // by pid
	live   list
	held   list // ended, but a parent of one in the table
	dead   list // ended
	bytes  int
	stats  Stats
	cache  cache
	recent recent
	event  event.Event
}

// entry is one process of the table, on exactly one of its lists.
type entry struct {
	event.Process
	on         *list
	prev, next *entry
	children   int // entries whose parent this is
	cost       int // in bytes
}

// New returns an empty table.
func New(limits Limits) *Table {
	if limits.Entries <= 0 {
		limits.Entries = 65536
	}
	if limits.Bytes <= 0 {
		limits.Bytes = 16 << 20
	}
	if limits.Dead <= 0 {
		limits.Dead = 4096
	}
	return &Table{limits: limits, byKey: map[event.Key]*entry{}, newest: map[int32]*entry{}, recent: newRecent()}
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
	if parent := t.byKey[t.event.Process.Parent]; parent != nil {
		t.event.Parent = &parent.Process
	}
	return &t.event
}

func (t *Table) exec(m *eslogger.Message) {
	before := t.byKey[m.Process.Token.Key()]
	if before != nil {
		t.event.Previous = before.Image
	} else if m.Process.Present {
		t.event.Previous = t.cache.image(&m.Process)
	}
	e := t.put(&m.Target)
	full, kept := t.cache.exec(m)
	t.setExec(e, kept)
	t.event.Process = &e.Process
	if full != kept { // rules see every argument, the table keeps the first ones
		p := e.Process
		p.Exec = full
		t.event.Process = &p
	}
	t.recent.add(&e.Process)
}

func (t *Table) fork(m *eslogger.Message) {
	parent := t.byKey[m.Process.Token.Key()]
	if parent == nil && m.Process.HasToken {
		parent = t.put(&m.Process) // it lived before the stream began
	}
	e := t.put(&m.Target)
	if parent != nil && parent.Exec != nil {
		t.setExec(e, parent.Exec)
	}
	t.event.Process = &e.Process
}

func (t *Table) exit(m *eslogger.Message) {
	t.event.ExitStatus = m.ExitStatus
	e := t.byKey[m.Process.Token.Key()]
	if e == nil {
		e = t.put(&m.Process)
	}
	t.event.Process = &e.Process
	t.end(e)
}

// put adds a process, in place of one of the same identity.
func (t *Table) put(p *eslogger.Process) *entry {
	e := new(entry)
	e.Process = event.Process{
		Token: p.Token, Parent: p.Parent.Key(), Responsible: p.Responsible.Key(),
		PPID: p.PPID, OriginalPPID: p.OriginalPPID, GroupID: p.GroupID, SessionID: p.SessionID,
		Start: p.Start, TTY: t.cache.string(head(p.TTY)), Image: t.cache.image(p),
	}
	e.cost = entryCost + imageCost(e.Image) + stringCost(e.TTY)
	key := e.Key()
	if old := t.byKey[key]; old != nil {
		e.children = old.children
		old.children = 0
		t.remove(old)
	}
	if old := t.newest[key.PID]; old != nil && old.on == &t.live {
		t.end(old) // by exec, or its exit was not seen
	}
	t.byKey[key], t.newest[key.PID] = e, e
	if parent := t.byKey[e.Parent]; parent != nil && parent != e {
		parent.children++
	}
	t.live.push(e)
	t.bytes += e.cost
	for len(t.byKey) > t.limits.Entries || t.bytes > t.limits.Bytes {
		if !t.evict(e) {
			break
		}
	}
	return e
}

// setExec gives a process its command and charges it for it, also where a child shares
// its parent's: who of them ends last is not known.
func (t *Table) setExec(e *entry, x *event.Exec) {
	e.Exec = x
	if x != nil {
		n := execCost(x)
		e.cost += n
		t.bytes += n
	}
}

// end moves a process to the ended ones, and drops the oldest of those that no child
// needs.
func (t *Table) end(e *entry) {
	if e.on != &t.live {
		return
	}
	t.live.remove(e)
	if e.children > 0 {
		t.held.push(e)
		return
	}
	t.dead.push(e)
	for t.dead.len > t.limits.Dead {
		t.remove(t.dead.first)
	}
}

// evict makes room by giving up one process, never the one just added.
func (t *Table) evict(spare *entry) bool {
	for _, l := range [...]*list{&t.dead, &t.held, &t.live} {
		if e := l.first; e != nil && e != spare {
			t.remove(e)
			t.stats.Evicted++
			return true
		}
	}
	return false
}

// remove takes a process out of the table.
func (t *Table) remove(e *entry) {
	e.on.remove(e)
	t.bytes -= e.cost
	key := e.Key()
	if t.byKey[key] == e {
		delete(t.byKey, key)
	}
	if t.newest[key.PID] == e {
		delete(t.newest, key.PID)
	}
	parent := t.byKey[e.Parent]
	if parent == nil || parent == e || parent.children == 0 {
		return
	}
	if parent.children--; parent.children == 0 && parent.on == &t.held {
		t.held.remove(parent)
		t.dead.push(parent)
	}
}

// Lookup returns a process by identity, nil when it is not in the table.
func (t *Table) Lookup(key event.Key) *event.Process {
	if e := t.byKey[key]; e != nil {
		return &e.Process
	}
	return nil
}

// maxAncestors bounds a lineage; a process tree deeper than this is made on purpose.
const maxAncestors = 32

// Ancestors returns the parent of a process, its parent, and so on, as far as known.
func (t *Table) Ancestors(p *event.Process) []*event.Process {
	var out []*event.Process
	for len(out) < maxAncestors {
		parent := t.Lookup(p.Parent)
		if parent == nil || parent.Key() == p.Key() {
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
	s := t.stats
	s.Live, s.Dead, s.Bytes = t.live.len, t.held.len+t.dead.len, t.bytes
	return s
}

// entryCost is what an entry takes beside its strings: itself and its places in two maps.
const entryCost = int(unsafe.Sizeof(entry{})) + 2*32

// execCost is what a command takes.
func execCost(x *event.Exec) int {
	n := int(unsafe.Sizeof(*x)) + stringCost(x.WorkingDirectory) + stringCost(x.Script) + stringCost(x.DyldPath)
	for _, list := range [...][]string{x.Args, x.Env} {
		for _, s := range list {
			n += len(s) + int(unsafe.Sizeof(s))
		}
	}
	return n
}
