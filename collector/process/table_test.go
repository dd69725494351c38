package process

import (
	"reflect"
	"testing"

	"hooksnare/collector/eslogger"
	"hooksnare/pkg/event"
)

// TestShell follows one command from the shell that forks to its end.
func TestShell(t *testing.T) {
	w := newWorld(t, Limits{})
	launchd, shell, child, ls := key(1, 1), key(100, 7), key(200, 8), key(200, 9)
	w.exec(key(100, 6), shell, launchd, "/bin/zsh", "-zsh")

	ev := w.fork(shell, child)
	if ev.Kind != event.Fork || ev.Process.Key() != child || ev.Parent == nil || ev.Parent.Key() != shell {
		t.Fatalf("fork: got %+v", ev)
	}
	if got, want := ev.Process.Exec, w.table.Lookup(shell).Exec; got != want {
		t.Errorf("fork: the child's command is %p, want its parent's %p", got, want)
	}

	ev = w.exec(child, ls, shell, "/bin/ls", "ls", "-l")
	if ev.Process.Key() != ls || ev.Previous == nil || ev.Previous.Executable != "/bin/parent" || ev.Parent.Key() != shell {
		t.Fatalf("exec: got %+v", ev)
	}
	equal(t, "arguments", ev.Process.Exec.Args, []string{"ls", "-l"})
	w.wantOn("dead", child) // the image before
	w.wantOn("live", ls)

	ev = w.exit(ls, shell)
	if ev.Kind != event.Exit || ev.ExitStatus != 256 || ev.Process != w.table.Lookup(ls) || ev.Process.Exec == nil {
		t.Fatalf("exit: got %+v", ev)
	}
	w.wantOn("dead", ls)
	if got, want := w.table.Stats(), (Stats{Live: 1, Dead: 2, Bytes: w.table.bytes}); got != want {
		t.Errorf("stats: got %+v, want %+v", got, want)
	}
}

// TestTwoImages has the processes that change their image twice.
func TestTwoImages(t *testing.T) {
	for _, tc := range []struct{ name, first, second string }{
		{"a shell that is a front", "/bin/sh", "/bin/bash"},
		{"a job of launchd", "/usr/libexec/xpcproxy", "/usr/libexec/program"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, Limits{})
			launchd := key(1, 1)
			w.fork(launchd, key(50, 10))
			w.exec(key(50, 10), key(50, 11), launchd, tc.first, "one")
			ev := w.exec(key(50, 11), key(50, 12), launchd, tc.second, "two")
			if ev.Previous.Executable != tc.first {
				t.Errorf("previous image: got %s, want %s", ev.Previous.Executable, tc.first)
			}
			w.wantOn("dead", key(50, 10), key(50, 11))
			w.fork(key(50, 12), key(51, 13))
			equal(t, "lineage of its child", w.lineage(key(51, 13)), []string{"/bin/parent", tc.second, "/bin/parent"})
		})
	}
}

// TestBefore has what lived before the stream began.
func TestBefore(t *testing.T) {
	w := newWorld(t, Limits{})
	ev := w.fork(key(80, 3), key(81, 4))
	if ev.Parent == nil || ev.Parent.Key() != key(80, 3) || ev.Parent.Image.Executable != "/bin/parent" || ev.Parent.Exec != nil {
		t.Errorf("fork of an unknown parent: got %+v", ev.Parent)
	}
	ev = w.exec(key(90, 1), key(90, 2), key(89, 1), "/bin/ls", "ls")
	if ev.Previous == nil || ev.Previous.Executable != "/bin/parent" || ev.Parent != nil {
		t.Errorf("exec of an unknown process: previous %+v, parent %+v", ev.Previous, ev.Parent)
	}
	w.wantOn("gone", key(90, 1)) // its end is not news
	if ev = w.exit(key(95, 1), key(90, 2)); ev.Parent == nil || ev.Process.Key() != key(95, 1) {
		t.Errorf("exit of an unknown process: got %+v", ev)
	}
	w.wantOn("dead", key(95, 1))
}

