package process

import (
	"unsafe"

	"hooksnare/pkg/event"
)

// entry is one process of the table, on exactly one of its lists: live, or ended; and of
// the ended ones held if it has children in the table, so that their lineage stays whole,
// else dead.
type entry struct {
	event.Process
	on         *list
	prev, next *entry
	cost       int // in bytes
}

// put adds a living process, in place of one of the same identity, and makes room for it.
func (t *Table) put(p event.Process) *entry {
	e := &entry{Process: p, cost: cost(&p)}
	key := e.Key()
	if old := t.byKey[key]; old != nil {
		t.drop(old)
	}
	if old := t.newest[key.PID]; old != nil {
		t.end(old) // by exec, or its exit was not seen
	}
	t.byKey[key], t.newest[key.PID] = e, e
	t.live.push(e)
	t.bytes += e.cost
	t.adopt(e)
	t.trim()
	for len(t.byKey) > t.limits.Entries || t.bytes > t.limits.Bytes {
		if !t.evict(e) {
			break
		}
	}
	return e
}

// end moves a process to the ended ones.
func (t *Table) end(e *entry) {
	if e.on != &t.live {
		return
	}
	t.live.remove(e)
	if t.children[e.Key()] > 0 {
		t.held.push(e)
		return
	}
	t.dead.push(e)
	t.trim()
}

// trim drops the oldest of the ended ones that no child needs.
func (t *Table) trim() {
	for t.dead.len > t.limits.Dead {
		t.drop(t.dead.first)
	}
}

// evict makes room by giving up one process, never the one just added.
func (t *Table) evict(spare *entry) bool {
	for _, l := range [...]*list{&t.dead, &t.held, &t.live} {
		if e := l.first; e != nil && e != spare {
			t.drop(e)
			t.evicted++
			if l != &t.dead {
				t.inUse++
			}
			return true
		}
	}
	return false
}

// drop takes a process out of the table.
func (t *Table) drop(e *entry) {
	e.on.remove(e)
	t.bytes -= e.cost
	key := e.Key()
	delete(t.byKey, key)
	if t.newest[key.PID] == e {
		delete(t.newest, key.PID)
	}
	t.leave(e)
}

// adopt counts a process with its parent, which must then be held.
func (t *Table) adopt(e *entry) {
	if !hasParent(e) {
		return
	}
	t.children[e.Parent]++
	if parent := t.byKey[e.Parent]; parent != nil && parent.on == &t.dead {
		t.dead.remove(parent)
		t.held.push(parent)
	}
}

// leave takes back what adopt did. A parent that was held for this child alone goes the
// way of the dead.
func (t *Table) leave(e *entry) {
	if !hasParent(e) {
		return
	}
	if t.children[e.Parent]--; t.children[e.Parent] > 0 {
		return
	}
	delete(t.children, e.Parent)
	if parent := t.byKey[e.Parent]; parent != nil && parent.on == &t.held {
		t.held.remove(parent)
		t.dead.push(parent)
	}
}

// hasParent reports whether a process names one that could be another entry.
func hasParent(e *entry) bool { return e.Parent != (event.Key{}) && e.Parent != e.Key() }

// entryCost is what an entry takes beside its strings: itself and its places in three maps.
const entryCost = int(unsafe.Sizeof(entry{})) + 3*32

// cost is what a process takes, in bytes, also for what it shares with others: who of
// them stays the longest is not known.
func cost(p *event.Process) int {
	i := p.Image
	n := entryCost + len(p.TTY) + int(unsafe.Sizeof(*i)) +
		len(i.Executable) + len(i.SigningID) + len(i.TeamID) + len(i.CDHash)
	x := p.Exec
	if x == nil {
		return n
	}
	n += int(unsafe.Sizeof(*x)) + len(x.WorkingDirectory) + len(x.Script) + len(x.DyldPath)
	for _, words := range [...][]string{x.Args, x.Env} {
		for _, s := range words {
			n += len(s) + int(unsafe.Sizeof(s))
		}
	}
	return n
}
