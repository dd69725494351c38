package detect

import (
	"math/rand/v2"
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
		if got := found(e.Examine(tc.event, Surroundings{})); got != tc.want {
			t.Errorf("%s: got %q, want %q, of %q", tc.name, got, tc.want, tc.queries)
		}
		if e.Interesting(tc.event) || tc.want == "" {
			continue
		}
		t.Errorf("%s: it is not interesting, and yet %q is found", tc.name, tc.want)
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
	if got := e.Matches("2"); got != 3 {
		t.Errorf("matches: got %d, want 3", got)
	}
}

// TestSurroundings holds that what can't be looked up here arrives where it is asked for.
func TestSurroundings(t *testing.T) {
	e := engine(t,
		`process where hooksnare.hook.plist == "/Users/ann/Library/Preferences/com.apple.loginwindow.plist"`,
		`process where user.name == "ann"`, `process where process.Ext.effective_parent.name == "Terminal"`)
	ev := setsHook("/a")
	ev.Process.Token.EUID = 502
	if got := found(e.Examine(ev, Surroundings{})); got != "" {
		t.Errorf("nothing is known: got %q", got)
	}
	s := Surroundings{Home: "/Users/ann", UserName: "ann", Responsible: process("/Applications/Terminal")}
	if got, want := found(e.Examine(ev, s)), "120(LoginHook)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestNewFaults holds that one bad rule leaves itself out alone, and by name.
func TestNewFaults(t *testing.T) {
	odd := rule(t, "odd-category", `process where true`)
	odd.EventCategory = "no.such"
	list := []*rules.Rule{
		rule(t, "good", `process where true`),
		rule(t, "bad", `process where no.such == 1`),
		odd,
		{ID: "else", NotRunnable: "of another type"},
		rule(t, "files", `file where file.path == "/x"`),
	}
	e, err := New(list, []Exception{{ID: "x", Where: "process.name =="}, {ID: "y", Where: "process.args == \"a\""}, {ID: "z", Where: "true"}})
	want := "bad.toml: query: 1:15: unknown field: no.such\n" +
		"odd-category.toml: query: event_category_override: unknown field: no.such\n" +
		"exception x: where: 1:16: unexpected the end of the query, want a field or a value\n" +
		"exception y: where: process.args is what whoever runs the command says: ask for hooksnare.hook.value or process.executable"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if got := found(e.Examine(exec("/bin/ls"), Surroundings{})); got != "good" {
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
	e, err := New([]*rules.Rule{r}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := found(e.Examine(exec("/bin/ls"), Surroundings{})); got != "r" {
		t.Errorf("got %q, want r", got)
	}
}

// TestUninteresting tries random events on random rules: what Interesting passes over,
// Examine finds nothing in.
func TestUninteresting(t *testing.T) {
	conditions := []string{
		`process.name == "defaults"`, `hooksnare.hook.key == "LoginHook"`, `hooksnare.hook.value : "/a*"`, `hooksnare.hook.key != null`,
		`hooksnare.hook.key == null`, `not hooksnare.hook.operation in ("set", "remove")`, `hooksnare.health.state == "x"`,
		`event.action == "fork"`, `process.args : "write"`, `true`, `hooksnare.hook.key == hooksnare.hook.source`,
	}
	executables := []string{"/usr/bin/defaults", "/bin/ls", "/usr/libexec/PlistBuddy", "/tmp/DEFAULTS", "", "/"}
	commands := [][]string{
		nil, {"defaults"}, {"x", "write", "com.apple.loginwindow", "LoginHook", "/a"}, {"x", "delete", "com.apple.loginwindow"},
		{"x", "-c", "Add :LogoutHook string /a", "/private/var/root/Library/Preferences/com.apple.loginwindow.plist"},
	}
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	passed, matched := 0, 0
	for range 4000 {
		var queries []string
		for range 1 + r.IntN(2) {
			q := pick([]string{"process", "any", "host", "file"}) + " where " + pick(conditions)
			if r.IntN(2) == 0 {
				q += pick([]string{" and ", " or "}) + pick(conditions)
			}
			queries = append(queries, q)
		}
		ev := exec(pick(executables), commands[r.IntN(len(commands))]...)
		ev.Kind = event.Kind(1 + r.IntN(3))
		ev.Process.Image.SigningID = pick([]string{"", "com.apple.defaults", "x"})
		if r.IntN(5) == 0 {
			ev.Process.Exec = nil
		}
		e := engine(t, queries...)
		got := found(e.Examine(ev, Surroundings{}))
		if got != "" {
			matched++
		}
		if e.Interesting(ev) {
			continue
		}
		if passed++; got != "" {
			t.Fatalf("%v of %+v is not interesting, and yet %q is found of %q", ev.Kind, ev.Process.Image, got, queries)
		}
	}
	if passed < 300 || matched < 300 {
		t.Errorf("%d events were passed over and %d matched: the test tries too little", passed, matched)
	}
}

// TestAllocations holds what asking costs beside the time: nothing where no rule matches.
func TestAllocations(t *testing.T) {
	builtin := engine(t, `process where hooksnare.hook.operation == "set"`, `process where hooksnare.hook.key != null`)
	others := engine(t, `process where process.name == "x" and process.args : "y*"`, `process where process.parent.executable : "/z/*"`, `process where user.id == "0" and process.args_count > 9`)
	ls, write := exec("/bin/ls", "ls", "-l"), setsHook("/a")
	for _, tc := range []struct {
		name string
		want float64
		run  func()
	}{
		{"an event of no interest", 0, func() { builtin.Interesting(ls) }},
		{"an event of interest", 0, func() { builtin.Interesting(write) }},
		{"an event that no rule matches", 0, func() { others.Examine(ls, Surroundings{}) }},
	} {
		if got := testing.AllocsPerRun(100, tc.run); got > tc.want {
			t.Errorf("%s: got %v allocations, want %v", tc.name, got, tc.want)
		}
	}
}

// TestCommandLineOnce holds that a long command line is joined once, whoever asks for it.
func TestCommandLineOnce(t *testing.T) {
	ask := func(n int) float64 {
		var queries []string
		for range n {
			queries = append(queries, `process where process.command_line : "*y" or process.parent.command_line : "*y"`)
		}
		e := engine(t, queries...)
		ev := exec("/bin/sh", "sh", "-c", strings.Repeat("x", 1<<16))
		ev.Parent = process("/bin/zsh", "zsh", strings.Repeat("z", 1<<16))
		return testing.AllocsPerRun(20, func() { e.Examine(ev, Surroundings{}) })
	}
	if one, many := ask(1), ask(9); one != 2 || many != one {
		t.Errorf("got %v allocations for one rule, %v for nine; want 2, 2", one, many)
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
		if got := found(e.Examine(ev, Surroundings{})); got != tc.want {
			t.Errorf("event %d: got %q, want %q", i, got, tc.want)
		}
	}
}
