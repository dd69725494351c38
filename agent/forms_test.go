package agent_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/offline"
	"hooksnare/pkg/alert"
)

// form is a way to write preferences that CoreFoundation reads, or that one of its versions does.
type form struct {
	name      string
	write     func(value string) string
	uncertain bool
}

// wideText is ASCII in units of a size.
func wideText(mark string, size int, s string) string {
	b := []byte(mark)
	for _, c := range []byte(s) {
		b = append(append(b, c), make([]byte, size-1)...)
	}
	return string(b)
}

// binaryPreferences is a binary property list with references of a size.
func binaryPreferences(magic string, refSize int, value string) string {
	ref := func(n byte) string { return strings.Repeat("\x00", refSize-1) + string([]byte{n}) }
	b := []byte(magic + "\xd1" + ref(1) + ref(2) + "\x59LoginHook\x5f\x10" + string([]byte{byte(len(value))}) + value)
	key := byte(9 + 2*refSize)
	table := uint64(len(b))
	b = append(b, 8, key, key+10)
	b = append(b, make([]byte, 6)...)
	b = append(b, 1, byte(refSize))
	for _, n := range []uint64{3, 0, table} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return string(b)
}

func forms() []form {
	dict := func(value string) string { return "<dict><key>LoginHook</key><string>" + value + "</string></dict>" }
	return []form{
		{"bplist01", func(v string) string { return binaryPreferences("bplist01", 1, v) }, false},
		{"references of 8 bytes", func(v string) string { return binaryPreferences("bplist00", 8, v) }, false},
		{"UTF-16", func(v string) string { return wideText("\xff\xfe", 2, plistOf("LoginHook", v)) }, false},
		{"UTF-32", func(v string) string { return wideText("\xff\xfe\x00\x00", 4, plistOf("LoginHook", v)) }, false},
		{"UTF-7", func(v string) string {
			return `<?xml-x encoding="UTF-7"?>` + strings.ReplaceAll(dict(v), "Login", "+AEwAbw-gin")
		}, false},
		{"attribute", func(v string) string { return strings.ReplaceAll(dict(v), "<key>", `<key a="b">`) }, false},
		{"declarations", func(v string) string { return `<!DOCTYPE p [<!ENTITY a "b">]>` + dict(v) }, true},
		{"strings file", func(v string) string { return `"LoginHook" = "` + v + `";` }, false},
		{"old-style behind a comment", func(v string) string { return `/* a */ { LoginHook = "` + v + `"; }` }, false},
		{"key twice", func(v string) string {
			return strings.Replace(dict(v), "<dict>", "<dict><key>LoginHook</key><string>/y</string>", 1)
		}, false},
		{"empty comment", func(v string) string { return "<!----><?x -->" + dict(v) + "?><dict/>" }, true},
		{"wide reference", func(v string) string { return strings.Replace(dict(v), "Hook", "&#65608;ook", 1) }, true},
		{"3 MiB", func(v string) string { return strings.Repeat(" ", 2<<20) + dict(v) + strings.Repeat("\n", 1<<20) }, true},
		{"unknown encoding", func(v string) string { return `<?xml version="1.0" encoding="x-none"?>` + dict(v) }, true},
	}
}

// TestForms writes a hook in every form, each into another user's preferences: the agent, and a scan
// after it, report the value, and whether it is certain.
func TestForms(t *testing.T) {
	w := newWorld(t)
	file := func(i int) string {
		return fmt.Sprintf("/Users/u%d/Library/Preferences/com.apple.loginwindow.plist", i)
	}
	value := func(i int) string { return fmt.Sprintf("/usr/local/bin/hook-%d", i) }
	for i := range forms() {
		w.put(file(i), plistOf("GuestEnabled", "x"))
	}
	w.begin()
	for i, f := range forms() {
		w.swap(file(i), f.write(value(i)))
	}
	check := func(who string, i int, list []*alert.Alert) bool {
		for _, a := range list {
			if k := a.Hooksnare.Hook; k != nil && k.Plist == file(i) && deref(k.Value) == value(i) {
				if want := forms()[i].uncertain; a.Hooksnare.Uncertain != want {
					t.Errorf("%s, %s: uncertain: got %v, want %v", who, forms()[i].name, a.Hooksnare.Uncertain, want)
				}
				return true
			}
		}
		return false
	}
	for i, f := range forms() {
		w.until(t, f.name, func(list []*alert.Alert) bool { return check("agent", i, list) })
	}
	hooks, _, err := offline.Scan(config.Config{Root: w.root}, "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range forms() {
		if !check("scan", i, hooks) {
			t.Errorf("scan: %s: no hook in %s with the value %s", f.name, file(i), value(i))
		}
	}
}

