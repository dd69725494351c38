package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hooksnare/agent/config"
	"hooksnare/agent/exceptions"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/alert"
)

// jamfDisk lays a disk with Jamf's login hook on it, as Jamf does.
func jamfDisk(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	must(t, os.Chmod(root, 0o755))
	path := filepath.Join(root, synthetic.JamfHook)
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755))
	return root
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestPins has Jamf's hook set on disks where its program is or is not what it must be.
func TestPins(t *testing.T) {
	tests := []struct {
		name   string
		change func(t *testing.T, root, program string)
		failed string // "" for no alert
	}{
		{"as it must be", func(*testing.T, string, string) {}, ""},
		{"missing", func(t *testing.T, _, program string) { must(t, os.Remove(program)) }, "the program is missing"},
		{"writable by all", func(t *testing.T, _, program string) { must(t, os.Chmod(program, 0o757)) }, `others than root can write "/Library/Application Support/JAMF/ManagementFrameworkScripts/loginhook.sh"`},
		{"writable by its group", func(t *testing.T, _, program string) { must(t, os.Chmod(program, 0o775)) }, `loginhook.sh"`},
		{"parent folder writable", func(t *testing.T, _, program string) { must(t, os.Chmod(filepath.Dir(program), 0o777)) }, `others than root can write "/Library/Application Support/JAMF/ManagementFrameworkScripts"`},
		{"folder high above writable", func(t *testing.T, root, _ string) { must(t, os.Chmod(filepath.Join(root, "Library"), 0o777)) }, `others than root can write "/Library"`},
		{"of another owner", func(t *testing.T, _, program string) { giveAway(t, program) }, "the program belongs to user 501, not to root"},
		{"folder of another owner", func(t *testing.T, _, program string) { giveAway(t, filepath.Dir(program)) }, `others than root can write "/Library/Application Support/JAMF/ManagementFrameworkScripts"`},
		{"a folder", func(t *testing.T, _, program string) {
			must(t, os.Remove(program))
			must(t, os.Mkdir(program, 0o755))
		}, "the program can't be read: "},
		{"a link to a program of others", func(t *testing.T, root, program string) {
			must(t, os.Remove(program))
			must(t, os.Mkdir(filepath.Join(root, "tmp"), 0o777))
			must(t, os.Chmod(filepath.Join(root, "tmp"), 0o777))
			must(t, os.WriteFile(filepath.Join(root, "tmp/x"), nil, 0o755))
			must(t, os.Symlink("/tmp/x", program))
		}, `others than root can write "/tmp"`},
		{"a link out of the disk", func(t *testing.T, _, program string) {
			must(t, os.Remove(program))
			must(t, os.Symlink("../../../../../../../../../../../etc/passwd", program))
		}, "the program is missing"},
		{"shadowed", func(t *testing.T, root, _ string) {
			must(t, os.WriteFile(filepath.Join(root, "Library/Application"), nil, 0o755))
		}, `"/Library/Application" is there, which an unquoted`},
		{"shadowed by a link to nothing", func(t *testing.T, root, _ string) {
			must(t, os.Symlink("/nothing", filepath.Join(root, "Library/Application")))
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := config.Default()
			c.Root = jamfDisk(t)
			tt.change(t, c.Root, filepath.Join(c.Root, synthetic.JamfHook))
			// Once whole, and once as a shell splits what nobody quoted.
			for _, args := range [][]string{{synthetic.JamfHook}, strings.Fields(synthetic.JamfHook)} {
				f := feedWith(t, c, nil)
				f.defaults(append([]string{"write", "com.apple.loginwindow", "LoginHook"}, args...)...)
				checkPinned(t, f, tt.failed)
			}
		})
	}
}

func checkPinned(t *testing.T, f *feed, failed string) {
	t.Helper()
	counts := f.pipeline.Counts()
	if failed == "" {
		if len(f.got) != 0 || counts.Hidden["jamf-framework-scripts"] != 1 || counts.Unpinned["jamf-framework-scripts"] != 0 {
			t.Errorf("got %q, hidden %v; want no alert and one that is held back", f.take(), counts.Hidden)
		}
		return
	}
	if len(f.got) != 1 {
		t.Fatalf("got %q, want one alert", f.take())
	}
	x := f.got[0].Hooksnare.Exception
	if x == nil || x.ID != "jamf-framework-scripts" || !strings.Contains(x.Failed, failed) {
		t.Errorf("exception: got %+v, want that jamf-framework-scripts failed with %q", x, failed)
	}
}

