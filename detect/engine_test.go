package detect

import (
	"fmt"
	"strings"
	"testing"

	"hooksnare/detect/rules"
	"hooksnare/pkg/event"
)

func TestExamine(t *testing.T) {
	fork := &event.Event{Kind: event.Fork, Process: process("/bin/zsh", "zsh")}
	exit := &event.Event{Kind: event.Exit, Process: process("/usr/bin/defaults", "defaults", "write", "com.apple.loginwindow", "LoginHook", "/a")}
	bare := exec("/usr/bin/defaults")
	bare.Process.Exec = nil
	for _, tc := range []struct {
		name    string
		event   *event.Event
		queries []string
		want    string
	}{
		{"a rule about processes", exec("/bin/ls", "ls"), []string{`process where process.name == "ls"`, `process where process.name == "cp"`}, "0"},
		{"one about every event", fork, []string{`any where event.action == "fork"`}, "0"},
		{"another category", exec("/bin/ls", "ls"), []string{`file where true`, `host where true`}, ""},
		{"a fact", setsHook("/a"), []string{`process where hooksnare.hook.key == "LoginHook"`}, "0(LoginHook)"},
		{"two facts", setsTwo(), []string{`process where hooksnare.hook.operation == "set"`, `process where process.name == "defaults"`}, "10(LoginHook)0(LogoutHook)"},
		{"rules of both kinds", setsHook("/a"), []string{`process where hooksnare.hook.key != null`, `process where true`}, "10(LoginHook)"},
		{"a tool that does nothing to hooks", exec("/usr/bin/defaults", "defaults", "read"), []string{`process where hooksnare.hook.key != null`}, ""},
		{"another tool", exec("/bin/echo", "defaults", "write", "com.apple.loginwindow", "LoginHook", "/a"), []string{`process where hooksnare.hook.key != null`}, ""},
		{"a hook or something else", exec("/bin/ls", "ls"), []string{`process where hooksnare.hook.key == "LoginHook" or process.name == "ls"`}, "0"},
		{"the same with a fact", setsHook("/a"), []string{`process where hooksnare.hook.key == "LoginHook" or process.name == "ls"`}, "0(LoginHook)"},
		{"no hook", exec("/bin/ls", "ls"), []string{`process where hooksnare.hook.key == null and process.name == "ls"`}, "0"},
		{"no hook, where there is one", setsHook("/a"), []string{`process where hooksnare.hook.key == null`}, ""},
		{"not a hook's key", fork, []string{`process where not hooksnare.hook.key == "LoginHook"`}, "0"},
		{"a fork", fork, []string{`process where hooksnare.hook.key != null`}, ""},
		{"an end", exit, []string{`process where hooksnare.hook.key != null`, `process where event.type == "end"`}, "1"},
		{"a start whose command is not known", bare, []string{`process where hooksnare.hook.key != null`, `process where process.args == null`}, "1"},
		{"about a sensor", setsHook("/a"), []string{`any where hooksnare.health.state == "x" or hooksnare.health.state == "y"`}, ""},
	} {
		e := engine(t, tc.queries...)
		if got := found(e.Examine(tc.event)); got != tc.want {
			t.Errorf("%s: got %q, want %q, of %q", tc.name, got, tc.want, tc.queries)
		}
	}
}

func TestConsider(t *testing.T) {
	e := engine(t, `host where hooksnare.health.state == "blind"`, `process where true`, `any where true`, `host where true`)
	if got, want := found(e.Consider(Condition{State: "blind", Detail: "d", Since: now})), "023"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := found(e.Consider(Condition{State: "gap"})), "23"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := e.Consider(Condition{State: "blind", Detail: "d", Since: now})[0].Record.Condition; got.Detail != "d" || got.Since != now {
		t.Errorf("got %+v", got)
	}
	if got := e.Activities()[2]; got.Rule.ID != "2" || got.Matches != 3 || !got.Last.Equal(now) {
		t.Errorf("activity: got %d matches of rule %s, the last at %v; want 3 of rule 2 at %v", got.Matches, got.Rule.ID, got.Last, now)
	}
}

