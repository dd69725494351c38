package agent_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hooksnare/pkg/alert"
)

// stateCase is something that happens to hooks and the alerts that must come of it, as short
// says them, in any order; none for silence.
type stateCase struct {
	name string
	// before lays the disk that the agent finds at its first start.
	before func(w *world)
	// does is what happens then.
	does func(w *world)
	want []string
	// window is the correlation window; 0 means longer than the case.
	window time.Duration
}

// unseen is the alert about a change of root's hook that no command explains.
func unseen(what string) string {
	return "hook-changed-unseen #1 unattributed by state: " + what
}

// TestAttacksState plays every case against a whole agent: on a disk of its own, with a
// stand-in for eslogger. It wants the alerts of the case and, when the agent has shown that
// it has heard and looked at everything, no other.
func TestAttacksState(t *testing.T) {
	playCases(t, slices.Concat(unseenChanges(), otherWriters(), commandsAndChanges(), trouble(), programs(), swaps(), uncertainHooks(), quiet()))
}

// playCases plays every case, and prints what each gave.
func playCases(t *testing.T, all []stateCase) {
	var mu sync.Mutex
	verdicts := map[string]string{}
	t.Run("cases", func(t *testing.T) {
		for _, c := range all {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				got := c.play(t)
				mu.Lock()
				verdicts[c.name] = got
				mu.Unlock()
			})
		}
	})
	if testing.Verbose() {
		for _, c := range all {
			fmt.Fprintf(os.Stdout, "%-72s %s\n", c.name, verdicts[c.name])
		}
	}
}

func (c *stateCase) play(t *testing.T) string {
	w := newWorld(t)
	if c.window > 0 {
		w.o.Config.CorrelationWindow = c.window
	}
	if c.before != nil {
		c.before(w)
	}
	w.begin()
	if c.does != nil {
		c.does(w)
	}
	want := slices.Sorted(slices.Values(c.want))
	same := func(list []*alert.Alert) bool { return slices.Equal(slices.Sorted(slices.Values(final(list))), want) }
	for limit := time.Now().Add(patience / 2); time.Now().Before(limit) && !same(wholeLines(t, w.log)); {
		time.Sleep(20 * time.Millisecond)
	}
	w.settle()
	list := wholeLines(t, w.log)
	if !same(list) {
		t.Errorf("got\n  %s\nwant\n  %s\nall that was told:\n%s", strings.Join(final(list), "\n  "), strings.Join(c.want, "\n  "), told(list))
		return "FAILED"
	}
	wellNumbered(t, list)
	if len(want) == 0 {
		return "silent"
	}
	var out []string
	for _, s := range final(list) {
		rule, rest, _ := strings.Cut(s, " ")
		out = append(out, rule+" "+strings.Fields(rest)[1])
	}
	return strings.Join(out, ", ")
}

// wellNumbered holds that the updates of each alert count from 1 without a gap.
func wellNumbered(t *testing.T, list []*alert.Alert) {
	t.Helper()
	last := map[string]int{}
	for _, a := range list {
		if last[a.Event.ID]++; last[a.Event.ID] != a.Event.Sequence {
			t.Errorf("event.sequence: got %d, want %d: %s", a.Event.Sequence, last[a.Event.ID], a.Message)
		}
	}
}

