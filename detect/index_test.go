package detect

import (
	"math/rand/v2"
	"slices"
	"testing"

	"hooksnare/detect/eql"
	"hooksnare/detect/rules"
	"hooksnare/pkg/event"
)

// randomCondition is a condition of the kinds of which an index can make use, and others.
func randomCondition(r *rand.Rand, depth int) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	if depth > 0 && r.IntN(3) > 0 {
		a, b := randomCondition(r, depth-1), randomCondition(r, depth-1)
		switch r.IntN(5) {
		case 0:
			return "not (" + a + ")"
		case 1, 2:
			return "(" + a + ") or (" + b + ")"
		}
		return "(" + a + ") and (" + b + ")"
	}
	return pick(
		`process.name == "ls"`, `process.name : ("DEFAULTS", "zsh")`, `process.name in ("ls", "plutil")`, `process.name like~ "l*"`, `process.name == "ſh"`,
		`process.name : "sh"`, `process.args == "-c"`, `process.args : ("WRITE", "\u{212a}ill", "-C")`, `process.parent.name == "zsh"`, `process.parent.name != null`,
		`event.type == "start"`, `event.type : "END"`, `event.action in ("exec", "fork")`, `event.action != "exec"`, `event.category == "process"`,
		`host.os.type == "macos"`, `host.os.type != "macos"`, `process.executable : "/bin/*"`, `process.name : ("de*", "ſu*", "PL*dy")`, `process.name like ("de*", "LS")`, `process.args : ("com.apple.l*", "\u{212a}il*")`, `user.id == "0"`, `process.args_count > 2`,
		`hooksnare.hook.key == "LoginHook"`, `hooksnare.hook.key == null`, `hooksnare.hook.operation in ("set", "remove")`, `not hooksnare.hook.value : "/a*"`,
		`hooksnare.hook.key == hooksnare.hook.source`, `hooksnare.health.state == "x"`, `hooksnare.health.state == null`, `length(process.name) > 2`, `true`,
	)
}

func randomEvent(r *rand.Rand) *event.Event {
	executables := []string{"/usr/bin/defaults", "/bin/ls", "/usr/libexec/PlistBuddy", "/tmp/DEFAULTS", "", "/bin/ſh", "/bin/SH", "/bin/zsh"}
	commands := [][]string{
		nil, {"defaults"}, {"x", "write", "com.apple.loginwindow", "LoginHook", "/a"}, {"x", "delete", "com.apple.loginwindow"}, {"kill", "-c"}, {"\u212aill"},
		{"x", "-c", "Add :LogoutHook string /a", "/private/var/root/Library/Preferences/com.apple.loginwindow.plist"},
	}
	ev := exec(executables[r.IntN(len(executables))], commands[r.IntN(len(commands))]...)
	ev.Kind = event.Kind(1 + r.IntN(3))
	ev.Process.Image.SigningID = []string{"", "com.apple.defaults", "x"}[r.IntN(3)]
	if r.IntN(5) == 0 {
		ev.Process.Exec = nil
	}
	if r.IntN(2) == 0 {
		ev.Parent = process(executables[r.IntN(len(executables))], "zsh")
	}
	return ev
}

// whole asks the whole of a rule, as if it were the only one.
func whole(t *testing.T, p *program, r *Record) []Finding {
	t.Helper()
	m, err := eql.Compile(p.rule.Query, category, Fields)
	if err != nil {
		t.Fatal(err)
	}
	if !m.Match(r) {
		return nil
	}
	return []Finding{{Rule: p.rule, Record: *r}}
}

// TestIndexIsSound asks random rules about random events twice: by way of the index, and
// each rule of its own accord. They find the same.
func TestIndexIsSound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	asked, passed, matched := 0, 0, 0
	for range 3000 {
		var list []*rules.Rule
		for i := range 1 + r.IntN(5) {
			category := []string{"process", "any", "host", "file"}[r.IntN(4)]
			list = append(list, rule(t, string(rune('a'+i)), category+" where "+randomCondition(r, 2)))
		}
		e, err := New(list, Options{})
		if err != nil {
			t.Fatal(err)
		}
		ev := randomEvent(r)
		got, want := found(e.Examine(ev)), ""
		facts := e.facts(ev)
		for _, p := range e.programs {
			if !p.hooks || len(facts) == 0 {
				want += found(whole(t, p, &Record{Event: ev}))
			}
		}
		for i := range facts {
			for _, p := range e.programs {
				if p.hooks {
					want += found(whole(t, p, &Record{Event: ev, Fact: &facts[i]}))
				}
			}
		}
		if got != want {
			for _, l := range list {
				t.Log(l.ID, l.Text)
			}
			t.Fatalf("%v of %+v with %v: got %q, want %q", ev.Kind, ev.Process.Image, ev.Process.Exec, got, want)
		}
		if got != "" {
			matched++
		}
		if slices.Contains(e.index[ev.Kind].found, true) {
			asked++
		} else {
			passed++
		}
	}
	if passed < 300 || matched < 300 {
		t.Errorf("of 3000 events %d were passed over, %d asked about and %d matched: the test tries too little", passed, asked, matched)
	}
}
