package detect

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// everything is an event with a value for everything.
func everything() *Record {
	p := process("/usr/bin/defaults", "defaults", "write")
	p.Token = event.Token{PID: 70, Version: 7, AUID: 501, EUID: 0, RUID: 502, EGID: 20, RGID: 80}
	p.GroupID, p.SessionID, p.TTY, p.Start = 71, 72, "/dev/ttys001", now.Add(-time.Second)
	p.Responsible = event.Key{PID: 50, Version: 5}
	p.Exec.ArgsCount, p.Exec.Env = 9, []string{"HOME=/var/root"}
	p.Image = &event.Image{Executable: "/usr/bin/defaults", SigningID: "com.apple.defaults", TeamID: "TEAM", CDHash: "AB12",
		Flags: event.CSValid | event.CSSigned, Platform: true}
	parent := process("/bin/zsh", "zsh", "-c")
	parent.Token = event.Token{PID: 60, Version: 6, EUID: 503, RUID: 504, EGID: 505}
	parent.GroupID, parent.SessionID, parent.Start = 61, 62, now.Add(-time.Minute)
	parent.Image = &event.Image{Executable: "/bin/zsh", SigningID: "com.apple.zsh", TeamID: "PARENT", CDHash: "CD", Flags: event.CSSigned | event.CSAdhoc}
	parent.Exec.Env = []string{"SUDO_USER=x"}
	responsible := process("/Applications/Terminal.app/Contents/MacOS/Terminal")
	responsible.Token.PID = 50
	responsible.Image.SigningID, responsible.Image.TeamID = "com.apple.Terminal", "T"
	w := &World{
		HostID: "ABC", Hostname: "mac", Architecture: "arm64", OSVersion: "26.1",
		UserName:  func(id uint32) string { return fmt.Sprint("u", id) },
		GroupName: func(id uint32) string { return fmt.Sprint("g", id) },
		Entity:    func(to []byte, key event.Key) []byte { return fmt.Appendf(to, "e%d", key.PID) },
		Lookup:    func(event.Key) *event.Process { return responsible },
		Ancestors: func(*event.Process) []*event.Process { return []*event.Process{parent, responsible} },
	}
	return &Record{
		Event: &event.Event{Kind: event.ExecKind, Time: now, GlobalSeq: 5, Process: p, Parent: parent, Previous: &event.Image{Executable: "/bin/sh"}},
		Fact: &hook.Fact{
			Tool: "defaults", Verb: "write", Operation: hook.Set, Key: "LoginHook", Value: "/a", HasValue: true,
			Source: "Foo", SourceFile: "/f", Domain: "com.apple.loginwindow", Plist: "/p", Scope: hook.Root,
		},
		world: w, composed: newComposedTexts(),
	}
}