// unseenChanges are changes that no command explains.
func unseenChanges() []stateCase {
	set := unseen("set LoginHook=/evil in root")
	return []stateCase{
		{name: "set by way of CFPreferences", does: func(w *world) { w.hook("LoginHook", "/evil") }, want: []string{set}},
		{name: "set by editing in place", before: func(w *world) { w.hook("GuestEnabled", "x") },
			does: func(w *world) { w.put(rootPlist, plistOf("LoginHook", "/evil")) }, want: []string{set}},
		{name: "set with arguments", does: func(w *world) { w.hook("LogoutHook", "/bin/sh -c 'id'") },
			want: []string{unseen("set LogoutHook=/bin/sh -c 'id' in root")}},
		{name: "set to the empty string", does: func(w *world) { w.hook("LoginHook", "") }},
		{name: "emptied", before: func(w *world) { w.hook("LoginHook", "/evil") }, does: func(w *world) { w.hook("LoginHook", " ") },
			want: []string{present("LoginHook=/evil"), unseen("remove LoginHook was /evil in root")}},
		{name: "both keys set", does: func(w *world) { w.hook("LoginHook", "/evil", "LogoutHook", "/other") },
			want: []string{set, unseen("set LogoutHook=/other in root")}},
		{name: "set for the computer", does: func(w *world) { w.swap(systemPlist, plistOf("LoginHook", "/evil")) },
			want: []string{unseen("set LoginHook=/evil in system")}},
		{name: "set for a user", does: func(w *world) { w.swap(annPlist, plistOf("LoginHook", "/evil")) },
			want: []string{unseen("set LoginHook=/evil in ann")}},
		{name: "set for this host", does: func(w *world) {
			w.swap("/Users/ann/Library/Preferences/ByHost/com.apple.loginwindow.5EED.plist", plistOf("LoginHook", "/evil"))
		}, want: []string{unseen("set LoginHook=/evil in /Users/ann/Library/Preferences/ByHost/com.apple.loginwindow.5EED.plist")}},
		{name: "set in the global domain", does: func(w *world) {
			w.swap("/Library/Preferences/.GlobalPreferences.plist", plistOf("LoginHook", "/evil"))
		}, want: []string{unseen("set LoginHook=/evil in /Library/Preferences/.GlobalPreferences.plist")}},
		{name: "set by management", does: func(w *world) {
			w.swap("/Library/Managed Preferences/com.apple.loginwindow.plist", plistOf("LoginHook", "/evil"))
		}, want: []string{unseen("set LoginHook=/evil in /Library/Managed Preferences/com.apple.loginwindow.plist")}},
		{name: "a home that comes with a hook", does: func(w *world) {
			w.put("/private/tmp/new/Library/Preferences/com.apple.loginwindow.plist", plistOf("LoginHook", "/evil"))
			w.must(os.Rename(w.at("/private/tmp/new"), w.at("/Users/new")))
		}, want: []string{unseen("set LoginHook=/evil in /Users/new/Library/Preferences/com.apple.loginwindow.plist")}},
		{name: "MCX login scripts enabled", does: func(w *world) {
			w.swap(rootPlist, strings.Replace(plistOf("MCXScriptTrust", "Anonymous"), "<dict>", "<dict><key>EnableMCXLoginScripts</key><true/>", 1))
		}, want: []string{unseen("set EnableMCXLoginScripts=true in root"), unseen("set MCXScriptTrust=Anonymous in root")}},
		{name: "an admin's hook replaced", before: func(w *world) { w.hook("LoginHook", "/admin") },
			does: func(w *world) { w.hook("LoginHook", "/evil") },
			want: []string{present("LoginHook=/admin"), unseen("set LoginHook=/evil was /admin in root")}},
		{name: "an admin's hook removed", before: func(w *world) { w.hook("LoginHook", "/admin") },
			does: func(w *world) { w.hook("Other", "x") },
			want: []string{present("LoginHook=/admin"), unseen("remove LoginHook was /admin in root")}},
		{name: "the file deleted", before: func(w *world) { w.hook("LoginHook", "/admin") },
			does: func(w *world) { w.remove(rootPlist) },
			want: []string{present("LoginHook=/admin"), unseen("remove LoginHook was /admin in root")}},
		{name: "the folder swapped for another", before: func(w *world) { w.hook("LoginHook", "/admin") },
			does: func(w *world) {
				folder := filepath.Dir(rootPlist)
				w.put("/private/var/root/Library/New/com.apple.loginwindow.plist", plistOf("LoginHook", "/evil"))
				w.must(os.Rename(w.at(folder), w.at("/private/var/root/Library/Old")))
				w.must(os.Rename(w.at("/private/var/root/Library/New"), w.at(folder)))
			},
			want: []string{present("LoginHook=/admin"), unseen("set LoginHook=/evil was /admin in root")}},
		{name: "set through a hard link", before: func(w *world) {
			w.hook("Other", "x")
			w.must(os.Link(w.at(rootPlist), w.at("/Users/Shared.plist")))
		}, does: func(w *world) { w.put("/Users/Shared.plist", plistOf("LoginHook", "/evil")) }, want: []string{set}},
		{name: "set and set back, each seen", does: func(w *world) {
			w.hook("LoginHook", "/evil")
			w.await("=/evil")
			w.hook("Other", "x")
			w.await("remove")
			w.hook("LoginHook", "/evil")
		}, want: []string{set, unseen("remove LoginHook was /evil in root"), set}},
		{name: "set before the first start", before: func(w *world) { w.hook("LoginHook", "/evil") }, want: []string{present("LoginHook=/evil")}},
		{name: "set before the first start, for a user", before: func(w *world) { w.put(annPlist, plistOf("LogoutHook", "/evil")) },
			want: []string{strings.Replace(present("LogoutHook=/evil"), "in root", "in ann", 1)}},
		{name: "set while the agent was stopped", does: func(w *world) {
			w.again(func() { w.hook("LoginHook", "/evil") })
		}, want: []string{set + " while stopped"}},
		{name: "removed while the agent was stopped", before: func(w *world) { w.hook("LoginHook", "/admin") }, does: func(w *world) {
			w.again(func() { w.remove(rootPlist) })
		}, want: []string{present("LoginHook=/admin"), unseen("remove LoginHook was /admin in root while stopped")}},
	}
}

