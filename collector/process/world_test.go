package process

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"hooksnare/collector/eslogger"
	"hooksnare/pkg/event"
)

// start is the time of the first message of a test.
var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// key is short for an identity.
func key(pid int32, version uint32) event.Key { return event.Key{PID: pid, Version: version} }

// token is the audit token of a user's process.
func token(k event.Key) event.Token {
	return event.Token{PID: k.PID, Version: k.Version, AUID: 501, EUID: 501, RUID: 501, EGID: 20, RGID: 20}
}

// proc is a process object of a message.
func proc(k, parent event.Key, path string) eslogger.Process {
	return eslogger.Process{
		Present: true, HasToken: true, Token: token(k), Parent: token(parent), PPID: parent.PID,
		Executable: []byte(path),
	}
}

func args(words ...string) [][]byte {
	out := make([][]byte, len(words))
	for i, w := range words {
		out[i] = []byte(w)
	}
	return out
}

// world feeds a table and checks it after each message.
type world struct {
	testing.TB
	table *Table
	n     int
}

func newWorld(t testing.TB, l Limits) *world { return &world{TB: t, table: New(l)} }

func (w *world) apply(m eslogger.Message) *event.Event {
	w.Helper()
	w.n++
	m.Time = start.Add(time.Duration(w.n) * time.Millisecond)
	ev := w.table.Apply(&m)
	if err := w.table.check(); err != nil {
		w.Fatalf("after message %d: %v", w.n, err)
	}
	return ev
}

// fork lets a process start a child.
func (w *world) fork(parent, child event.Key) *event.Event {
	w.Helper()
	return w.apply(eslogger.Message{
		Kind: event.Fork, Process: proc(parent, event.Key{}, "/bin/parent"), Target: proc(child, parent, "/bin/parent"),
	})
}

// exec lets a process become another image.
func (w *world) exec(before, after, parent event.Key, path string, words ...string) *event.Event {
	w.Helper()
	return w.apply(eslogger.Message{
		Kind: event.ExecKind, Process: proc(before, parent, "/bin/parent"), Target: proc(after, parent, path),
		Args: args(words...), HasArgs: true,
	})
}

// exit lets a process end.
func (w *world) exit(k, parent event.Key) *event.Event {
	w.Helper()
	return w.apply(eslogger.Message{Kind: event.Exit, Process: proc(k, parent, "/bin/parent"), ExitStatus: 256})
}

// lineage returns the executables of a process and its ancestors.
func (w *world) lineage(k event.Key) []string {
	p := w.table.Lookup(k)
	if p == nil {
		return nil
	}
	out := []string{p.Image.Executable}
	for _, up := range w.table.Ancestors(p) {
		out = append(out, up.Image.Executable)
	}
	return out
}

// on says where in the table a process is.
func (w *world) on(k event.Key) string {
	e := w.table.byKey[k]
	if e == nil {
		return "gone"
	}
	return w.table.place(e)
}

func (w *world) wantOn(want string, keys ...event.Key) {
	w.Helper()
	for _, k := range keys {
		if got := w.on(k); got != want {
			w.Errorf("after message %d: %v is %s, want %s", w.n, k, got, want)
		}
	}
}

// place names the list of an entry.
func (t *Table) place(e *entry) string {
	switch e.on {
	case &t.live:
		return "live"
	case &t.held:
		return "held"
	case &t.dead:
		return "dead"
	}
	return "gone"
}

// check returns what is inconsistent in a table.
func (t *Table) check() error {
	total, bytes := 0, 0
	children := map[event.Key]int{}
	for _, l := range [...]*list{&t.live, &t.held, &t.dead} {
		var before *entry
		n := 0
		for e := l.first; e != nil; before, e = e, e.next {
			if e.on != l || e.prev != before || t.byKey[e.Key()] != e {
				return fmt.Errorf("%v: on %s: links or byKey are wrong", e.Key(), t.place(e))
			}
			if got := cost(&e.Process); e.cost != got {
				return fmt.Errorf("%v: cost %d, counted anew %d", e.Key(), e.cost, got)
			}
			if hasParent(e) {
				children[e.Parent]++
			}
			bytes, n = bytes+e.cost, n+1
		}
		if l.last != before || l.len != n {
			return fmt.Errorf("a list of %d says %d, or its last is wrong", n, l.len)
		}
		total += n
	}
	if total != len(t.byKey) || bytes != t.bytes {
		return fmt.Errorf("%d entries on lists, %d by key; %d bytes, counted %d", total, len(t.byKey), bytes, t.bytes)
	}
	return t.checkRelations(children)
}

func (t *Table) checkRelations(children map[event.Key]int) error {
	if len(children) != len(t.children) {
		return fmt.Errorf("children of %d processes, counted %d", len(children), len(t.children))
	}
	for k, n := range children {
		if t.children[k] != n {
			return fmt.Errorf("%v: %d children, counted %d", k, n, t.children[k])
		}
	}
	for k, e := range t.byKey {
		if got := t.place(e); got == "held" && children[k] == 0 || got == "dead" && children[k] > 0 {
			return fmt.Errorf("%v: is %s with %d children", k, got, children[k])
		}
		if e.on == &t.live && t.newest[k.PID] != e {
			return fmt.Errorf("%v: lives and is not the newest of its pid", k)
		}
	}
	for pid, e := range t.newest {
		if e.Token.PID != pid || t.byKey[e.Key()] != e {
			return fmt.Errorf("newest of pid %d is %v, which is not in the table", pid, e.Key())
		}
	}
	if t.dead.len > t.limits.Dead || len(t.byKey) > t.limits.Entries || t.bytes > t.limits.Bytes && len(t.byKey) > 1 {
		return fmt.Errorf("over a limit: %+v of %+v", t.Stats(), t.limits)
	}
	return nil
}

// commands returns the commands of processes.
func commands(list []*event.Process) []string {
	var out []string
	for _, p := range list {
		out = append(out, p.Exec.CommandLine())
	}
	return out
}

func equal[T comparable](t testing.TB, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// long is a text of n bytes that differs with i.
func long(i, n int) []byte {
	b := bytes.Repeat([]byte{'x'}, n)
	copy(b, fmt.Sprintf("%08d", i))
	return b
}
