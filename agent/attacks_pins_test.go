package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hooksnare/agent/config"
	"hooksnare/agent/ruleset"
	"hooksnare/collector/eslogger/synthetic"
)

// TestAttacksOnThePin sets Jamf's own hooks on a Mac whose disk can be looked at: what the
// preset asks of the program must hold, or there is an alert that says what does not.
func TestAttacksOnThePin(t *testing.T) {
	set := builtinRules(t)
	whole := write(loginwindow, "LoginHook", jamfLogin)
	split := write(append([]string{loginwindow, "LoginHook"}, strings.Split(jamfLogin, " ")...)...)
	for _, c := range []struct {
		name string
		disk func(t *testing.T, root string)
		why  string // in the alert; "" for silence
	}{
		{"as Jamf has it", func(*testing.T, string) {}, ""},
		{"no program", func(t *testing.T, root string) { remove(t, filepath.Join(root, jamfLogin)) }, "missing"},
		{"no Jamf", func(t *testing.T, root string) { remove(t, filepath.Join(root, "Library")) }, "missing"},
		{"program that others can write", func(t *testing.T, root string) { mode(t, filepath.Join(root, jamfLogin), 0o757) }, "can write"},
		{"program that a group can write", func(t *testing.T, root string) { mode(t, filepath.Join(root, jamfLogin), 0o775) }, "can write"},
		{"folder that others can write", func(t *testing.T, root string) { mode(t, filepath.Join(root, jamfFolder), 0o777) }, "can write"},
		{"folder above that others can write", func(t *testing.T, root string) {
			mode(t, filepath.Join(root, "Library/Application Support"), 0o777)
		}, "can write"},
		{"link to where others can write", func(t *testing.T, root string) {
			file(t, filepath.Join(root, implant))
			mode(t, filepath.Join(root, "Users/Shared"), 0o777)
			remove(t, filepath.Join(root, jamfLogin))
			link(t, "../../../../Users/Shared/.update.sh", filepath.Join(root, jamfLogin))
		}, "can write"},
		{"link out of the disk", func(t *testing.T, root string) {
			remove(t, filepath.Join(root, jamfLogin))
			link(t, "/bin/sh", filepath.Join(root, jamfLogin)) // of this machine, not of that disk
		}, "missing"},
		{"folder in place of the program", func(t *testing.T, root string) {
			remove(t, filepath.Join(root, jamfLogin))
			folder(t, filepath.Join(root, jamfLogin))
		}, "can't be read"},
		{"program at the path up to its space", func(t *testing.T, root string) { file(t, filepath.Join(root, "Library/Application")) }, "is there"},
	} {
		for form, command := range map[string]command{"": whole, ", split by a shell": split} {
			t.Run(c.name+form, func(t *testing.T) {
				root := t.TempDir()
				mode(t, root, 0o755)
				folder(t, filepath.Join(root, jamfFolder))
				file(t, filepath.Join(root, jamfLogin))
				c.disk(t, root)
				pinned(t, set, root, command, c.why)
			})
		}
	}
}

func pinned(t *testing.T, set ruleset.Set, root string, c command, why string) {
	t.Helper()
	conf := config.Default()
	conf.Root = root
	recording, moments := record(t, synthetic.Options{}, []attack{{"", c.play, nil}}, 10)
	got := replayed(t, conf, set, recording)
	if why == "" {
		if len(got) > 0 {
			t.Errorf("got %s, want silence", saying(got))
		}
		return
	}
	if len(got) != 1 {
		t.Fatalf("got %d alerts, want 1: %s", len(got), saying(got))
	}
	want := tellsLogin(jamfLogin)
	for _, f := range append(want.faults(got[0]), moments[0].played.faults(got[0])...) {
		t.Error(f)
	}
	if x := got[0].Hooksnare.Exception; x == nil || x.ID != "jamf-framework-scripts" || !strings.Contains(x.Failed, why) {
		t.Errorf("exception: got %+v, want jamf-framework-scripts and %q", x, why)
	}
}

func folder(t *testing.T, name string) {
	t.Helper()
	if err := os.MkdirAll(name, 0o755); err != nil {
		t.Fatal(err)
	}
}

func file(t *testing.T, name string) {
	t.Helper()
	folder(t, filepath.Dir(name))
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, name string) {
	t.Helper()
	if err := os.RemoveAll(name); err != nil {
		t.Fatal(err)
	}
}

func mode(t *testing.T, name string, m os.FileMode) {
	t.Helper()
	if err := os.Chmod(name, m); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}
