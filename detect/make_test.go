package detect

import (
	"testing"
	"time"

	"hooksnare/detect/eql"
	"hooksnare/detect/hook"
	"hooksnare/detect/rules"
	"hooksnare/pkg/event"
)

// now is when tests happen.
var now = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// rule is a rule of a query.
func rule(t testing.TB, id, query string) *rules.Rule {
	t.Helper()
	q, err := eql.Parse(query, FieldKind)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return &rules.Rule{File: id + ".toml", ID: id, Name: "Rule " + id, Type: "eql", Text: query, Query: q, Severity: rules.Medium, RiskScore: 47, MaxSignals: 3}
}

// engine is an engine of rules that are named by their numbers.
func engine(t testing.TB, queries ...string) *Engine {
	t.Helper()
	return engineIn(t, World{}, queries...)
}

func engineIn(t testing.TB, w World, queries ...string) *Engine {
	t.Helper()
	var list []*rules.Rule
	for i, q := range queries {
		list = append(list, rule(t, string(rune('0'+i)), q))
	}
	e, err := New(list, Options{World: w})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// process is a process of root's.
func process(executable string, args ...string) *event.Process {
	return &event.Process{
		Token: event.Token{PID: 70, Version: 7, AUID: 501}, Parent: event.Key{PID: 60, Version: 6},
		Image: &event.Image{Executable: executable},
		Exec:  &event.Exec{Args: args, ArgsCount: len(args), WorkingDirectory: "/tmp", Time: now},
	}
}

// exec is the start of a process.
func exec(executable string, args ...string) *event.Event {
	return &event.Event{Kind: event.ExecKind, Time: now, Process: process(executable, args...)}
}

// setsHook is a command that sets a hook to a value.
func setsHook(value string) *event.Event {
	return exec("/usr/bin/defaults", "defaults", "write", "com.apple.loginwindow", "LoginHook", value)
}

// setsTwo is a command that sets both hooks.
func setsTwo() *event.Event {
	return exec("/usr/bin/defaults", "defaults", "write", "com.apple.loginwindow", `{LoginHook="/a";LogoutHook="/b";}`)
}

// found names what was found, in order.
func found(list []Finding) string {
	s := ""
	for i := range list {
		s += list[i].Rule.ID
		if f := list[i].Record.Fact; f != nil {
			s += "(" + f.Key + ")"
		}
	}
	return s
}

// hooked is a finding of a fact.
func hooked(t testing.TB, change func(f *Finding)) *Finding {
	p := process("/usr/bin/defaults", "defaults", "write")
	f := &Finding{
		Rule: rule(t, "r", "any where true"),
		Record: Record{
			Event: &event.Event{Kind: event.ExecKind, Time: now, Process: p},
			Fact: &hook.Fact{
				Tool: "defaults", Verb: "write", Operation: hook.Set, Key: hook.LoginHook, Value: "/a", HasValue: true,
				Domain: "com.apple.loginwindow", Plist: "/p", Scope: hook.Root, Strict: true,
			},
		},
	}
	if change != nil {
		change(f)
	}
	return f
}
