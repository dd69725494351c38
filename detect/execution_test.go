package detect

import (
	"testing"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// started is a process that loginwindow started, unless change says otherwise.
func started(image string, args []string, change ...func(*event.Event)) *event.Event {
	ev := exec(image, args...)
	ev.Process.Exec.WorkingDirectory = "/"
	ev.Parent = &event.Process{Token: event.Token{PID: 60, Version: 6}, Image: &event.Image{Executable: loginwindow}}
	for _, f := range change {
		f(ev)
	}
	return ev
}

func script(path string) func(*event.Event) {
	return func(ev *event.Event) { ev.Process.Exec.Script = path }
}

func dyld(path string) func(*event.Event) {
	return func(ev *event.Event) { ev.Process.Exec.DyldPath = path }
}

func in(folder string) func(*event.Event) {
	return func(ev *event.Event) { ev.Process.Exec.WorkingDirectory = folder }
}

// from makes programs the ancestors of a process, the parent first.
func from(programs ...string) func(*event.Event) {
	return func(ev *event.Event) {
		for i, program := range programs {
			pid := int32(1000 + len(ancestors))
			p := &event.Process{Token: event.Token{PID: pid, Version: 1}, Parent: event.Key{PID: pid + 1, Version: 1}, Image: &event.Image{Executable: program}}
			if ancestors[p.Key()] = p; i == 0 {
				ev.Parent = p
			}
		}
		ancestors[event.Key{PID: int32(1000 + len(ancestors)), Version: 1}] = nil
	}
}

// ancestors are the processes that from made; each line of them ends with nil.
var ancestors = map[event.Key]*event.Process{}

// hookOf is a hook of a value whose program was looked at and found at a place, "" for nothing.
func hookOf(value, program, resolved string) Hooked {
	return Hooked{File: "/private/var/root/Library/Preferences/com.apple.loginwindow.plist", Scope: "root", Key: hook.LoginHook, Value: value, Program: program, Resolved: resolved}
}

// plain is a hook of a path alone.
func plain(path string) Hooked { return hookOf(path, path, hook.CanonicalPath(path)) }

// executions are what loginwindow does, and whether it is an execution of a hook.
var executions = []struct {
	name  string
	hook  Hooked
	event *event.Event
	want  bool
}{
	// The spellings of a review.
	{"the program itself", plain("/usr/local/bin/hook"), started("/usr/local/bin/hook", []string{"/usr/local/bin/hook", "ann"}), true},
	{"a script by its interpreter line", plain("/Users/Shared/h.sh"), started("/bin/sh", []string{"/bin/sh", "/Users/Shared/h.sh", "ann"}, script("/Users/Shared/h.sh")), true},
	{"a script that a shell is given", plain("/Users/Shared/h.sh"), started("/bin/bash", []string{"sh", "/Users/Shared/h.sh", "ann"}), true},
	{"a link", hookOf("/Users/Shared/link", "/Users/Shared/link", "/opt/real"), started("/opt/real", []string{"link", "ann"}), true},
	{"another case", hookOf("/users/SHARED/Hook", "/users/SHARED/Hook", "/users/SHARED/Hook"), started("/Users/Shared/hook", []string{"Hook", "ann"}), true},
	{"sh -c", plain("/Users/Shared/h.sh"), started("/bin/sh", []string{"sh", "-c", "/Users/Shared/h.sh ann"}), true},
	{"the sixth argument", plain("/Users/Shared/h.sh"), started("/usr/bin/nice", []string{"nice", "-n", "5", "nice", "-n", "6", "/Users/Shared/h.sh", "ann"}), true},
	{"a link of macOS", plain("/tmp/hook"), started("/private/tmp/hook", []string{"hook", "ann"}), true},

	// Links.
	{"a folder is a link", hookOf("/Users/Shared/dir/hook", "/Users/Shared/dir/hook", "/opt/dir/hook"), started("/opt/dir/hook", []string{"hook"}), true},
	{"a link to a program of macOS", hookOf("/Users/Shared/link", "/Users/Shared/link", "/bin/bash"), started("/bin/bash", []string{"/Users/Shared/link", "ann"}), true},
	{"the same by its name", hookOf("/Users/Shared/link", "/Users/Shared/link", "/bin/bash"), started("/bin/bash", []string{"link", "ann"}), true},
	{"a link that leads elsewhere since", hookOf("/Users/Shared/link", "/Users/Shared/link", "/opt/before"), started("/opt/after", []string{"link", "ann"}), true},
	{"the same by the path given to exec", hookOf("/Users/Shared/link", "/Users/Shared/link", "/opt/before"), started("/opt/after", []string{"after"}, dyld("/Users/Shared/link")), true},
	{"the path given to exec is relative", hookOf("/Users/Shared/link", "/Users/Shared/link", "/opt/before"), started("/opt/after", []string{"after"}, dyld("./link"), in("/Users/Shared")), true},
	{"a link that is a script", hookOf("/Users/Shared/link", "/Users/Shared/link", "/opt/real.sh"), started("/bin/sh", []string{"/bin/sh", "/opt/real.sh", "ann"}, script("/opt/real.sh")), true},
	{"not there when it was looked at", hookOf("/Users/Shared/later", "/Users/Shared/later", ""), started("/Users/Shared/later", []string{"/Users/Shared/later", "ann"}), true},
	{"not there then, and a link now", hookOf("/Users/Shared/later", "/Users/Shared/later", ""), started("/opt/later", []string{"later", "ann"}), true},
	{"not there then, its path has a blank", hookOf("/Users/Shared/my hook.sh", "/Users/Shared/my", ""), started("/Users/Shared/my hook.sh", []string{"my hook.sh", "ann"}), true},
	{"nobody looked", hookOf("/Users/Shared/h.sh --now", "", ""), started("/bin/sh", []string{"/bin/sh", "/Users/Shared/h.sh", "--now", "ann"}), true},

	{"another name of the same file", plain("/Users/Shared/hook"), started("/Users/Shared/.hidden", []string{"hook", "ann"}), true},
	{"marked as a login shell", plain("/Users/Shared/hook"), started("/Users/Shared/.hidden", []string{"-hook"}), true},

	// Other names of the same place.
	{"the data volume", plain("/System/Volumes/Data/Users/Shared/h"), started("/Users/Shared/h", []string{"h"}), true},
	{"the data volume in the image", plain("/Users/Shared/h"), started("/System/Volumes/Data/Users/Shared/h", []string{"x"}), true},
	{"/private", plain("/var/root/h"), started("/private/var/root/h", []string{"h"}), true},
	{"dots", plain("/Users/Shared/../Shared/./h"), started("/Users/Shared/h", []string{"h"}), true},
	{"case in an argument", plain("/Users/Shared/H.SH"), started("/bin/sh", []string{"/bin/sh", "/users/shared/h.sh"}), true},
	{"letters that differ in case alone", plain("/Users/Shared/ÉKſ.sh"), started("/Users/Shared/éks.sh", []string{"x"}), true},
	{"a ligature", plain("/Users/Shared/liﬆ"), started("/Users/Shared/LIST", []string{"x"}), true},
	{"decomposed on the disk", plain("/Users/Shared/caf\u00e9"), started("/Users/Shared/cafe\u0301", []string{"/Users/Shared/caf\u00e9", "ann"}), true},
	{"home", plain("/var/root/h.sh"), started("/bin/sh", []string{"sh", "-c", "~/h.sh ann"}), true},

	// Shells and what is like them.
	{"sh -c in double quotes", plain("/Users/Shared/h.sh"), started("/bin/sh", []string{"sh", "-c", `"/Users/Shared/h.sh" ann`}), true},
	{"sh -c in single quotes", plain("/Users/Shared/h.sh"), started("/bin/sh", []string{"sh", "-c", `'/Users/Shared/h.sh' ann`}), true},
	{"sh -c with quotes inside the word", plain("/Users/Shared/h.sh"), started("/bin/sh", []string{"sh", "-c", `/Users/"Sha"r'e'd/h\.sh ann`}), true},
	{"sh -c exec", plain("/Users/Shared/h.sh"), started("/bin/sh", []string{"sh", "-c", `exec /Users/Shared/h.sh "$1"`}), true},
	{"sh -c with a test before it", plain("/Users/Shared/h.sh"), started("/bin/sh", []string{"/bin/sh", "-c", `[ -x /Users/Shared/h.sh ]&&/Users/Shared/h.sh;exit`}), true},
	{"sh -c in the background", plain("/Users/Shared/h.sh"), started("/bin/zsh", []string{"zsh", "-lc", `(/Users/Shared/h.sh&)`}), true},
	{"sh -c with another folder", plain("/Users/Shared/h.sh"), started("/bin/sh", []string{"sh", "-c", `cd /Users/Shared && ./h.sh`}), true},
	{"a shell in a shell", plain("/Users/Shared/h.sh"), started("/bin/sh", []string{"sh", "-c", `sh -c 'exec "/Users/Shared/h.sh" ann'`}), true},
	{"the program alone", plain("/Users/Shared/h.sh"), started("/bin/sh", []string{"sh", "-c", `/Users/Shared/h.sh`}), true},
	{"env", plain("/Users/Shared/h.sh"), started("/usr/bin/env", []string{"/usr/bin/env", "A=b", "bash", "/Users/Shared/h.sh"}), true},
	{"an interpreter line with env", plain("/Users/Shared/h.sh"), started("/usr/bin/env", []string{"/usr/bin/env", "bash", "/Users/Shared/h.sh", "ann"}, script("/Users/Shared/h.sh")), true},
	{"a script that nothing but the kernel names", plain("/Users/Shared/h.sh"), started("/usr/bin/env", []string{"env", "bash"}, script("/Users/Shared/h.sh")), true},
	{"osascript", plain("/Users/Shared/h.sh"), started("/usr/bin/osascript", []string{"osascript", "-e", `do shell script "/Users/Shared/h.sh"`}), true},
	{"python", plain("/Users/Shared/h.sh"), started("/usr/bin/python3", []string{"python3", "-c", `import os; os.system("/Users/Shared/h.sh")`}), true},
	{"a list of python's", plain("/Users/Shared/h.sh"), started("/usr/bin/python3", []string{"python3", "-c", `subprocess.run(["/Users/Shared/h.sh","ann"])`}), true},
	{"a relative argument", plain("/Users/Shared/h.sh"), started("/bin/sh", []string{"sh", "h.sh"}, in("/Users/Shared")), true},
	{"a relative argument with dots", plain("/Users/Shared/h.sh"), started("/bin/sh", []string{"sh", "../Shared/h.sh"}, in("/Users/ann")), true},

	// Blanks and quotes in values.
	{"a blank in the path", plain("/Library/Application Support/x/h.sh"), started("/Library/Application Support/x/h.sh", []string{"h.sh"}), true},
	{"the same, divided into two arguments", plain("/Library/Application Support/x/h.sh"), started("/bin/sh", []string{"/bin/sh", "/Library/Application", "Support/x/h.sh", "ann"}), true},
	{"the same for a shell", plain("/Library/Application Support/x/h.sh"), started("/bin/sh", []string{"sh", "-c", "/Library/Application Support/x/h.sh ann"}), true},
	{"the same with a backslash", plain("/Library/Application Support/x/h.sh"), started("/bin/sh", []string{"sh", "-c", `/Library/Application\ Support/x/h.sh ann`}), true},
	{"the program before the blank", plain("/Library/Application Support/x/h.sh"), started("/Library/Application", []string{"/Library/Application", "Support/x/h.sh", "ann"}), true},
	{"quotes in the value", hookOf(`"/Users/Shared/my hook" --now`, `"/Users/Shared/my`, ""), started("/Users/Shared/my hook", []string{"/Users/Shared/my hook", "--now"}), true},
	{"the value has arguments", hookOf("/Users/Shared/h --now", "/Users/Shared/h", "/Users/Shared/h"), started("/Users/Shared/h", []string{"h", "--now", "ann"}), true},
	{"loginwindow leaves them out", hookOf("/Users/Shared/h --now", "/Users/Shared/h", "/Users/Shared/h"), started("/Users/Shared/h", []string{"h", "ann"}), true},
	{"the value begins with a blank", hookOf(" /Users/Shared/h", "", ""), started("/bin/sh", []string{"sh", "/Users/Shared/h"}), true},
	{"the value goes on behind a NUL", hookOf("/Users/Shared/h\x00x", "/Users/Shared/h", "/Users/Shared/h"), started("/bin/sh", []string{"sh", "/Users/Shared/h", "ann"}), true},
	{"the value begins with exec", hookOf("exec /Users/Shared/h", "exec", ""), started("/bin/sh", []string{"sh", "-c", "exec /Users/Shared/h ann"}), true},
	{"the value names no folder", hookOf("h.sh", "h.sh", ""), started("/usr/local/bin/h.sh", []string{"h.sh", "ann"}), true},

	// Values that are commands of macOS.
	{"sh with a script", hookOf("/bin/sh /x.sh", "/bin/sh", "/bin/sh"), started("/bin/sh", []string{"/bin/sh", "/x.sh", "ann"}), true},
	{"sh with a script, divided", hookOf("/bin/sh /x.sh", "/bin/sh", "/bin/sh"), started("/bin/sh", []string{"sh", "-c", "/bin/sh /x.sh ann"}), true},
	{"sh with a script, as bash", hookOf("/bin/sh /x.sh", "/bin/sh", "/bin/sh"), started("/bin/bash", []string{"/bin/sh", "/x.sh", "ann"}), true},
	{"sh -c in a value", hookOf("/bin/sh -c 'id > /tmp/id'", "/bin/sh", "/bin/sh"), started("/bin/sh", []string{"/bin/sh", "-c", "id > /tmp/id", "ann"}), true},
	{"sh -c in a value, divided at blanks", hookOf("/bin/sh -c 'id > /tmp/id'", "/bin/sh", "/bin/sh"), started("/bin/sh", []string{"/bin/sh", "-c", "'id", ">", "/tmp/id'", "ann"}), true},
	{"sh -c in a value, in a shell", hookOf("/bin/sh -c 'id > /tmp/id'", "/bin/sh", "/bin/sh"), started("/bin/sh", []string{"sh", "-c", "/bin/sh -c 'id > /tmp/id' ann"}), true},
	{"two blanks in a value", hookOf("/bin/sh   /x.sh", "/bin/sh", "/bin/sh"), started("/bin/sh", []string{"/bin/sh", "/x.sh"}), true},
	{"a program of macOS alone", hookOf("/usr/bin/true", "/usr/bin/true", "/usr/bin/true"), started("/usr/bin/true", []string{"/usr/bin/true", "ann"}), true},
	{"a script of macOS alone", hookOf("/usr/bin/which", "/usr/bin/which", "/usr/bin/which"), started("/bin/sh", []string{"/bin/sh", "/usr/bin/which", "ann"}, script("/usr/bin/which")), true},
	{"a script of macOS with arguments", hookOf("/usr/sbin/periodic daily", "/usr/sbin/periodic", "/usr/sbin/periodic"), started("/bin/sh", []string{"/bin/sh", "/usr/sbin/periodic", "daily"}), true},
	{"sh without a folder", hookOf("sh /x.sh", "sh", ""), started("/bin/sh", []string{"sh", "/x.sh", "ann"}), true},
	{"an interpreter that is not macOS's", hookOf("/opt/bin/python3 /x.py", "/opt/bin/python3", "/opt/lib/python3.12"), started("/opt/lib/python3.12", []string{"python3", "/x.py", "ann"}), true},

	// Who started it.
	{"loginwindow became it", plain("/Users/Shared/h"), started("/Users/Shared/h", []string{"h"}, from("/sbin/launchd"), func(ev *event.Event) { ev.Previous = &event.Image{Executable: loginwindow} }), true},
	{"loginwindow elsewhere, by its signature", plain("/Users/Shared/h"), started("/Users/Shared/h", []string{"h"}, from("/x"), func(ev *event.Event) {
		ev.Parent.Image = &event.Image{Executable: "/System/Cryptexes/OS/loginwindow", SigningID: loginwindowSigningID, Platform: true}
	}), true},
	{"by way of sudo", plain("/Users/Shared/h"), started("/Users/Shared/h", []string{"h"}, from("/usr/bin/sudo", loginwindow)), true},
	{"by way of sudo twice and login", plain("/Users/Shared/h"), started("/Users/Shared/h", []string{"h"}, from("/usr/bin/sudo", "/usr/bin/sudo", "/usr/bin/login", loginwindow)), true},
	{"by way of four", plain("/Users/Shared/h"), started("/Users/Shared/h", []string{"h"}, from("/usr/bin/sudo", "/usr/bin/sudo", "/usr/bin/sudo", "/usr/bin/sudo", loginwindow)), false},
	{"by way of a program of a user's", plain("/Users/Shared/h"), started("/Users/Shared/h", []string{"h"}, from("/Users/Shared/sudo", loginwindow)), false},
	{"by way of a shell", plain("/Users/Shared/h"), started("/Users/Shared/h", []string{"h"}, from("/bin/sh", loginwindow)), false},
	{"by launchd", plain("/Users/Shared/h"), started("/Users/Shared/h", []string{"h"}, from("/usr/libexec/xpcproxy", "/sbin/launchd")), false},
	{"by hand", plain("/Users/Shared/h"), started("/Users/Shared/h", []string{"h"}, from("/usr/bin/sudo", "/bin/zsh", "/usr/bin/login", "/Terminal")), false},
	{"by one that claims loginwindow's signature", plain("/Users/Shared/h"), started("/Users/Shared/h", []string{"h"}, from("/x"), func(ev *event.Event) {
		ev.Parent.Image = &event.Image{Executable: "/x", SigningID: loginwindowSigningID}
	}), false},
	{"by nobody that is known", plain("/Users/Shared/h"), started("/Users/Shared/h", []string{"h"}, func(ev *event.Event) { ev.Parent = nil }), false},

	// Other children of loginwindow.
	{"another program", plain("/Users/Shared/h"), started("/System/Library/CoreServices/Finder.app/Contents/MacOS/Finder", []string{"Finder"}), false},
	{"another command of a shell", plain("/Users/Shared/h"), started("/bin/sh", []string{"/bin/sh", "-c", "/usr/libexec/other"}), false},
	{"a longer name", plain("/Users/Shared/h"), started("/Users/Shared/h2", []string{"/Users/Shared/h2", "ann"}), false},
	{"a shorter name", plain("/Users/Shared/h2"), started("/Users/Shared/h", []string{"/Users/Shared/h", "ann"}), false},
	{"part of a longer word", plain("/Users/Shared/h"), started("/usr/bin/touch", []string{"touch", "/Users/Shared/h.log", "--to=/Users/Shared/h", "x/Users/Shared/h", "/Users/Shared/h/x"}), false},
	{"part of a longer word of a shell", plain("/Users/Shared/h"), started("/bin/sh", []string{"sh", "-c", `touch /Users/Shared/h.log --to="/Users/Shared/h" "/Users/Shared/h/x"; A='/Users/Shared/h'`}), false},
	{"part of a longer word with a blank", plain("/Library/A B/h"), started("/bin/sh", []string{"sh", "-c", `touch /Library/A B/h.log`, "/Library/A", "B/h2"}), false},
	{"the name of the program in another folder", plain("/Users/Shared/h"), started("/usr/local/bin/h", []string{"h"}), false},
	{"the name of the program as an argument", plain("/Users/Shared/h"), started("/bin/ls", []string{"ls", "h"}), false},
	{"its folder", plain("/Users/Shared/h"), started("/bin/ls", []string{"ls", "/Users/Shared", "/"}), false},
	{"a program of macOS by its own name", hookOf("/Users/Shared/Finder", "/Users/Shared/Finder", ""), started("/System/Library/CoreServices/Finder.app/Contents/MacOS/Finder", []string{"Finder"}), false},
	{"a shell by another's name", plain("/Users/Shared/sh"), started("/bin/bash", []string{"sh", "-c", "true"}), false},
	{"sh with another script", hookOf("/bin/sh /x.sh", "/bin/sh", "/bin/sh"), started("/bin/sh", []string{"/bin/sh", "/y.sh"}), false},
	{"sh with a script of a longer name", hookOf("/bin/sh /x.sh", "/bin/sh", "/bin/sh"), started("/bin/sh", []string{"/bin/sh", "/x.sh2"}), false},
	{"sh alone", hookOf("/bin/sh /x.sh", "/bin/sh", "/bin/sh"), started("/bin/sh", []string{"sh"}), false},
	{"sh -c with another command", hookOf("/bin/sh -c 'id > /tmp/id'", "/bin/sh", "/bin/sh"), started("/bin/sh", []string{"/bin/sh", "-c", "id > /tmp/idx"}), false},
	{"sh -c with the beginning of the command", hookOf("/bin/sh -c 'id > /tmp/id'", "/bin/sh", "/bin/sh"), started("/bin/sh", []string{"/bin/sh", "-c", "id"}), false},
	{"a program of macOS with arguments", hookOf("/bin/sh", "/bin/sh", "/bin/sh"), started("/bin/sh", []string{"/bin/sh", "-c", "/usr/libexec/other"}), false},
	{"a program of macOS with a script", hookOf("/bin/sh", "/bin/sh", "/bin/sh"), started("/bin/sh", []string{"/bin/sh", "/etc/other"}), false},
	{"a program of macOS as an argument", hookOf("/usr/bin/true", "/usr/bin/true", "/usr/bin/true"), started("/bin/ls", []string{"ls", "/usr/bin/true"}), false},
	{"sh without a folder, another script", hookOf("sh /x.sh", "sh", ""), started("/bin/sh", []string{"sh", "/y.sh"}), false},
	{"an empty value", hookOf("", "", ""), started("/bin/ls", []string{"ls", "", "/"}), false},
	{"the root folder as a value", hookOf("/", "/", "/"), started("/bin/ls", []string{"ls", "/"}), false},
	{"blanks as a value", hookOf("  ", "", ""), started("/bin/ls", []string{"ls", "", " "}), false},
}

func TestExecuted(t *testing.T) {
	for _, tt := range executions {
		e := engineIn(t, World{Lookup: func(key event.Key) *event.Process { return ancestors[key] }}, `process where hooksnare.hook.operation == "execute"`)
		e.SetHooks([]Hooked{tt.hook})
		ev := tt.event
		got := e.Examine(ev)
		if (len(got) == 1) != tt.want {
			t.Errorf("%s: hook %q, %s %q: got %d findings, want one: %v", tt.name, tt.hook.Value, ev.Process.Image.Executable, ev.Process.Exec.Args, len(got), tt.want)
		}
		if len(got) == 1 && (got[0].Record.Fact.Value != tt.hook.Value || got[0].Record.Fact.Plist != tt.hook.File) {
			t.Errorf("%s: got %+v, want the hook's value and file", tt.name, got[0].Record.Fact)
		}
		e.SetHooks(nil)
		if got := e.Examine(ev); len(got) != 0 {
			t.Errorf("%s: no hook is set: got %d findings, want none", tt.name, len(got))
		}
	}
}

// TestIsLogin says which events show that somebody logs in or out.
func TestIsLogin(t *testing.T) {
	of := func(kind event.Kind, image, parent string) *event.Event {
		ev := &event.Event{Kind: kind, Process: &event.Process{Image: &event.Image{Executable: image}}}
		if parent != "" {
			ev.Parent = &event.Process{Image: &event.Image{Executable: parent}}
		}
		return ev
	}
	for _, tt := range []struct {
		name string
		ev   *event.Event
		want bool
	}{
		{"loginwindow begins", of(event.ExecKind, loginwindow, "/sbin/launchd"), true},
		{"loginwindow ends", of(event.Exit, loginwindow, ""), true},
		{"loginwindow runs a program", of(event.ExecKind, "/bin/sh", loginwindow), true},
		{"the Finder begins", of(event.ExecKind, finder, "/sbin/launchd"), true},
		{"the Finder ends", of(event.Exit, finder, ""), false},
		{"loginwindow forks", of(event.Fork, loginwindow, loginwindow), false},
		{"a program begins", of(event.ExecKind, "/bin/sh", "/sbin/launchd"), false},
		{"a program without a known parent begins", of(event.ExecKind, "/bin/sh", ""), false},
		{"a program of that name begins", of(event.ExecKind, "/tmp/loginwindow", ""), false},
	} {
		if got := IsLogin(tt.ev); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}
