package exceptions

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hooksnare/agent/config"
	"hooksnare/agent/document"
	"hooksnare/collector/program"
	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

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
		x := &document.Examination{Programs: map[string]document.ExaminedProgram{tt.value: {Found: program.Examine(root, tt.value)}}}
		got := p.Check("x", &detect.Record{Fact: &hook.Fact{Value: tt.value, HasValue: true}}, x)
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

// commandRunners are hooks by programs of macOS, or of package managers, that run what their arguments
// say. None may be pinned as if it were the hook.
var commandRunners = []string{
	"/usr/bin/make -f /opt/x.mk", "/usr/bin/find /opt -exec /opt/x.sh {} ;", "/usr/bin/vim -c :!/opt/x.sh", "/usr/bin/ssh host /opt/x.sh",
	"/usr/bin/tar xf /opt/x.tar --to-command=/opt/x.sh", "/usr/bin/tar cf /dev/null -I /opt/x.sh /opt", "/usr/bin/xcrun swift /opt/x.swift", "/usr/sbin/installer -pkg /opt/x.pkg -target /",
	"/usr/bin/env -S /opt/x.sh", "/usr/bin/nice -n 5 /opt/x.sh", "/usr/bin/sudo -u root /opt/x.sh", "/usr/bin/arch -arm64 /opt/x.sh", "/usr/bin/caffeinate -i /opt/x.sh",
	"/usr/bin/time -p /opt/x.sh", "/usr/bin/nohup /bin/sh -c id", "/usr/bin/script -q /dev/null /opt/x.sh", "/usr/bin/expect -c 'spawn /opt/x.sh'", "/usr/bin/osascript -e 'do shell script \"id\"'",
	"/usr/bin/awk 'BEGIN{system(\"id\")}'", "/usr/bin/perl -e 'system(\"id\")'", "/usr/bin/python3 -c 'import os'", "/usr/bin/ruby -e '`id`'", "/usr/local/bin/node -e 1", "/usr/bin/php -r 'system(1);'",
	"/usr/bin/tclsh /opt/missing.tcl", "/usr/bin/swift -e 1", "/usr/bin/git -c core.pager=/opt/x.sh log", "/usr/bin/zip /tmp/a /opt -T -TT /opt/x.sh", "/usr/bin/rsync -e /opt/x.sh a b",
	"/usr/bin/xargs /opt/x.sh", "/opt/homebrew/bin/parallel /opt/x.sh ::: a", "/usr/bin/screen -dm /opt/x.sh", "/opt/homebrew/bin/tmux new -d /opt/x.sh", "/usr/bin/open /opt/X.app",
	"/bin/launchctl submit -l x -- /opt/x.sh", "/usr/bin/at -f /opt/x.sh now", "/usr/bin/ditto /opt /opt2", "/bin/sh -c id", "/bin/bash -x /opt/x.sh", "/bin/zsh -f -c id", "/bin/ksh -c id", "/bin/csh -c id",
	"/usr/bin/sqlite3 /tmp/db '.shell id'", "/usr/bin/sed -f /opt/x.sed", "/usr/bin/ed /opt/x", "/usr/bin/less +!id /opt/x", "/usr/bin/man -P /opt/x.sh ls", "/usr/bin/lldb -o 'platform shell id'",
	"/usr/sbin/cron -x /opt/x.sh", "/usr/bin/su root -c id", "/usr/bin/login -f root /opt/x.sh", "/usr/bin/defaults import com.apple.loginwindow /opt/x.plist", "/usr/bin/curl -K /opt/x.conf",
	"/usr/bin/openssl engine /opt/x.dylib", "/usr/bin/java -jar /opt/x.jar", "/usr/libexec/PlistBuddy -c Save /opt/x.plist", "/usr/local/bin/gmake -f /opt/x.mk", "/opt/homebrew/bin/python3.12 -m x", "/usr/bin/env /opt/tool -c id",
	"/System/Library/CoreServices/x -run /opt/x.sh",
}

