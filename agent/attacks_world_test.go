package agent_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/agent"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
)

// The preferences and the program of the cases.
const (
	rootPlist   = "/" + rootPreferences
	systemPlist = "/Library/Preferences/com.apple.loginwindow.plist"
	annPlist    = "/Users/ann/Library/Preferences/com.apple.loginwindow.plist"
	hookProgram = "/usr/local/libexec/hook.sh"
	jamfProgram = "/Library/Application Support/JAMF/ManagementFrameworkScripts/loginhook.sh"

	// markerPlist lies beside root's preferences: who looks at one looks at the other.
	markerPlist  = "/private/var/root/Library/Preferences/loginwindow.plist"
	markerDomain = "com.example.marker"
)

// world is a whole agent on a disk of its own, with a stand-in that runs what a test says.
type world struct {
	*stage
	t       testing.TB
	o       agent.Options
	told    int // commands
	markers int
}

// newWorld lays the disk.
func newWorld(t *testing.T) *world {
	t.Helper()
	s, o := setUp(t, plan{{{Do: "follow"}}})
	prompt(&o)
	w := &world{stage: s, t: t, o: o}
	w.put(markerPlist, plistOf("Marker", "x"))
	w.put("/Users/ann/Library/Preferences/com.example.plist", plistOf("Marker", "x"))
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) at(name string) string { return filepath.Join(w.root, name) }

// put writes a file in place.
func (w *world) put(name, text string) {
	w.t.Helper()
	w.must(os.MkdirAll(filepath.Dir(w.at(name)), 0o755))
	w.must(os.WriteFile(w.at(name), []byte(text), 0o644))
}

// script writes a hook's program.
func (w *world) script(name, text string) {
	w.t.Helper()
	text = "#!/bin/sh\n" + text + "\n"
	f, err := os.OpenFile(w.at(name), os.O_WRONLY, 0)
	if err != nil {
		w.put(name, text)
		w.must(os.Chmod(w.at(name), 0o755))
		return
	}
	// In one write: a file that is emptied first may be seen empty, which is another change.
	_, err = f.WriteString(text)
	w.must(errors.Join(err, f.Truncate(int64(len(text))), f.Close()))
}

// swap writes a file as cfprefsd does.
func (w *world) swap(name, text string) {
	w.t.Helper()
	w.put(name+".tmp", text)
	w.must(os.Rename(w.at(name+".tmp"), w.at(name)))
}

// hook puts keys and values into root's preferences as cfprefsd does.
func (w *world) hook(pairs ...string) { w.t.Helper(); w.swap(rootPlist, plistOf(pairs...)) }

func (w *world) remove(name string) { w.t.Helper(); w.must(os.RemoveAll(w.at(name))) }

// begin starts the agent, and waits until it has looked at everything.
func (w *world) begin() {
	w.t.Helper()
	w.start(w.t.(*testing.T), w.o)
	state := filepath.Join(w.o.Config.StateDir, "preferences.json")
	for limit := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		b, err := os.ReadFile(state)
		if err == nil && strings.Contains(string(b), `"preferences":`) {
			return
		}
		if time.Now().After(limit) {
			w.t.Fatalf("the agent has not looked at everything: %v, %s", err, b)
		}
	}
}

// again stops the agent and starts it again, with something done between the two.
func (w *world) again(between func()) {
	w.t.Helper()
	w.settle()
	w.stop(w.t.(*testing.T))
	between()
	w.done = make(chan error, 1)
	w.begin()
}

// run has a command seen by the sensor.
func (w *world) run(r ran) {
	w.t.Helper()
	b, err := json.Marshal(r)
	w.must(err)
	w.told++
	name := commandFile(w.dir, w.told)
	w.must(os.WriteFile(name+".tmp", b, 0o600))
	w.must(os.Rename(name+".tmp", name))
}

// commandOf is a command by root, of a program of the system.
func commandOf(args ...string) ran {
	folder := "/bin/"
	switch args[0] {
	case "defaults", "plutil", "vim", "python3":
		folder = "/usr/bin/"
	case "PlistBuddy":
		folder = "/usr/libexec/"
	}
	return ran{Spec: synthetic.Spec{Path: folder + path.Base(args[0]), Args: args}}
}

