package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hooksnare/agent/config"
	"hooksnare/agent/judge"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
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

// TestPinMembers asks for each property alone.
func TestPinMembers(t *testing.T) {
	root := t.TempDir()
	must(t, os.Chmod(root, 0o755))
	must(t, os.MkdirAll(filepath.Join(root, "opt/bin"), 0o755))
	must(t, os.WriteFile(filepath.Join(root, "opt/bin/sh"), nil, 0o755))
	must(t, os.Chmod(filepath.Join(root, "opt/bin"), 0o777))
	for name, text := range map[string]string{
		"hook": "#!/bin/sh\n", "two": "#!/bin/sh\n", "two -x": "#!/bin/sh\n", "sh": "\x00\n",
		"open-interpreter": "#!/opt/bin/sh -e\n", "large": "",
	} {
		must(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o755))
	}
	must(t, os.Truncate(filepath.Join(root, "large"), 64<<20))
	const sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // of nothing
	const own = "a8076d3d28d21e02012b20eaf7dbf75409a6277134439025f282e368e3305abf"
	tests := []struct {
		value string
		want  config.Require
		why   string
	}{
		{"/hook", config.Require{SHA256: []string{sum, own}}, ""},
		{"/hook", config.Require{SHA256: []string{sum}}, "the program's SHA-256 is " + own},
		{"/hook", config.Require{Owner: "4711"}, "not to 4711"},
		{"/hook", config.Require{Owner: "nobody-of-that-name"}, "not to nobody-of-that-name"},
		{"/hook", config.Require{TeamID: "483DWKW443"}, "the program claims no team id"},
		{"/hook -x", config.Require{SHA256: []string{own}, NotWritableByOthers: true}, ""}, // with its arguments
		{"/hook -x", config.Require{SHA256: []string{sum}}, "the program's SHA-256 is " + own},
		{"/hook  /nothing/there", config.Require{Owner: "root"}, ""},
		{"/two -x", config.Require{Owner: "root"}, `"/two" is there, which an unquoted "/two -x" runs instead`},
		{"/nothing -x", config.Require{Owner: "root"}, "the program is missing"},
		{"/sh -c id", config.Require{Owner: "root"}, `"/sh" runs what its arguments say`},
		{"/sh", config.Require{Owner: "root"}, ""},
		{"/open-interpreter", config.Require{Owner: "root"}, ""},
		{"/open-interpreter", config.Require{NotWritableByOthers: true}, `others than root can write its interpreter "/opt/bin/sh -e"`},
		{"/large", config.Require{SHA256: []string{sum}}, "too many to take its SHA-256"},
		{"/large", config.Require{Owner: "root"}, ""},
		{"hook", config.Require{Owner: "root"}, `the program "hook" has no absolute path`},
		{"", config.Require{Owner: "root"}, "has no absolute path"},
		{"/hook\x00", config.Require{Owner: "root"}, "has no absolute path"},
		{"/hook\n-x", config.Require{Owner: "root"}, "has no absolute path"},
		{"/" + strings.Repeat("x/", 5000), config.Require{Owner: "root"}, "the program"},
		{"/" + strings.Repeat("a ", 5000), config.Require{Owner: "root"}, "the program"},
	}
	for _, tt := range tests {
		p := NewPins(root, []config.Exception{{ID: "x", Require: tt.want}}).Wait()
		q := judge.Question{Values: []string{tt.value}}
		got := p.Check("x", &detect.Record{Fact: &hook.Fact{Value: tt.value, HasValue: true}}, lookAtPrograms(root)(q))
		if (got == "") != (tt.why == "") || !strings.Contains(got, tt.why) {
			t.Errorf("%.40q with %+v: got %q, want %q", tt.value, tt.want, got, tt.why)
		}
	}
}

// TestPinTeamID has a program that claims a team: anyone can write that, so it holds no pin.
func TestPinTeamID(t *testing.T) {
	claims := event.Program{Path: "/x", TeamID: "ABCDE12345"}
	got := NewPins("", nil).unmetRequirement(&claims, config.Require{TeamID: "ABCDE12345"})
	if want := `the program claims the team id "ABCDE12345", which this version can't verify`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
