package agent_test

import (
	"os"
	"testing"
	"time"

	"hooksnare/collector/eslogger/synthetic"
)

const globalPlist = "/private/var/root/Library/Preferences/.GlobalPreferences.plist"

// otherForms set a hook in forms that do not look like the published ones, or look like them and set
// none.
func otherForms() []stateCase {
	evil := func(w *world) { w.hook("LoginHook", "/evil") }
	confirmed := "hook-set #2 confirmed by process+state: set LoginHook=/evil in root"
	imitator := func(args ...string) ran {
		return ran{Spec: synthetic.Spec{Path: "/Users/Shared/x", Args: append([]string{"x"}, args...)}}
	}
	bundle := func(id string) func(w *world) {
		return func(w *world) {
			w.put("/Applications/X.app/Contents/Info.plist", "<plist><dict><key>CFBundleIdentifier</key><string>"+id+"</string></dict></plist>")
		}
	}
	return []stateCase{
		{name: "import into the global domain of a file with a hook", before: func(w *world) { w.put("/Users/Shared/g.plist", plistOf("LoginHook", "/evil")) },
			does: func(w *world) {
				w.command("defaults", "import", "NSGlobalDomain", "/Users/Shared/g.plist")
				w.swap(globalPlist, plistOf("LoginHook", "/evil"))
			}, want: []string{"hook-imported-or-edited #2 confirmed by process+state: import LoginHook=/evil in " + globalPlist}},
		{name: "import into the global domain of a file without a hook", before: func(w *world) { w.put("/Users/Shared/g.plist", plistOf("LoginHook", "", "AppleLocale", "de_DE")) },
			does: func(w *world) { w.command("defaults", "import", "-g", "/Users/Shared/g.plist") }},
		{name: "import into the global domain of standard input", does: func(w *world) {
			w.command("defaults", "import", "-g", "-")
			w.swap(globalPlist, plistOf("LoginHook", "/evil"))
		}, want: []string{
			"hook-imported-globally #2 confirmed by process+state: import LoginHook=/evil in " + globalPlist,
			"hook-changed-in-file #1 confirmed by process+state: set LoginHook=/evil in " + globalPlist,
		}},
		{name: "import of a file without a hook", before: func(w *world) { w.put("/Users/Shared/g.plist", plistOf("GuestEnabled", "x")) },
			does: func(w *world) { w.command("defaults", "import", "com.apple.loginwindow", "/Users/Shared/g.plist") }},
		{name: "import of a file without a hook, and there is one then", before: func(w *world) { w.put("/Users/Shared/g.plist", plistOf("GuestEnabled", "x")) },
			does: func(w *world) {
				w.command("defaults", "import", "com.apple.loginwindow", "/Users/Shared/g.plist")
				evil(w)
			}, want: []string{"hook-changed-in-file #1 confirmed by process+state: set LoginHook=/evil in root"}},
		{name: "import of a file with both hooks", before: func(w *world) { w.put("/Users/Shared/g.plist", plistOf("LoginHook", "/evil", "LogoutHook", "/other")) },
			does: func(w *world) {
				w.command("defaults", "import", "com.apple.loginwindow", "/Users/Shared/g.plist")
			}, want: []string{
				"hook-imported-or-edited #1 attempted by process: import LoginHook=/evil in root",
				"hook-imported-or-edited #1 attempted by process: import LogoutHook=/other in root",
			}},
		{name: "a copy of defaults, signed again", does: func(w *world) {
			w.run(imitator("write", "com.apple.loginwindow", "LoginHook", "/evil"))
			w.heard()
			evil(w)
		}, want: []string{"hook-changed-in-file #1 confirmed by process+state: set LoginHook=/evil in root"}},
		{name: "a copy of PlistBuddy, signed again", does: func(w *world) {
			w.run(imitator("-c", "Add :LoginHook string /evil", rootPlist))
			w.heard()
			evil(w)
		}, want: []string{"hook-changed-in-file #1 confirmed by process+state: set LoginHook=/evil in root"}},
		{name: "a copy of plutil, seen after the change", does: func(w *world) {
			evil(w)
			w.await("hook-changed-unseen")
			r := imitator("-replace", "LoginHook", "-string", "/evil", rootPlist)
			r.Ago = 10 * time.Second
			w.run(r)
		}, want: []string{"hook-changed-unseen #2 confirmed by process+state: set LoginHook=/evil in root"}},
		{name: "the arguments of defaults alone", does: func(w *world) { w.run(imitator("write", "com.apple.loginwindow", "LoginHook", "/evil")) }},
		{name: "the arguments of defaults, and another value", does: func(w *world) {
			w.run(imitator("write", "com.apple.loginwindow", "LoginHook", "/other"))
			w.heard()
			evil(w)
		}, want: []string{unseen("set LoginHook=/evil in root")}},
		{name: "a name that is a link", before: func(w *world) {
			w.put("/Users/Shared/b.plist", "")
			w.must(os.Symlink(rootPlist, w.at("/Users/Shared/a.plist")))
			w.hook("GuestEnabled", "x")
		}, does: func(w *world) {
			w.command("defaults", "write", "/Users/Shared/a", "LoginHook", "/evil")
			evil(w)
		}, want: []string{confirmed}},
		{name: "a bundle with loginwindow's identifier", before: bundle("com.apple.loginwindow"), does: func(w *world) {
			w.command("defaults", "write", "-app", "/Applications/X.app", "LoginHook", "/evil")
			evil(w)
		}, want: []string{confirmed}},
		{name: "a bundle with another identifier", before: bundle("com.example.x"), does: func(w *world) {
			w.command("defaults", "write", "-app", "/Applications/X.app", "LoginHook", "/evil")
			evil(w)
		}, want: []string{"hook-set #1 attempted by process: set LoginHook=/evil in ", unseen("set LoginHook=/evil in root")}},
		{name: "emptied by a command", before: evil, does: func(w *world) {
			w.command("defaults", "write", "com.apple.loginwindow", "LoginHook", "")
			w.hook("LoginHook", "")
		}, want: []string{present("LoginHook=/evil"), "hook-removed #2 confirmed by process+state: remove LoginHook was /evil in root"}},
		{name: "emptied, and set at once", does: func(w *world) {
			w.hook("LoginHook", "")
			w.command("defaults", "write", "com.apple.loginwindow", "LoginHook", " ")
			evil(w)
		}, want: []string{"hook-removed #1 attempted by process: remove LoginHook in root", unseen("set LoginHook=/evil in root")}},
		{name: "a key in lower case", does: func(w *world) {
			w.command("defaults", "write", "com.apple.loginwindow", "loginhook", "/evil")
			w.hook("loginhook", "/evil")
		}, want: []string{"hook-set #1 attempted by process: set loginhook=/evil in root"}},
		{name: "all keys removed, and a hook set", does: func(w *world) {
			w.command("defaults", "delete", "com.apple.loginwindow")
			evil(w)
		}, want: []string{"hook-removed #1 attempted by process: remove  in root", unseen("set LoginHook=/evil in root")}},
		{name: "the script of an interpreter edited", before: func(w *world) {
			w.put("/bin/sh", "\x00")
			w.script("/opt/x.sh", "true")
			w.hook("LoginHook", "/bin/sh /opt/x.sh")
		}, does: func(w *world) {
			w.looked()
			w.script("/opt/x.sh", "/evil")
		}, want: []string{present("LoginHook=/bin/sh /opt/x.sh"), "hook-program-changed #1 observed by state: edit LoginHook=/bin/sh /opt/x.sh in root, parts"}},
		{name: "a script added to the folder of a hook", before: func(w *world) {
			w.script("/opt/hooks.d/10", "true")
			w.script(hookProgram, `for f in /opt/hooks.d/*; do "$f"; done`)
			w.hook("LoginHook", hookProgram)
		}, does: func(w *world) {
			w.looked()
			w.script("/opt/hooks.d/20", "/evil")
		}, want: []string{present("LoginHook=" + hookProgram), "hook-program-changed #1 observed by state: edit LoginHook=" + hookProgram + " in root, parts"}},
	}
}

// TestAttacksForms plays them as TestAttacksState does.
func TestAttacksForms(t *testing.T) {
	for _, c := range otherForms() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.play(t)
		})
	}
}
