package detect

import (
	"slices"
	"testing"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// everything is an event with a value for everything.
func everything() *Record {
	p := process("/usr/bin/defaults", "defaults", "write")
	p.Token = event.Token{PID: 70, Version: 7, AUID: 501, EUID: 0, RUID: 502, EGID: 20, RGID: 80}
	p.GroupID, p.SessionID, p.TTY = 71, 72, "/dev/ttys001"
	p.Exec.ArgsCount, p.Exec.Env = 9, []string{"HOME=/var/root"}
	p.Image = &event.Image{Executable: "/usr/bin/defaults", SigningID: "com.apple.defaults", TeamID: "TEAM", CDHash: "AB12",
		Flags: event.CSValid | event.CSSigned, Platform: true}
	parent := process("/bin/zsh", "zsh", "-c")
	parent.Token.PID = 60
	parent.Image = &event.Image{Executable: "/bin/zsh", SigningID: "com.apple.zsh", TeamID: "PARENT", Flags: event.CSSigned | event.CSAdhoc}
	responsible := process("/Applications/Terminal.app/Contents/MacOS/Terminal")
	responsible.Token.PID = 50
	return &Record{
		Event:    &event.Event{Kind: event.ExecKind, GlobalSeq: 5, Process: p, Parent: parent, Previous: &event.Image{Executable: "/bin/sh"}},
		UserName: "root", Responsible: responsible,
		Fact: &hook.Fact{
			Tool: "defaults", Verb: "write", Operation: hook.Set, Key: "LoginHook", Value: "/a", HasValue: true,
			Source: "Foo", SourceFile: "/f", Domain: "com.apple.loginwindow", Plist: "/p", Scope: hook.Root,
		},
	}
}

// TestFields holds the value of every field.
func TestFields(t *testing.T) {
	want := map[string]string{
		"event.category": `"process"`, "event.type": `("start")`, "event.action": `"exec"`, "event.sequence": "5", "event.kind": `"event"`,
		"host.os.type": `"macos"`,
		"user.id":      `"0"`, "user.name": `"root"`, "user.Ext.real.id": `"502"`, "group.id": `"20"`,
		"process.pid": "70", "process.executable": `"/usr/bin/defaults"`, "process.name": `"defaults"`,
		"process.args": `("defaults", "write")`, "process.args_count": "9", "process.command_line": `"defaults write"`,
		"process.working_directory": `"/tmp"`, "process.env_vars": `("HOME=/var/root")`, "process.tty.name": `"/dev/ttys001"`,
		"process.user.id": `"0"`, "process.real_user.id": `"502"`, "process.group.id": `"20"`,
		"process.group_leader.pid": "71", "process.session_leader.pid": "72",
		"process.hash.cdhash": `"AB12"`, "process.previous.executable": `"/bin/sh"`, "process.exit_code": "null",
		"process.code_signature.exists": "true", "process.code_signature.signing_id": `"com.apple.defaults"`,
		"process.code_signature.team_id": `"TEAM"`, "process.code_signature.trusted": "true",
		"process.parent.pid": "60", "process.parent.executable": `"/bin/zsh"`, "process.parent.name": `"zsh"`,
		"process.parent.args": `("zsh", "-c")`, "process.parent.args_count": "2", "process.parent.command_line": `"zsh -c"`,
		"process.parent.code_signature.exists": "true", "process.parent.code_signature.signing_id": `"com.apple.zsh"`,
		"process.parent.code_signature.team_id": `"PARENT"`, "process.parent.code_signature.trusted": "false",
		"process.Ext.effective_parent.pid": "50", "process.Ext.effective_parent.name": `"Terminal"`,
		"process.Ext.effective_parent.executable": `"/Applications/Terminal.app/Contents/MacOS/Terminal"`,
		"hooksnare.hook.tool":                     `"defaults"`, "hooksnare.hook.verb": `"write"`, "hooksnare.hook.operation": `"set"`,
		"hooksnare.hook.key": `"LoginHook"`, "hooksnare.hook.value": `"/a"`, "hooksnare.hook.source": `"Foo"`,
		"hooksnare.hook.source_file": `"/f"`, "hooksnare.hook.domain": `"com.apple.loginwindow"`, "hooksnare.hook.plist": `"/p"`,
		"hooksnare.hook.scope": `"root"`, "hooksnare.health.state": "null",
	}
	names := FieldNames()
	if !slices.IsSorted(names) || len(names) != len(want) {
		t.Errorf("got %d names (sorted: %v), want %d", len(names), slices.IsSorted(names), len(want))
	}
	for _, name := range names {
		f, ok := Fields(name)
		if !ok {
			t.Errorf("%s: is no field", name)
			continue
		}
		if got := f(everything()).String(); got != want[name] {
			t.Errorf("%s: got %s, want %s", name, got, want[name])
		}
	}
	if _, ok := Fields("no.such"); ok {
		t.Error("no.such: is a field")
	}
}

// TestAbsent holds which fields are there where hardly anything is: the rest is missing,
// and none of them is empty.
func TestAbsent(t *testing.T) {
	little := &event.Process{Image: &event.Image{}}
	always := []string{"event.category", "event.kind", "host.os.type"}
	ofProcess := []string{
		"event.action", "event.sequence", "event.type", "group.id", "process.code_signature.exists", "process.code_signature.trusted",
		"process.group.id", "process.group_leader.pid", "process.pid", "process.real_user.id", "process.session_leader.pid", "process.user.id",
		"user.Ext.real.id", "user.id",
	}
	ofParent := []string{"process.parent.code_signature.exists", "process.parent.code_signature.trusted", "process.parent.pid"}
	for _, tc := range []struct {
		name   string
		record Record
		want   []string
	}{
		{"a condition", Record{Condition: &Condition{State: "blind"}}, slices.Concat(always, []string{"hooksnare.health.state"})},
		{"a condition without a name", Record{Condition: &Condition{}}, always},
		{"a fork", Record{Event: &event.Event{Kind: event.Fork, Process: little}}, slices.Concat(always, ofProcess)},
		{"an exec without arguments", Record{Event: &event.Event{Kind: event.ExecKind, Process: &event.Process{Image: little.Image, Exec: &event.Exec{}}}},
			slices.Concat(always, ofProcess, []string{"process.args_count"})},
		{"an exit", Record{Event: &event.Event{Kind: event.Exit, Process: little}}, slices.Concat(always, ofProcess, []string{"process.exit_code"})},
		{"a parent", Record{Event: &event.Event{Kind: event.Fork, Process: little, Parent: little}}, slices.Concat(always, ofProcess, ofParent)},
		{"a parent's empty command", Record{Event: &event.Event{Kind: event.Fork, Process: little, Parent: &event.Process{Image: little.Image, Exec: &event.Exec{}}}},
			slices.Concat(always, ofProcess, ofParent, []string{"process.parent.args_count"})},
		{"an empty fact", Record{Event: &event.Event{Kind: event.Fork, Process: little}, Fact: &hook.Fact{}}, slices.Concat(always, ofProcess)},
		{"an empty value", Record{Event: &event.Event{Kind: event.Fork, Process: little}, Fact: &hook.Fact{HasValue: true}},
			slices.Concat(always, ofProcess, []string{"hooksnare.hook.value"})},
		{"an empty image before", Record{Event: &event.Event{Kind: event.Fork, Process: little, Previous: &event.Image{}}}, slices.Concat(always, ofProcess)},
	} {
		var got []string
		for _, name := range FieldNames() {
			if f, _ := Fields(name); f(&tc.record).String() != "null" {
				got = append(got, name)
			}
		}
		slices.Sort(tc.want)
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %v\nwant %v", tc.name, got, tc.want)
		}
	}
}

// TestActions holds how each kind of event is called.
func TestActions(t *testing.T) {
	for kind, want := range map[event.Kind][2]string{
		event.ExecKind: {`"exec"`, `("start")`}, event.Fork: {`"fork"`, `("start")`}, event.Exit: {`"end"`, `("end")`}, event.Other: {`"other"`, "null"},
	} {
		r := &Record{Event: &event.Event{Kind: kind, Process: process("/bin/ls"), ExitStatus: 256}}
		action, _ := Fields("event.action")
		types, _ := Fields("event.type")
		if got := [2]string{action(r).String(), types(r).String()}; got != want {
			t.Errorf("%v: got %v, want %v", kind, got, want)
		}
	}
}