// TestNoParentToken has messages that do not name the parent: a fork shows it all the
// same, and an exec does not change it.
func TestNoParentToken(t *testing.T) {
	w := newWorld(t, Limits{})
	shell, child := key(10, 1), key(11, 2)
	w.apply(eslogger.Message{Kind: event.Fork, Process: proc(shell, event.Key{}, "/bin/zsh"), Target: proc(child, event.Key{}, "/bin/zsh")})
	ev := w.exec(child, key(11, 3), event.Key{}, "/bin/ls", "ls")
	if ev.Parent == nil || ev.Parent.Key() != shell {
		t.Errorf("parent: got %+v, want %v", ev.Parent, shell)
	}
	equal(t, "lineage", w.lineage(key(11, 3)), []string{"/bin/ls", "/bin/zsh"})
}

// TestNothing has the messages that say nothing of a process.
func TestNothing(t *testing.T) {
	with, without := proc(key(5, 1), key(1, 1), "/bin/x"), eslogger.Process{Present: true, Executable: []byte("/bin/x")}
	for name, m := range map[string]eslogger.Message{
		"another event":        {Kind: event.Other, Process: with, Target: with},
		"exec without a token": {Kind: event.ExecKind, Process: with, Target: without},
		"fork without a token": {Kind: event.Fork, Process: with, Target: without},
		"exit without a token": {Kind: event.Exit, Process: without, Target: with},
		"nothing":              {},
	} {
		w := newWorld(t, Limits{})
		if ev := w.apply(m); ev != nil || len(w.table.byKey) != 0 {
			t.Errorf("%s: got %+v and %d entries, want none", name, ev, len(w.table.byKey))
		}
	}
}

// TestEvent holds that the rest of a message comes through.
func TestEvent(t *testing.T) {
	p := proc(key(5, 2), key(1, 1), "/usr/bin/defaults")
	p.Responsible, p.OriginalPPID, p.GroupID, p.SessionID = token(key(7, 7)), 3, 4, 6
	p.SigningID, p.TeamID, p.CDHash, p.TTY = []byte("com.apple.defaults"), []byte("TEAM"), []byte("AB"), []byte("/dev/ttys001")
	p.Flags, p.Platform, p.Start = event.CSSigned, true, start
	m := eslogger.Message{
		Kind: event.ExecKind, Time: start, Seq: 8, GlobalSeq: 9, Version: 7, Target: p,
		Args: args("defaults", "read"), Env: args("HOME=/var/root"),
		WorkingDirectory: []byte("/tmp"), Script: []byte("/tmp/s"), DyldPath: []byte("./defaults"),
	}
	want := event.Event{
		Kind: event.ExecKind, Time: start, Seq: 8, GlobalSeq: 9, Version: 7,
		Process: &event.Process{
			Token: token(key(5, 2)), Parent: key(1, 1), Responsible: key(7, 7), PPID: 1, OriginalPPID: 3, GroupID: 4, SessionID: 6,
			Start: start, TTY: "/dev/ttys001",
			Image: &event.Image{Executable: "/usr/bin/defaults", SigningID: "com.apple.defaults", TeamID: "TEAM", CDHash: "AB",
				Flags: event.CSSigned, Platform: true},
			Exec: &event.Exec{Args: []string{"defaults", "read"}, ArgsCount: 2, Env: []string{"HOME=/var/root"},
				WorkingDirectory: "/tmp", Script: "/tmp/s", DyldPath: "./defaults", Time: start},
		},
	}
	if got := New(Limits{}).Apply(&m); !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v, want %+v", *got, want)
	}
}

// TestReuse has a pid that is used again although its end was not seen.
func TestReuse(t *testing.T) {
	w := newWorld(t, Limits{})
	w.fork(key(1, 1), key(30, 5))
	w.fork(key(30, 5), key(31, 6))
	w.fork(key(1, 1), key(30, 90))
	w.wantOn("live", key(30, 90), key(31, 6))
	w.wantOn("held", key(30, 5))
	if got := len(w.lineage(key(31, 6))); got != 3 {
		t.Errorf("lineage of the first one's child has %d processes, want 3", got)
	}
	w.exit(key(30, 5), key(1, 1)) // late: nothing is left to end
	w.wantOn("live", key(30, 90))
	w.wantOn("held", key(30, 5))
}

