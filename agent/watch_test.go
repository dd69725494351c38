package agent_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hooksnare/agent"
	"hooksnare/pkg/alert"
)

// rootPreferences is where root's loginwindow preferences lie below a root.
const rootPreferences = "private/var/root/Library/Preferences/com.apple.loginwindow.plist"

// plistOf is a property list with some string keys.
func plistOf(pairs ...string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<plist version="1.0"><dict>`)
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(&b, "<key>%s</key><string>%s</string>", pairs[i], pairs[i+1])
	}
	b.WriteString("</dict></plist>\n")
	return b.String()
}

// renamed writes a file as cfprefsd does: beside it, and renamed over it.
func renamed(t *testing.T, path, text string) {
	t.Helper()
	place(t, path+".new", text, 0o600)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// prompt makes the agent look at preferences at short intervals.
func prompt(o *agent.Options) {
	o.Config.SweepInterval = 20 * time.Millisecond
	o.Config.CorrelationWindow = 30 * time.Second
}

// byRule returns the last update of each alert of a rule.
func byRule(rule string, list []*alert.Alert) []*alert.Alert {
	var out []*alert.Alert
	for _, a := range list {
		i := slices.IndexFunc(out, func(o *alert.Alert) bool { return o.Event.ID == a.Event.ID })
		switch {
		case i >= 0:
			out[i] = a
		case a.Rule.ID == rule:
			out = append(out, a)
		}
	}
	return out
}

// TestUnseenChange has a hook set by no command that anyone saw, then changed, then removed.
func TestUnseenChange(t *testing.T) {
	s, o := setUp(t, plan{{{Do: "serve"}}})
	prompt(&o)
	file := filepath.Join(s.root, rootPreferences)
	place(t, file, plistOf("GuestEnabled", "x"), 0o600)
	w := &world{stage: s, t: t, o: o}
	w.begin()
	for i, step := range []struct{ text, value, previous string }{
		{plistOf("LoginHook", "/a"), "/a", ""}, {plistOf("LoginHook", "/b"), "/b", "/a"}, {plistOf("Other", "/b"), "", "/b"},
	} {
		renamed(t, file, step.text)
		list := s.until(t, "the alert", func(list []*alert.Alert) bool { return len(byRule("hook-changed-unseen", list)) == i+1 })
		a := byRule("hook-changed-unseen", list)[i]
		h := a.Hooksnare
		if h.Verdict != alert.Unattributed || !slices.Equal(h.Signals, []string{"state"}) || a.Event.Severity != 73 ||
			deref(h.Hook.Value) != step.value || deref(h.Hook.Previous) != step.previous || h.Hook.Plist != "/"+rootPreferences {
			t.Errorf("step %d: got %+v of %+v", i, h, h.Hook)
		}
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
