package agent

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hooksnare/agent/judge"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// watchingAll has a pipeline watch preferences, without a disk.
func watchingAll(o *judge.Options) {
	o.Watching = &judge.Watching{Window: time.Minute, Watched: func(string) bool { return true }, Wake: func() {}}
}

// valuesOf returns the alerts about a value.
func valuesOf(list []*alert.Alert, value string) []*alert.Alert {
	return slices.DeleteFunc(slices.Clone(list), func(a *alert.Alert) bool {
		return a.Hooksnare.Hook == nil || a.Hooksnare.Hook.Value == nil || *a.Hooksnare.Hook.Value != value
	})
}

// TestHeldCommand has a command hide among so many others of its user that its alert is held
// back. The change that it makes is told all the same.
func TestHeldCommand(t *testing.T) {
	f := newFeed(t, watchingAll)
	user := f.Adopt(f.Launchd(), 600, synthetic.Spec{Path: "/bin/sh", As: &synthetic.AsUser})
	set := func(value string) {
		f.Run(user, synthetic.Spec{Path: "/usr/bin/defaults", Args: []string{"defaults", "write", userPrefs, "LoginHook", value}})
	}
	for i := range 2 * 100 {
		set(fmt.Sprintf("/junk.%d", i))
	}
	set("/evil")
	if f.pipeline.Counts().Held == 0 {
		t.Fatal("no alert was held back")
	}
	value := "/evil"
	f.pipeline.HandleChange(event.Change{
		File: userPrefs, Scope: "user", Key: "LoginHook", New: &value, Time: f.Now(), Home: synthetic.Home, Owner: synthetic.AsUser.EUID, FolderOwner: synthetic.AsUser.EUID,
	})
	got := valuesOf(f.got, value)
	if len(got) != 1 {
		t.Fatalf("got %d alerts about the change, want 1", len(got))
	}
	if a := got[0]; a.Rule.ID != "hook-changed-in-file" || a.Hooksnare.Verdict != alert.Confirmed || a.Process == nil || a.Process.Name != "defaults" {
		t.Errorf("got %s, %s of %+v; want hook-changed-in-file, confirmed, of defaults", a.Rule.ID, a.Hooksnare.Verdict, a.Process)
	}
}

// TestRootNeverHeld has root set more different hooks than max_signals allows.
func TestRootNeverHeld(t *testing.T) {
	f := newFeed(t, watchingAll)
	root := f.Adopt(f.Launchd(), 600, synthetic.Spec{Path: "/bin/sh"})
	const hooks = 250
	for i := range hooks {
		f.Run(root, synthetic.Spec{Path: "/usr/bin/defaults", Args: []string{"defaults", "write", rootPrefs, "LoginHook", fmt.Sprintf("/hook.%d", i)}})
	}
	if got := len(f.got); got != hooks {
		t.Errorf("got %d alerts of %d different hooks", got, hooks)
	}
}