// TestHeld has ancestors that are needed after their end.
func TestHeld(t *testing.T) {
	w := newWorld(t, Limits{Dead: 1})
	a, b, c := key(10, 1), key(11, 2), key(12, 3)
	w.fork(a, b)
	w.fork(b, c)
	w.exit(a, event.Key{})
	w.exit(b, a)
	w.wantOn("held", a, b)
	for pid := int32(100); pid < 110; pid++ { // others end, and push each other out
		w.fork(c, key(pid, 50))
		w.exit(key(pid, 50), c)
	}
	w.wantOn("held", a, b)
	if got := len(w.lineage(c)); got != 3 {
		t.Errorf("lineage of the last has %d processes, want 3", got)
	}
	w.exit(c, b)
	for pid := int32(200); pid < 205; pid++ {
		w.fork(key(1, 1), key(pid, 60))
		w.exit(key(pid, 60), key(1, 1))
	}
	w.wantOn("gone", a, b, c)
	if got := w.table.Stats().Evicted; got != 0 {
		t.Errorf("evicted %d, want 0: all of them had become of no use", got)
	}
}

// TestLateChild has a parent that is known to have ended when a child of it shows up.
func TestLateChild(t *testing.T) {
	w := newWorld(t, Limits{Dead: 1})
	parent, child := key(20, 1), key(21, 2)
	w.exit(parent, key(1, 1))
	w.wantOn("dead", parent)
	w.exec(key(21, 1), child, parent, "/bin/ls", "ls")
	w.wantOn("held", parent)
	w.exec(key(21, 1), child, parent, "/bin/ls", "ls") // the same once more: it replaces itself
	w.wantOn("held", parent)
	w.exec(key(21, 1), child, key(1, 1), "/bin/ls", "ls") // and then names another
	w.wantOn("dead", parent)
}

// TestParentAfterChild has a child that is known before its parent is.
func TestParentAfterChild(t *testing.T) {
	w := newWorld(t, Limits{})
	parent := key(20, 1)
	w.exec(key(21, 1), key(21, 2), parent, "/bin/a", "a")
	w.fork(parent, key(22, 3))
	w.exit(parent, event.Key{})
	w.wantOn("held", parent)
	w.exec(key(21, 1), key(21, 2), key(1, 1), "/bin/a", "a") // the first child names another parent
	w.wantOn("held", parent)                                 // which the second one still has
}

// TestOddParents has parents that no kernel reports.
func TestOddParents(t *testing.T) {
	w := newWorld(t, Limits{})
	if ev := w.exec(key(5, 1), key(5, 2), key(5, 2), "/bin/self", "x"); ev.Parent != nil {
		t.Errorf("a process that is its own parent: got parent %+v", ev.Parent)
	}
	w.exec(key(6, 1), key(6, 2), key(7, 2), "/bin/a", "x")
	w.exec(key(7, 1), key(7, 2), key(6, 2), "/bin/b", "x")
	w.exec(key(8, 1), key(8, 2), key(7, 2), "/bin/c", "x")
	equal(t, "each other's parent", w.lineage(key(6, 2)), []string{"/bin/a", "/bin/b"})
	equal(t, "a child of them", w.lineage(key(8, 2)), []string{"/bin/c", "/bin/b", "/bin/a"})
	w.exec(key(0, 0), event.Key{}, key(6, 2), "/bin/zero", "x")
	if ev := w.exec(key(9, 1), key(9, 2), event.Key{}, "/bin/d", "x"); ev.Parent != nil {
		t.Errorf("a process whose parent is not known: got parent %+v", ev.Parent)
	}
}

// TestDeep bounds a lineage.
func TestDeep(t *testing.T) {
	w := newWorld(t, Limits{})
	for i := range int32(40) {
		w.fork(key(i+1, 1), key(i+2, 1))
	}
	if got := len(w.table.Ancestors(w.table.Lookup(key(41, 1)))); got != maxAncestors {
		t.Errorf("got %d ancestors, want %d", got, maxAncestors)
	}
}