// TestFields holds the value of every field.
func TestFields(t *testing.T) {
	want := map[string]string{
		"@timestamp": `"2026-03-01T09:00:00Z"`, "event.created": `"2026-03-01T09:00:00Z"`,
		"event.category": `("process")`, "event.type": `("start")`, "event.action": `"exec"`, "event.sequence": "5",
		"event.kind": `"event"`, "event.module": `"hooksnare"`,
		"host.os.type": `"macos"`, "host.os.family": `"macos"`, "host.os.platform": `"macos"`, "host.os.name": `"macOS"`, "host.os.version": `"26.1"`,
		"host.id": `"ABC"`, "host.name": `"mac"`, "host.hostname": `"mac"`, "host.architecture": `"arm64"`,
		"user.id": `"0"`, "user.name": `"u0"`, "user.Ext.real.id": `"502"`, "user.Ext.real.name": `"u502"`, "group.id": `"20"`, "group.name": `"g20"`,

		"process.pid": "70", "process.entity_id": `"e70"`, "process.executable": `"/usr/bin/defaults"`, "process.name": `"defaults"`,
		"process.args": `("defaults", "write")`, "process.args_count": "9", "process.command_line": `"defaults write"`,
		"process.working_directory": `"/tmp"`, "process.env_vars": `("HOME=/var/root")`,
		"process.tty": `"/dev/ttys001"`, "process.tty.name": `"/dev/ttys001"`, "process.interactive": "true", "process.start": `"2026-03-01T08:59:59Z"`,
		"process.user.id": `"0"`, "process.user.name": `"u0"`, "process.real_user.id": `"502"`, "process.real_user.name": `"u502"`,
		"process.group.id": `"20"`, "process.group.name": `"g20"`,
		"process.group_leader.pid": "71", "process.session_leader.pid": "72",
		"process.hash.cdhash": `"AB12"`, "process.previous.executable": `"/bin/sh"`, "process.exit_code": "null",
		"process.code_signature.exists": "true", "process.code_signature.signing_id": `"com.apple.defaults"`,
		"process.code_signature.team_id": `"TEAM"`, "process.code_signature.trusted": "true",

		"process.parent.pid": "60", "process.parent.entity_id": `"e60"`, "process.parent.executable": `"/bin/zsh"`, "process.parent.name": `"zsh"`,
		"process.parent.args": `("zsh", "-c")`, "process.parent.args_count": "2", "process.parent.command_line": `"zsh -c"`,
		"process.parent.working_directory": `"/tmp"`, "process.parent.env_vars": `("SUDO_USER=x")`,
		"process.parent.tty": "null", "process.parent.tty.name": "null", "process.parent.interactive": "false", "process.parent.start": `"2026-03-01T08:59:00Z"`,
		"process.parent.user.id": `"503"`, "process.parent.user.name": `"u503"`, "process.parent.real_user.id": `"504"`, "process.parent.real_user.name": `"u504"`,
		"process.parent.group.id": `"505"`, "process.parent.group.name": `"g505"`,
		"process.parent.group_leader.pid": "61", "process.parent.session_leader.pid": "62", "process.parent.hash.cdhash": `"CD"`,
		"process.parent.code_signature.exists": "true", "process.parent.code_signature.signing_id": `"com.apple.zsh"`,
		"process.parent.code_signature.team_id": `"PARENT"`, "process.parent.code_signature.trusted": "false",

		"process.Ext.ancestry": `("e60", "e50")`, "process.Ext.effective_parent.pid": "50", "process.Ext.effective_parent.name": `"Terminal"`,
		"process.Ext.effective_parent.entity_id":              `"e50"`,
		"process.Ext.effective_parent.executable":             `"/Applications/Terminal.app/Contents/MacOS/Terminal"`,
		"process.Ext.effective_parent.code_signature.exists":  "false",
		"process.Ext.effective_parent.code_signature.trusted": "false", "process.Ext.effective_parent.code_signature.team_id": `"T"`,
		"process.Ext.effective_parent.code_signature.signing_id": `"com.apple.Terminal"`,

		"hooksnare.hook.tool": `"defaults"`, "hooksnare.hook.verb": `"write"`, "hooksnare.hook.operation": `"set"`,
		"hooksnare.hook.key": `"LoginHook"`, "hooksnare.hook.value": `"/a"`, "hooksnare.hook.source": `"Foo"`,
		"hooksnare.hook.source_file": `"/f"`, "hooksnare.hook.domain": `"com.apple.loginwindow"`, "hooksnare.hook.plist": `"/p"`,
		"hooksnare.hook.scope": `"root"`, "hooksnare.health.state": "null",
		"hooksnare.hook.previous_value": "null", "hooksnare.verdict": "null", "hooksnare.change.since": "null", "hooksnare.change.what": "null",
		"hooksnare.unreadable.path": "null", "hooksnare.unreadable.why": "null",
	}
	names := fieldNames()
	if len(names) != len(want) {
		t.Errorf("got %d names, want %d", len(names), len(want))
	}
	kept := everything()
	kept.composed = nil
	r := everything()
	for _, name := range names {
		f, ok := Fields(name)
		if !ok {
			t.Errorf("%s: is no field", name)
			continue
		}
		for range 2 { // what is made once is there the second time
			if got := f(r).String(); got != want[name] {
				t.Errorf("%s: got %s, want %s", name, got, want[name])
			}
		}
		if got := f(kept).String(); got != want[name] {
			t.Errorf("%s of a record that is kept: got %s, want %s", name, got, want[name])
		}
	}
	if _, ok := Fields("no.such"); ok {
		t.Error("no.such: is a field")
	}
}

func fieldNames() []string { return slices.Sorted(maps.Keys(fields)) }