// present is the alert about a hook that was there before the agent.
func present(what string) string {
	return "hook-present #1 observed by state: set " + what + " in root"
}

// otherWriters are commands that change the file without telling what they write.
func otherWriters() []stateCase {
	// Who merely mentions the file is a candidate, and lowers nothing.
	named := unseen("set LoginHook=/evil in root")
	edited := func(operation string) string {
		return "hook-imported-or-edited #2 confirmed by process+state: " + operation + " LoginHook=/evil in root"
	}
	set := func(w *world) { w.hook("LoginHook", "/evil") }
	after := func(args ...string) func(*world) {
		return func(w *world) {
			w.command(args...)
			set(w)
		}
	}
	return []stateCase{
		{name: "import of a file", does: after("defaults", "import", "com.apple.loginwindow", "/tmp/x.plist"), want: []string{edited("import")}},
		{name: "import of a file with both keys", does: func(w *world) {
			w.command("defaults", "import", "com.apple.loginwindow", "-")
			w.hook("LoginHook", "/evil", "LogoutHook", "/other")
		}, want: []string{edited("import"), "hook-imported-or-edited #1 confirmed by process+state: import LogoutHook=/other in root"}},
		{name: "PlistBuddy with commands on stdin", does: after("PlistBuddy", rootPlist), want: []string{edited("edit")}},
		{name: "plutil converts another file over it", does: after("plutil", "-convert", "xml1", "-o", rootPlist, "/tmp/x.plist"), want: []string{edited("import")}},
		{name: "cp over it", does: func(w *world) {
			w.command("cp", "/tmp/x.plist", rootPlist)
			w.put(rootPlist, plistOf("LoginHook", "/evil"))
		}, want: []string{named}},
		{name: "mv over it", does: after("mv", "/tmp/x.plist", rootPlist), want: []string{named}},
		{name: "ditto into its folder", does: after("ditto", "/tmp/x", filepath.Dir(rootPlist)), want: []string{named}},
		{name: "an editor", does: after("vim", "/var/root/Library/Preferences/com.apple.loginwindow.plist"), want: []string{named}},
		{name: "a shell's redirection", does: after("sh", "-c", "cat /tmp/x >'"+rootPlist+"'"), want: []string{named}},
		{name: "a script that names the domain", does: after("python3", "-c", "CFPreferencesSetValue('LoginHook', '/evil', 'com.apple.loginwindow')"), want: []string{named}},
		{name: "cp, heard of after the change", does: func(w *world) {
			set(w)
			w.await("=/evil")
			w.late(10*time.Second, "cp", "/tmp/x.plist", rootPlist)
		}, want: []string{strings.Replace(named, "#1", "#2", 1)}},
		{name: "cp of another file", does: after("cp", "/tmp/x.plist", "/private/var/root/Library/Preferences/com.apple.dock.plist"),
			want: []string{unseen("set LoginHook=/evil in root")}},
		{name: "an edit of one key, and another is there", does: func(w *world) {
			w.command("defaults", "write", "com.apple.loginwindow", "LogoutHook", "/other")
			w.hook("LoginHook", "/evil", "LogoutHook", "/other")
		}, want: []string{named, confirmed("LogoutHook=/other")}},
	}
}

// confirmed is the alert about a command that sets root's hook, with its update.
func confirmed(what string) string {
	return "hook-set #2 confirmed by process+state: set " + what + " in root"
}

// write is a command that sets the login hook.
func write(value string) []string {
	return []string{"defaults", "write", "com.apple.loginwindow", "LoginHook", value}
}

var deletion = []string{"defaults", "delete", "com.apple.loginwindow", "LoginHook"}

