package detect

import (
	"strings"
	"testing"
	"time"

	"hooksnare/detect/rules"
	"hooksnare/pkg/event"
)

// at is an event some seconds from now.
func at(seconds float64, ev *event.Event) *event.Event {
	ev.Time = now.Add(time.Duration(seconds * float64(time.Second)))
	return ev
}

// play returns what is found in events, one word an event.
func play(e *Engine, events ...*event.Event) string {
	var out []string
	for _, ev := range events {
		out = append(out, found(e.Examine(ev)))
	}
	return strings.Join(out, " ")
}

// TestSequences has events that a rule waits for, through the engine and its index.
func TestSequences(t *testing.T) {
	pair := `sequence by host.id, process.parent.entity_id with maxspan=10s [process where event.action == "exec" and process.name == "sh"] [process where event.action == "exec" and process.name == "curl"]`
	sh, curl, ls := func() *event.Event { return exec("/bin/sh", "sh", "x") }, func() *event.Event { return exec("/usr/bin/curl") }, func() *event.Event { return exec("/bin/ls") }
	of := func(pid int32, ev *event.Event) *event.Event {
		ev.Parent = process("/bin/zsh")
		ev.Parent.Token.PID = pid
		return ev
	}
	for _, tc := range []struct {
		name, query string
		events      []*event.Event
		want        string
	}{
		{"in order", pair, []*event.Event{at(0, of(1, sh())), at(1, of(1, ls())), at(2, of(1, curl()))}, "  0"},
		{"too late", pair, []*event.Event{at(0, of(1, sh())), at(11, of(1, curl()))}, " "},
		{"of another parent", pair, []*event.Event{at(0, of(1, sh())), at(1, of(2, curl())), at(2, of(1, curl()))}, "  0"},
		{"without a parent", pair, []*event.Event{at(0, sh()), at(1, curl())}, " "},
		{"runs", `sequence with maxspan=1m [process where process.name == "ls"] with runs=3`, []*event.Event{at(0, ls()), at(1, ls()), at(2, ls()), at(3, ls())}, "  0 0"},
		{"a fact", `sequence [process where hooksnare.hook.operation == "set"] [process where process.name == "ls"]`, []*event.Event{at(0, setsHook("/a")), at(1, ls())}, " 0"},
		{"no time", `sequence with maxspan=1s [process where process.name == "sh"] [process where process.name == "ls"]`, []*event.Event{{Kind: event.ExecKind, Process: sh().Process}, {Kind: event.ExecKind, Process: ls().Process}}, " 0"},
	} {
		if got := play(engine(t, tc.query), tc.events...); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

// TestSequenceShares has a user push out what a sequence remembers: root's stays.
func TestSequenceShares(t *testing.T) {
	e := engine(t, `sequence by process.pid [process where process.name == "sh"] [process where process.name == "curl"]`)
	of := func(uid uint32, pid int32, ev *event.Event) *event.Event {
		ev.Process.Token.EUID, ev.Process.Token.PID = uid, pid
		return ev
	}
	play(e, at(0, of(0, 1, exec("/bin/sh"))))
	for pid := range int32(2 * sequencePartials) {
		play(e, at(1, of(501, 2+pid, exec("/bin/sh"))))
	}
	if got := play(e, at(2, of(0, 1, exec("/usr/bin/curl"))), at(3, of(501, 2, exec("/usr/bin/curl")))); got != "0 " {
		t.Errorf("got %q, want root's sequence and not the user's first", got)
	}
}

// TestSequenceFinding holds what a sequence's finding tells: every event as it was, though
// the sensor's memory is used again.
func TestSequenceFinding(t *testing.T) {
	e := engine(t, `sequence [process where process.name == "sh"] [process where process.name == "curl"]`)
	var ev event.Event
	ev = *at(0, exec("/bin/sh", "sh", strings.Repeat("x", 3*keptArgs)))
	e.Examine(&ev)
	ev = *at(1, exec("/usr/bin/curl", "curl", "-s"))
	list := e.Examine(&ev)
	if len(list) != 1 || len(list[0].Events) != 2 {
		t.Fatalf("got %d findings, want one of two events", len(list))
	}
	f := list[0]
	ev = event.Event{}
	first, last := f.Events[0].Event, f.Events[1].Event
	if first.Process.Name() != "sh" || last.Process.Name() != "curl" || f.Record.Event.Process.Name() != "curl" || !last.Time.Equal(now.Add(time.Second)) {
		t.Errorf("got %s and %s at %v", first.Process.Name(), last.Process.Name(), last.Time)
	}
	if got := first.Process.Exec; got.Size() > keptArgs || got.ArgsCount != 2 {
		t.Errorf("of the first event %d bytes of %d arguments are kept, want at most %d of 2", got.Size(), got.ArgsCount, keptArgs)
	}
}

// TestLate has an event that does not come, which only time tells.
func TestLate(t *testing.T) {
	e := engine(t, `sequence by process.pid with maxspan=5s [process where process.name == "sh"] ![process where event.type == "end"]`)
	if got := play(e, at(0, exec("/bin/sh"))); got != "" {
		t.Errorf("got %q at once", got)
	}
	if got := found(e.Advance(now.Add(5 * time.Second))); got != "" {
		t.Errorf("got %q in time", got)
	}
	if got := found(e.Advance(now.Add(5*time.Second + 1))); got != "0" {
		t.Errorf("got %q when it is late, want 0", got)
	}
}

// TestInherit holds what other rules do to those that stay.
func TestInherit(t *testing.T) {
	sequence := rule(t, "s", `sequence [process where process.name == "sh"] [process where process.name == "curl"]`)
	plain := rule(t, "p", `process where process.name == "ls"`)
	old, err := New([]*rules.Rule{sequence, plain}, Options{World: aWorld()})
	if err != nil {
		t.Fatal(err)
	}
	play(old, at(1, exec("/bin/sh")), at(2, exec("/bin/ls")))
	changed := rule(t, "s", `sequence [process where process.name == "sh"] [process where process.name == "cp"]`)
	for _, tc := range []struct {
		name string
		list []*rules.Rule
		want string
	}{
		{"the same", []*rules.Rule{sequence, plain}, "s p"},
		{"others", []*rules.Rule{plain, rule(t, "q", `process where process.name == "ls"`)}, " pq"},
		{"one that was changed", []*rules.Rule{changed}, " "},
	} {
		e, err := New(tc.list, Options{World: aWorld()})
		if err != nil {
			t.Fatal(err)
		}
		e.Inherit(old)
		if got := play(e, at(4, exec("/usr/bin/curl")), at(5, exec("/bin/ls"))); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
		for _, a := range e.Activities() {
			if a.Rule.ID == "p" && a.Matches != 2 {
				t.Errorf("%s: got %d matches, want 2", tc.name, a.Matches)
			}
		}
	}
}
