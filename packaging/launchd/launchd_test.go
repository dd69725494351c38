package launchd

import (
	"bytes"
	"maps"
	"os/exec"
	"reflect"
	"slices"
	"testing"

	"howett.net/plist"
)

// TestPropertyList holds every key, and by its silence every key that must not be
// there: ProcessType Background and LowPriorityIO slow the agent down, SessionCreate
// and EnableTransactions change how launchd ends it.
func TestPropertyList(t *testing.T) {
	want := map[string]any{
		"Label":              Label,
		"ProgramArguments":   []any{"/Library/Application Support/Hooksnare/hooksnare", "run"},
		"RunAtLoad":          true,
		"KeepAlive":          true,
		"ThrottleInterval":   uint64(10),
		"ExitTimeOut":        uint64(20),
		"Umask":              uint64(0o077), // launchd reads it as a decimal number
		"SoftResourceLimits": map[string]any{"NumberOfFiles": uint64(4096)},
		"StandardErrorPath":  "/var/log/hooksnare/agent.log",
	}
	var got map[string]any
	format, err := plist.Unmarshal(PropertyList, &got)
	if err != nil {
		t.Fatal(err)
	}
	if format != plist.XMLFormat {
		t.Errorf("format %d, want XML (%d)", format, plist.XMLFormat)
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if !reflect.DeepEqual(got[key], want[key]) {
			t.Errorf("%s: got %#v, want %#v", key, got[key], want[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, known := want[key]; !known {
			t.Errorf("%s: got %#v, want no such key", key, got[key])
		}
	}
}

// TestNoTemplate keeps the list usable for programs that treat it as a template.
func TestNoTemplate(t *testing.T) {
	for _, mark := range []string{"{{", "}}", "@@", "${"} {
		if bytes.Contains(PropertyList, []byte(mark)) {
			t.Errorf("property list holds %q", mark)
		}
	}
}

// TestPlutil asks Apple's own parser, where there is one.
func TestPlutil(t *testing.T) {
	const plutil = "/usr/bin/plutil"
	if _, err := exec.LookPath(plutil); err != nil {
		t.Skip("no " + plutil + " here")
	}
	if out, err := exec.Command(plutil, "-lint", "com.hooksnare.agent.plist").CombinedOutput(); err != nil {
		t.Errorf("plutil -lint: %v: %s", err, out)
	}
}