// TestRunnersAreNotPinned pins the program of each by all that it can be pinned by.
func TestRunnersAreNotPinned(t *testing.T) {
	if len(commandRunners) < 45 {
		t.Errorf("got %d programs, want 45", len(commandRunners))
	}
	root := t.TempDir()
	must(t, os.Chmod(root, 0o755))
	write := func(name, text string) {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		must(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o755))
	}
	for _, name := range []string{"opt/x.sh", "opt/x.mk", "opt/x.plist", "opt/x.sed", "opt/x", "opt/x.swift"} {
		write(name, "#!/bin/sh\n")
	}
	write("opt/tool", "\x00")
	for _, value := range commandRunners {
		name, _, _ := strings.Cut(value, " ")
		write(name, "\x00"+name)
		found := program.Examine(root, value)
		if !found.Exists || found.Path != name {
			t.Errorf("%q: got the program %q", value, found.Path)
		}
		want := config.Require{SHA256: []string{found.SHA256}, Owner: "root", NotWritableByOthers: true}
		for _, part := range found.Parts {
			want.SHA256 = append(want.SHA256, part.SHA256)
		}
		if why := checkPin(root, value, want); !strings.Contains(why, "runs what its arguments say") {
			t.Errorf("%q: got %q, want it refused", value, why)
		}
	}
}

func checkPin(root, value string, want config.Require) string {
	p := NewPins(root, []config.Exception{{ID: "x", Require: want}}).Wait()
	x := &document.Examination{Programs: map[string]document.ExaminedProgram{value: {Found: program.Examine(root, value)}}}
	return p.Check("x", &detect.Record{Fact: &hook.Fact{Value: value, HasValue: true}}, x)
}

// TestPinnedParts pins hooks that run other files: each of these is pinned as well.
func TestPinnedParts(t *testing.T) {
	root := t.TempDir()
	must(t, os.Chmod(root, 0o755))
	write := func(name, text string) string {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		must(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o755))
		found := program.Examine(root, "/"+name)
		return found.SHA256
	}
	sh, script := write("bin/sh", "\x00"), write("opt/x.sh", "#!/bin/sh\n")
	folder := write("opt/folder.sh", "#!/bin/sh\nfor f in /hooks.d/*; do \"$f\"; done\n")
	a, b := write("hooks.d/a", "#!/bin/sh\necho a\n"), write("hooks.d/b", "#!/bin/sh\necho b\n")
	for _, tt := range []struct {
		value string
		sums  []string
		why   string
	}{
		{"/bin/sh /opt/x.sh", []string{sh, script}, ""},
		{"/bin/sh /opt/x.sh", []string{sh}, `it runs "/opt/x.sh": the program's SHA-256 is`},
		{"/bin/sh /opt/x.sh", []string{script}, "the program's SHA-256 is"},
		{"/opt/folder.sh", []string{folder, a, b}, ""},
		{"/opt/folder.sh", []string{folder, a}, `it runs "/hooks.d/b"`},
		{"/opt/folder.sh", nil, ""},
	} {
		if why := checkPin(root, tt.value, config.Require{SHA256: tt.sums, NotWritableByOthers: true}); (why == "") != (tt.why == "") || !strings.Contains(why, tt.why) {
			t.Errorf("%q with %d sums: got %q, want %q", tt.value, len(tt.sums), why, tt.why)
		}
	}
	must(t, os.Chmod(filepath.Join(root, "hooks.d"), 0o777))
	if why := checkPin(root, "/opt/folder.sh", config.Require{NotWritableByOthers: true}); !strings.Contains(why, "others than root can write") {
		t.Errorf("a folder that all can write: got %q", why)
	}
	c := config.Config{Root: root, Exceptions: []config.Exception{
		{ID: "one", Where: `hooksnare.hook.value == "/bin/sh /opt/x.sh"`, Require: config.Require{SHA256: []string{sh}}},
		{ID: "two", Where: `hooksnare.hook.key == "LoginHook" and hooksnare.hook.value in ("/bin/sh -c id", "/opt/gone")`, Require: config.Require{SHA256: []string{sh}}},
		{ID: "three", Where: `hooksnare.hook.value == "/bin/sh /opt/x.sh"`, Require: config.Require{SHA256: []string{sh, script}}},
	}}
	var got []string
	for _, err := range Unmet(c, nil) {
		got = append(got, err.Error())
	}
	if s := strings.Join(got, "\n"); len(got) != 2 || !strings.Contains(s, `exception one does not cover "/bin/sh /opt/x.sh" as it is on this disk: it runs "/opt/x.sh"`) || !strings.Contains(s, `exception two does not cover "/bin/sh -c id"`) {
		t.Errorf("Unmet: got\n%s", s)
	}
}