// commandsAndChanges are commands that tell what they do, with and without effect.
func commandsAndChanges() []stateCase {
	attempted := "hook-set #1 attempted by process: set LoginHook=/evil in root"
	return []stateCase{
		{name: "defaults write", does: func(w *world) {
			w.command(write("/evil")...)
			w.await("attempted")
			w.hook("LoginHook", "/evil")
		}, want: []string{confirmed("LoginHook=/evil")}},
		{name: "defaults write over an admin's hook", before: func(w *world) { w.hook("LoginHook", "/admin") }, does: func(w *world) {
			w.command(write("/evil")...)
			w.hook("LoginHook", "/evil")
		}, want: []string{present("LoginHook=/admin"), confirmed("LoginHook=/evil was /admin")}},
		{name: "defaults delete", before: func(w *world) { w.hook("LoginHook", "/admin") }, does: func(w *world) {
			w.command(deletion...)
			w.remove(rootPlist)
		}, want: []string{present("LoginHook=/admin"), "hook-removed #2 confirmed by process+state: remove LoginHook was /admin in root"}},
		{name: "defaults write, heard of after the change", does: func(w *world) {
			w.hook("LoginHook", "/evil")
			w.await("=/evil")
			w.late(10*time.Second, write("/evil")...)
		}, want: []string{confirmed("LoginHook=/evil")}},
		{name: "defaults write, heard of after a cp and the change", does: func(w *world) {
			w.command("cp", "/tmp/x.plist", rootPlist)
			w.hook("LoginHook", "/evil")
			w.await("=/evil")
			w.late(10*time.Second, write("/evil")...)
		}, want: []string{confirmed("LoginHook=/evil")}},
		{name: "import, both changes heard of before", does: func(w *world) {
			w.hook("LoginHook", "/evil", "LogoutHook", "/other")
			w.await("=/evil")
			w.await("=/other")
			w.late(10*time.Second, "defaults", "import", "com.apple.loginwindow", "-")
		}, want: []string{
			"hook-imported-or-edited #2 confirmed by process+state: import LoginHook=/evil in root",
			"hook-imported-or-edited #2 confirmed by process+state: import LogoutHook=/other in root",
		}},
		{name: "defaults write of a value, and another is there", does: func(w *world) {
			w.command(write("/evil")...)
			w.hook("LoginHook", "/worse")
		}, want: []string{attempted, unseen("set LoginHook=/worse in root")}},
		{name: "MCX login scripts enabled by a command", does: func(w *world) {
			w.command("defaults", "write", "com.apple.loginwindow", "EnableMCXLoginScripts", "-bool", "TRUE")
			w.swap(rootPlist, strings.Replace(plistOf(), "<dict>", "<dict><key>EnableMCXLoginScripts</key><true/>", 1))
		}, want: []string{"mcx-login-scripts-enabled #2 confirmed by process+state: set EnableMCXLoginScripts=true in root"}},
		{name: "defaults write twice", does: func(w *world) {
			w.command(write("/evil")...)
			w.hook("LoginHook", "/evil")
			w.await("confirmed")
			w.command(write("/evil")...)
		}, want: []string{confirmed("LoginHook=/evil")}},
		{name: "set, removed and set again by commands", does: func(w *world) {
			w.command(write("/evil")...)
			w.hook("LoginHook", "/evil")
			w.await("confirmed")
			w.command(deletion...)
			w.remove(rootPlist)
			w.await("hook-removed #2")
			w.command(write("/evil")...)
			w.hook("LoginHook", "/evil")
		}, want: []string{
			"hook-set #3 confirmed by process+state: set LoginHook=/evil in root",
			"hook-removed #2 confirmed by process+state: remove LoginHook was /evil in root",
		}},
		{name: "set and deleted within a sweep", window: time.Second, does: func(w *world) {
			w.command(write("/evil")...)
			w.command(deletion...)
		}, want: []string{
			strings.Replace(attempted, "#1 attempted", "#2 not_applied", 1), "hook-removed #2 confirmed by process: remove LoginHook in root",
		}},
		{name: "a command without effect", window: time.Second, does: func(w *world) { w.command(write("/evil")...) },
			want: []string{strings.Replace(attempted, "#1 attempted", "#2 not_applied", 1)}},
		{name: "a command for a value that is there", window: time.Second, before: func(w *world) { w.hook("LoginHook", "/evil") },
			does: func(w *world) { w.command(write("/evil")...) },
			want: []string{present("LoginHook=/evil"), strings.Replace(attempted, "#1 attempted", "#2 confirmed", 1)}},
		{name: "a command for a value that was there before the agent", window: time.Second, before: func(w *world) { w.hook("LoginHook", "/evil") },
			does: func(w *world) {
				w.again(func() {})
				w.command(write("/evil")...)
			},
			want: []string{present("LoginHook=/evil"), strings.Replace(attempted, "#1 attempted", "#2 confirmed", 1)}},
		{name: "Jamf's script, planted by a user", before: func(w *world) {
			w.script(jamfProgram, "id")
			w.must(os.Chown(w.at(jamfProgram), 501, 20))
		}, does: func(w *world) { w.hook("LoginHook", jamfProgram) },
			want: []string{unseen("set LoginHook=" + jamfProgram + " in root, exception failed: the program belongs to user 501, not to root")}},
		{name: "Jamf's script, writable by all", before: func(w *world) {
			w.script(jamfProgram, "id")
			w.must(os.Chmod(w.at(jamfProgram), 0o777))
		}, does: func(w *world) {
			w.command(write(jamfProgram)...)
			w.hook("LoginHook", jamfProgram)
		}, want: []string{confirmed("LoginHook="+jamfProgram) + ", exception failed: others than root can write \"" + jamfProgram + "\""}},
	}
}