// command runs one, and waits until the agent has seen it.
func (w *world) command(args ...string) {
	w.t.Helper()
	w.run(commandOf(args...))
	w.heard()
}

// late runs a command that was run some time ago.
func (w *world) late(ago time.Duration, args ...string) {
	w.t.Helper()
	r := commandOf(args...)
	r.Ago = ago
	w.run(r)
	w.heard()
}

// heard waits until the agent has seen all commands.
func (w *world) heard() {
	w.t.Helper()
	w.markers++
	value := fmt.Sprintf("/marker.%d", w.markers)
	w.run(commandOf("defaults", "write", markerDomain, "LoginHook", value))
	w.until(w.t.(*testing.T), "the marker "+value, func(list []*alert.Alert) bool { return holds(list, value) })
}

// looked waits until the agent has looked at all preferences since now: that it found one
// marker shows that a look began before now or later, and that it found another after that
// that it was later.
func (w *world) looked() {
	w.t.Helper()
	for range 2 {
		w.markers++
		value := fmt.Sprintf("/marker.%d", w.markers)
		w.swap(markerPlist, plistOf("LoginHook", value))
		w.until(w.t.(*testing.T), "the marker "+value, func(list []*alert.Alert) bool { return holds(list, value) })
	}
}

func (w *world) settle() { w.t.Helper(); w.heard(); w.looked() }

func holds(list []*alert.Alert, value string) bool {
	return slices.ContainsFunc(list, func(a *alert.Alert) bool {
		return a.Hooksnare.Hook != nil && deref(a.Hooksnare.Hook.Value) == value
	})
}

// await waits until an alert that is not of a marker says something.
func (w *world) await(text string) {
	w.t.Helper()
	w.until(w.t.(*testing.T), text, func(list []*alert.Alert) bool {
		return strings.Contains(strings.Join(final(list), "\n"), text)
	})
}

// final is the latest update of each alert, in the order of their beginnings, without those
// of the markers.
func final(list []*alert.Alert) []string {
	var ids, out []string
	last := map[string]*alert.Alert{}
	for _, a := range list {
		if last[a.Event.ID] == nil {
			ids = append(ids, a.Event.ID)
		}
		last[a.Event.ID] = a
	}
	for _, id := range ids {
		if s := short(last[id]); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// short says of an alert all that a case asks for: rule, number of updates, verdict, signals,
// key, value, what it was before, and file.
func short(a *alert.Alert) string {
	h := a.Hooksnare
	var b strings.Builder
	fmt.Fprintf(&b, "%s #%d %s", a.Rule.ID, a.Event.Sequence, h.Verdict)
	if len(h.Signals) > 0 {
		b.WriteString(" by " + strings.Join(h.Signals, "+"))
	}
	if k := h.Hook; k != nil {
		if k.Domain == markerDomain || k.Plist == markerPlist {
			return ""
		}
		fmt.Fprintf(&b, ": %s %s", k.Operation, k.Key)
		if k.Value != nil {
			b.WriteString("=" + *k.Value)
		}
		if k.Previous != nil {
			b.WriteString(" was " + *k.Previous)
		}
		b.WriteString(" in " + shorter(k.Plist))
	}
	if c := h.Change; c != nil {
		if c.Since == "stopped" {
			b.WriteString(" while stopped")
		}
		if len(c.What) > 0 {
			b.WriteString(", " + strings.Join(c.What, "+"))
		}
	}
	if u := h.Unreadable; u != nil {
		fmt.Fprintf(&b, ": %s is %s", shorter(u.Path), u.Why)
		if !u.Active {
			b.WriteString(" no more")
		}
	}
	if h.Health != nil {
		b.WriteString(": " + h.Health.State)
	}
	if h.Exception != nil && h.Exception.Failed != "" {
		b.WriteString(", exception failed: " + h.Exception.Failed)
	}
	if h.Exception != nil && h.Exception.Failed == "" && h.Change != nil && len(h.Change.What) > 0 {
		fmt.Fprintf(&b, ", severity %d, still as %s requires", a.Event.Severity, h.Exception.ID)
	}
	return b.String()
}

func shorter(plist string) string {
	for name, file := range map[string]string{"root": rootPlist, "system": systemPlist, "ann": annPlist} {
		if plist == file {
			return name
		}
	}
	return plist
}