// TestWorld holds that what the event does not say arrives where it is asked for.
func TestWorld(t *testing.T) {
	queries := []string{
		`process where hooksnare.hook.plist == "/Users/ann/Library/Preferences/com.apple.loginwindow.plist"`,
		`process where user.name == "ann"`, `process where process.Ext.effective_parent.name == "Terminal"`,
		`process where group.name == "staff"`, `process where host.hostname == "mac"`, `process where process.entity_id == "id70"`,
		`process where process.Ext.ancestry == "id1"`,
	}
	ev := setsHook("/a")
	ev.Process.Token.EUID, ev.Process.Responsible = 502, event.Key{PID: 9, Version: 9}
	if got := found(engine(t, queries...).Examine(ev)); got != "" {
		t.Errorf("nothing is known: got %q", got)
	}
	if got, want := found(engineIn(t, aWorld(), queries...).Examine(ev)), "1234560(LoginHook)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// aWorld knows about everything.
func aWorld() World {
	terminal := process("/Applications/Terminal")
	terminal.Token.PID, terminal.Token.Version = 1, 1
	return World{
		HostID: "ABC", Hostname: "mac", Architecture: "arm64", OSVersion: "26.0",
		UserName:  func(id uint32) string { return map[uint32]string{0: "root", 502: "ann"}[id] },
		GroupName: func(uint32) string { return "staff" },
		Home:      func(uint32) string { return "/Users/ann" },
		Entity:    func(to []byte, key event.Key) []byte { return fmt.Appendf(to, "id%d", key.PID) },
		Lookup:    func(event.Key) *event.Process { return terminal },
		Ancestors: func(*event.Process) []*event.Process { return []*event.Process{terminal} },
	}
}

// TestNewFaults holds that one bad rule leaves itself out alone, and by name.
func TestNewFaults(t *testing.T) {
	odd := rule(t, "odd-category", `process where true`)
	odd.EventCategory = "no.such"
	list := []*rules.Rule{
		rule(t, "good", `process where true`),
		rule(t, "bad", `process where no.such == 1`),
		rule(t, "many", `sequence [process where add(process.pid + process.pid + process.pid + process.pid, process.pid + process.pid + process.pid + process.pid + process.pid) > 1] [process where true]`),
		odd,
		{ID: "else", NotRunnable: "of another type"},
	}
	e, err := New(list, Options{Exceptions: []Exception{{ID: "x", Where: "process.name =="}, {ID: "y", Where: "process.args == \"a\""}, {ID: "z", Where: "true"}}})
	want := "bad.toml: query: 1:15: unknown field: no.such\n" +
		"many.toml: query: 1:25: more than 8 fields in one computation\n" +
		"odd-category.toml: query: event_category_override: unknown field: no.such\n" +
		"exception x: where: 1:16: unexpected the end of the query, expected a field or a value\n" +
		"exception y: where: process.args is what whoever runs the command says: ask for hooksnare.hook.value or process.executable"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if got := found(e.Examine(exec("/bin/ls"))); got != "good" {
		t.Errorf("got %q, want good", got)
	}
	if got := e.Uses(); len(got) != 1 || got[0].ID != "z" {
		t.Errorf("exceptions: got %+v, want z", got)
	}
}

// TestCategoryOverride has a rule that looks for its category elsewhere.
func TestCategoryOverride(t *testing.T) {
	r := rule(t, "r", `start where process.name == "ls"`)
	r.EventCategory = "event.type"
	e, err := New([]*rules.Rule{r}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := found(e.Examine(exec("/bin/ls"))); got != "r" {
		t.Errorf("got %q, want r", got)
	}
}

// TestAllocations holds what asking costs beside the time: nothing where no rule matches.
func TestAllocations(t *testing.T) {
	hooks := engine(t, `process where hooksnare.hook.operation == "set"`, `process where hooksnare.hook.key != null`)
	others := engine(t, `process where process.name == "x" and process.args : "y*"`, `process where process.parent.executable : "/z/*"`, `process where user.id == "501" and process.args_count > 9`,
		`process where process.command_line : "*z" or process.parent.command_line : "*z"`, `process where process.entity_id == "x" or user.id == "7"`,
		`process where process.args : ("q", "r", "s")`, `process where process.start == "x" or @timestamp == "y"`, `sequence by user.id [process where process.args == "q"] [process where true]`)
	ls, long := exec("/bin/ls", "ls", "-l"), exec("/bin/ls", strings.Repeat("x", 5000))
	ls.Process.Token.EUID, ls.Parent = 501, process("/bin/zsh", "zsh")
	for _, tc := range []struct {
		name string
		want float64
		run  func()
	}{
		{"an event of no interest", 0, func() { hooks.Examine(ls) }},
		{"an event that no rule matches", 0, func() { others.Examine(ls) }},
		{"a long one", 0, func() { others.Examine(long) }},
	} {
		if got := testing.AllocsPerRun(100, tc.run); got > tc.want {
			t.Errorf("%s: got %v allocations, want %v", tc.name, got, tc.want)
		}
	}
}

// TestCommandLineOfEach holds that what was joined for one event is not shown for the next.
func TestCommandLineOfEach(t *testing.T) {
	e := engine(t, `process where process.command_line == "a b"`, `process where process.parent.command_line == "a b"`)
	for i, tc := range []struct {
		own, parent []string
		want        string
	}{
		{[]string{"a", "b"}, []string{"c"}, "0"}, {[]string{"c"}, []string{"a", "b"}, "1"},
		{[]string{"a b"}, []string{"a b"}, "01"}, {nil, nil, ""},
	} {
		ev := exec("/bin/x", tc.own...)
		ev.Parent = process("/bin/y", tc.parent...)
		if got := found(e.Examine(ev)); got != tc.want {
			t.Errorf("event %d: got %q, want %q", i, got, tc.want)
		}
	}
}