// giveAway makes a file that of another user, which takes root.
func giveAway(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	must(t, os.Chown(path, 501, 20))
}

// TestPinsWithoutDisk has a recording alone: the exception holds by its condition, and
// that is counted.
func TestPinsWithoutDisk(t *testing.T) {
	f := newFeed(t, nil)
	f.set(synthetic.JamfHook)
	f.set(synthetic.JamfHook)
	f.expect("Jamf's own hook")
	if got := f.pipeline.Counts(); got.Hidden["jamf-framework-scripts"] != 2 || got.Unpinned["jamf-framework-scripts"] != 2 {
		t.Errorf("counts: got %+v, want two held back, without a disk", got)
	}
	f.set(synthetic.JamfHook + " -x")
	f.set("/tmp/x; " + synthetic.JamfHook)
	f.set("/Library/Application Support/JAMF/ManagementFrameworkScripts/../loginhook.sh")
	f.defaults("write", "com.apple.loginwindow", "LogoutHook", synthetic.JamfHook)
	f.defaults("delete", "com.apple.loginwindow", "LoginHook")
	if got := f.take(); len(got) != 5 {
		t.Errorf("like Jamf's, and removal: got %q, want an alert for each", got)
	}
}

// TestAllowedHook follows an alert to its exception and back: the hook is silent, other
// hooks are not, and a program that was replaced is reported.
func TestAllowedHook(t *testing.T) {
	const value, quiet = "/usr/local/bin/hook.sh", "/usr/local/bin/hook.sh -q"
	c := config.Default()
	c.Root = rootDisk(t)
	program := filepath.Join(c.Root, value)
	must(t, os.MkdirAll(filepath.Dir(program), 0o755))
	must(t, os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755))
	f := feedWith(t, c, nil)
	f.set(value)
	f.set(quiet)
	if len(f.got) != 2 {
		t.Fatalf("got %q, want two alerts", f.take())
	}
	for i, a := range f.got {
		line, err := a.Line()
		must(t, err)
		doc, err := alert.Parse(line)
		must(t, err)
		p, err := exceptions.Propose(c.Root, []*alert.Alert{doc}, exceptions.Wish{ID: fmt.Sprintf("x%d", i), Reason: "known"})
		must(t, err)
		must(t, exceptions.NewAllow(c, exceptions.Who{UID: 501}).Add(context.Background(), p))
	}
	own, err := config.OwnExceptions(c.Root, c.Exceptions)
	must(t, err)
	c.Exceptions = append(c.Exceptions, own...)
	f = feedWith(t, c, nil)
	f.set(value)
	f.set(quiet)
	f.expect("allowed hooks")
	f.set(value + " -x")
	f.defaults("write", "com.apple.loginwindow", "LogoutHook", value)
	f.defaults("write", "/Library/Preferences/com.apple.loginwindow", "LoginHook", value)
	f.defaults("delete", "com.apple.loginwindow", "LoginHook")
	if got := f.take(); len(got) != 4 {
		t.Errorf("other hooks: got %q, want an alert for each", got)
	}
	for _, u := range f.pipeline.Uses() {
		if want := uint64(1); u.ID != "jamf-framework-scripts" && u.Hits != want {
			t.Errorf("uses: got %+v, want one hit", u)
		}
	}
	must(t, os.WriteFile(program, []byte("#!/bin/sh\nid\n"), 0o755))
	f.set(value)
	if len(f.got) != 1 || f.got[0].Hooksnare.Exception == nil || f.got[0].Hooksnare.Exception.ID != "x0" || !strings.Contains(f.got[0].Hooksnare.Exception.Failed, "SHA-256") {
		t.Errorf("another program: got %q, want an alert that x0 failed", f.take())
	}
	f.take()
	must(t, f.pipeline.SetExceptions(nil, nil))
	f.set(quiet)
	if got := f.take(); len(got) != 1 {
		t.Errorf("without exceptions: got %q, want one alert", got)
	}
}

// rootDisk is a folder that nobody but its owner can write, as the root of a Mac's disk is.
func rootDisk(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	must(t, os.Chmod(root, 0o755))
	return root
}