// TestFieldsDocument holds that FIELDS.md describes every field and no other: name, type,
// source, and what is approximate.
func TestFieldsDocument(t *testing.T) {
	text, err := os.ReadFile("FIELDS.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (keyword|keywords|long|boolean|date) \\| [^|]+ \\| [^|]*\\|$")
	var got []string
	for _, found := range row.FindAllStringSubmatch(string(text), -1) {
		got = append(got, found[1])
	}
	if want := fieldNames(); !slices.Equal(got, want) {
		t.Errorf("got rows for %v\nwant %v", got, want)
	}
}

// TestAbsent holds which fields are there where hardly anything is: the rest is missing,
// and none of them is empty.
func TestAbsent(t *testing.T) {
	little := &event.Process{Image: &event.Image{}}
	always := []string{
		"event.category", "event.kind", "event.module", "host.hostname", "host.id", "host.name",
		"host.os.family", "host.os.name", "host.os.platform", "host.os.type",
	}
	every := []string{
		"code_signature.exists", "code_signature.trusted", "entity_id", "group.id", "group_leader.pid", "interactive", "pid",
		"real_user.id", "session_leader.pid", "user.id",
	}
	ofProcess := []string{"event.action", "event.sequence", "event.type", "group.id", "user.Ext.real.id", "user.id"}
	var ofParent []string
	for _, name := range every {
		ofProcess, ofParent = append(ofProcess, "process."+name), append(ofParent, "process.parent."+name)
	}
	for _, tc := range []struct {
		name   string
		record Record
		want   []string
	}{
		{"nothing", Record{}, always},
		{"a condition", Record{Condition: &Condition{State: "blind"}}, slices.Concat(always, []string{"hooksnare.health.state"})},
		{"a condition without a name", Record{Condition: &Condition{}}, always},
		{"a condition with a time", Record{Condition: &Condition{Since: now}}, slices.Concat(always, []string{"@timestamp", "event.created"})},
		{"a fork", Record{Event: &event.Event{Kind: event.Fork, Process: little}}, slices.Concat(always, ofProcess)},
		{"an exec without arguments", Record{Event: &event.Event{Kind: event.ExecKind, Process: &event.Process{Image: little.Image, Exec: &event.Exec{}}}},
			slices.Concat(always, ofProcess, []string{"process.args_count"})},
		{"an empty argument", Record{Event: &event.Event{Kind: event.ExecKind, Process: &event.Process{Image: little.Image, Exec: &event.Exec{Args: []string{""}}}}},
			slices.Concat(always, ofProcess, []string{"process.args", "process.args_count"})},
		{"an exit", Record{Event: &event.Event{Kind: event.Exit, Process: little}}, slices.Concat(always, ofProcess, []string{"process.exit_code"})},
		{"a parent", Record{Event: &event.Event{Kind: event.Fork, Process: little, Parent: little}}, slices.Concat(always, ofProcess, ofParent)},
		{"a parent's empty command", Record{Event: &event.Event{Kind: event.Fork, Process: little, Parent: &event.Process{Image: little.Image, Exec: &event.Exec{}}}},
			slices.Concat(always, ofProcess, ofParent, []string{"process.parent.args_count"})},
		{"an empty fact", Record{Event: &event.Event{Kind: event.Fork, Process: little}, Fact: &hook.Fact{}}, slices.Concat(always, ofProcess)},
		{"an empty value", Record{Event: &event.Event{Kind: event.Fork, Process: little}, Fact: &hook.Fact{HasValue: true}},
			slices.Concat(always, ofProcess, []string{"hooksnare.hook.value"})},
		{"an empty image before", Record{Event: &event.Event{Kind: event.Fork, Process: little, Previous: &event.Image{}}}, slices.Concat(always, ofProcess)},
		{"an empty world", Record{Event: &event.Event{Kind: event.Fork, Process: little}, world: &unknownWorld}, slices.Concat(always, ofProcess)},
	} {
		var got []string
		for _, name := range fieldNames() {
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

// TestExitCode reads statuses of wait(2).
func TestExitCode(t *testing.T) {
	for status, want := range map[int32]string{0: "0", 256: "1", 127 << 8: "127", 9: "137", 0x80 | 11: "139", 255 << 8: "255"} {
		if got := exitCode(&event.Event{Kind: event.Exit, ExitStatus: status}).String(); got != want {
			t.Errorf("%#x: got %s, want %s", status, got, want)
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
