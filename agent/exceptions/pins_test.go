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
