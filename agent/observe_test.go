package agent

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// TestHeldCommand has a command hide among so many others that the rule holds its alert back.
// The change that it makes is told all the same.
func TestHeldCommand(t *testing.T) {
	f := newFeed(t, func(o *PipelineOptions) {
		o.Watching = &Watching{
			Window: time.Minute, Watched: func(string) bool { return true }, Wake: func() {},
			Look: func(string) *alert.Program { return nil },
		}
	})
	root := f.Adopt(f.Launchd(), 600, synthetic.Spec{Path: "/bin/sh"})
	set := func(value string) {
		f.Run(root, synthetic.Spec{Path: "/usr/bin/defaults", Args: []string{"defaults", "write", "com.apple.loginwindow", "LoginHook", value}})
	}
	for i := range 2 * 100 {
		set(fmt.Sprintf("/junk.%d", i))
	}
	set("/evil")
	if f.pipeline.Counts().Held == 0 {
		t.Fatal("no alert was held back")
	}
	value := "/evil"
	f.pipeline.HandleChange(event.Change{File: rootPrefs, Scope: "root", Key: "LoginHook", New: &value, Time: f.Now()})
	i := slices.IndexFunc(f.got, func(a *alert.Alert) bool {
		return a.Hooksnare.Hook != nil && a.Hooksnare.Hook.Value != nil && *a.Hooksnare.Hook.Value == value
	})
	if i < 0 {
		t.Fatal("the change is told nowhere")
	}
	if a := f.got[i]; a.Rule.ID != "hook-changed-in-file" || a.Hooksnare.Verdict != alert.Confirmed || a.Process == nil || a.Process.Name != "defaults" {
		t.Errorf("got %s, %s of %+v; want hook-changed-in-file, confirmed, of defaults", a.Rule.ID, a.Hooksnare.Verdict, a.Process)
	}
}