// uncertainHooks are hooks in preferences that can't be read as they should: they are followed
// like any, and so is what can't be read.
func uncertainHooks() []stateCase {
	hidden := func(value string) string {
		return `<!DOCTYPE p [<!ENTITY a "b">]>` + plistOf("LoginHook", value)
	}
	const unreadable = "preferences-unreadable #1 observed by state: root is malformed"
	const over = "preferences-unreadable #2 observed by state: root is malformed no more"
	hooked := func(w *world) {
		w.script(hookProgram, "true")
		w.swap(rootPlist, hidden(hookProgram))
	}
	return []stateCase{
		{name: "uncertain: set, then another", does: func(w *world) {
			w.swap(rootPlist, hidden("/a"))
			w.await("set LoginHook=/a in root")
			w.swap(rootPlist, hidden("/b"))
		}, want: []string{unseen("set LoginHook=/a in root"), unseen("set LoginHook=/b was /a in root"), over, unreadable}},
		{name: "uncertain: another key, and what was there stands", before: func(w *world) { w.hook("LoginHook", "/admin") },
			does: func(w *world) { w.swap(rootPlist, strings.Replace(hidden("/b"), "LoginHook", "LogoutHook", 1)) },
			want: []string{present("LoginHook=/admin"), unseen("set LogoutHook=/b in root"), unreadable}},
		{name: "uncertain: program edited", before: hooked, does: func(w *world) {
			w.awaitKnown()
			w.script(hookProgram, "id")
		}, want: []string{present("LoginHook=" + hookProgram), unreadable, "hook-program-changed #1 observed by state: edit LoginHook=" + hookProgram + " in root, content"}},
		{name: "uncertain: program run by loginwindow", before: hooked, does: func(w *world) {
			w.await("set LoginHook") // a file that may be half written is taken for what it is after a while
			r := commandOf("sh", hookProgram, "ann")
			r.By = "loginwindow"
			w.run(r)
		}, want: []string{present("LoginHook=" + hookProgram), unreadable, "hook-executed #1 observed by process: execute LoginHook=" + hookProgram + " in root"}},
		{name: "uncertain: which of two counts is not known, the second is run and edited", before: func(w *world) {
			w.script(hookProgram, "true")
			w.swap(rootPlist, "<!---->"+strings.TrimPrefix(plistOf("LoginHook", hookProgram), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")+"<!-- -->"+plistOf("LoginHook", "/bin/true"))
		}, does: func(w *world) {
			w.await("set LoginHook")
			w.awaitKnown()
			r := commandOf("sh", hookProgram, "ann")
			r.By = "loginwindow"
			w.run(r)
			w.script(hookProgram, "id")
		}, want: []string{present("LoginHook=/bin/true\n" + hookProgram), "hook-executed #1 observed by process: execute LoginHook=" + hookProgram + " in root",
			"hook-program-changed #1 observed by state: edit LoginHook=" + hookProgram + " in root, content"}},
		{name: "uncertain: Jamf's script, which an exception covers where it is certain", before: func(w *world) { w.script(jamfProgram, "true") },
			does: func(w *world) { w.swap(rootPlist, hidden(jamfProgram)) }, want: []string{unseen("set LoginHook=" + jamfProgram + " in root"), unreadable}},
		{name: "uncertain: the same after a restart", before: func(w *world) { w.swap(rootPlist, hidden("/a")) },
			does: func(w *world) { w.again(func() {}) }, want: []string{present("LoginHook=/a"), unreadable}},
		{name: "uncertain: another after a restart", before: func(w *world) { w.swap(rootPlist, hidden("/a")) },
			does: func(w *world) {
				w.await("/a")
				w.again(func() { w.swap(rootPlist, hidden("/b")) })
			},
			want: []string{over, present("LoginHook=/a"), unreadable, unseen("set LoginHook=/b was /a in root while stopped")}},
		{name: "unreadable: other content", before: func(w *world) { w.put(rootPlist, "bplist00 a") },
			does: func(w *world) {
				w.await("malformed")
				w.swap(rootPlist, "bplist00 b")
			}, want: []string{over, unreadable}},
		{name: "unreadable: the same after a restart, then readable", before: func(w *world) { w.put(rootPlist, "bplist00 a") },
			does: func(w *world) {
				w.await("malformed")
				w.again(func() { w.must(os.Chtimes(w.at(rootPlist), time.Now(), time.Now())) })
				w.settle()
				w.swap(rootPlist, plistOf("GuestEnabled", "x"))
			}, want: []string{over}},
		{name: "unreadable: readable while the agent was stopped", before: func(w *world) { w.put(rootPlist, "bplist00 a") },
			does: func(w *world) {
				w.await("malformed")
				w.again(func() { w.swap(rootPlist, plistOf("GuestEnabled", "x")) })
			}, want: []string{over}},
	}
}

// TestUnreadableEvidence holds that an alert about what can't be read shows the beginning, its hash and
// size, and where a copy is kept that is the content.
func TestUnreadableEvidence(t *testing.T) {
	w := newWorld(t)
	const content = "bplist00 \x00\x1b[31m\xff nothing of that kind"
	w.begin()
	w.swap(rootPlist, content)
	w.until(t, "malformed", func(list []*alert.Alert) bool {
		for _, a := range list {
			u := a.Hooksnare.Unreadable
			if u == nil {
				continue
			}
			if a.Event.Severity != 73 || u.Excerpt != `"bplist00 \x00\x1b[31m\xff nothing of that kind"` || u.Size == nil || *u.Size != int64(len(content)) || len(u.SHA256) != 64 {
				t.Errorf("got severity %d, excerpt %s, size %v, hash %s", a.Event.Severity, u.Excerpt, u.Size, u.SHA256)
			}
			kept, err := os.ReadFile(u.Kept)
			if err != nil || string(kept) != content || filepath.Base(u.Kept) != u.SHA256 {
				t.Errorf("copy %s: got %q, %v; want %q under its hash %s", u.Kept, kept, err, content, u.SHA256)
			}
			return true
		}
		return false
	})
}
