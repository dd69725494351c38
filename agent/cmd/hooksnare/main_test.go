package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/rogpeppe/go-internal/testscript"

	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/shared"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hooksnare": main})
}

// TestScripts runs the command scripts, each in a folder with recordings in it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", "atexit_sleep_ms=0") // else a program that looks for races sleeps a second at its end
			return writeRecordings(e.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "cut": cut, "await": await, "until": until, "traps": traps,
		},
	})
}

// writeRecordings writes the demo in every form that is read, a recording in which nothing
// happens, and what hooksnare simulate runs, with @VALUE@ in the place of the value.
func writeRecordings(dir string) error {
	var demo, pretty, quiet bytes.Buffer
	if err := synthetic.WriteDemo(&demo); err != nil {
		return err
	}
	for line := range bytes.Lines(demo.Bytes()) {
		if err := json.Indent(&pretty, line, "", "  "); err != nil {
			return err
		}
		pretty.WriteByte('\n')
	}
	var template bytes.Buffer
	s := synthetic.New(&template, synthetic.Options{})
	s.Run(s.Shell(), synthetic.Spec{Path: "/usr/bin/defaults", SigningID: "com.apple.defaults", Args: []string{"defaults", "write", "com.hooksnare.simulation", "LoginHook", "@VALUE@"}})
	if err := s.Err(); err != nil {
		return err
	}
	h := synthetic.New(&quiet, synthetic.Options{})
	h.Run(h.Shell(), synthetic.Spec{Path: "/usr/bin/defaults", Args: []string{"defaults", "read", "com.apple.loginwindow", "LoginHook"}})
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(demo.Bytes()); err != nil || w.Close() != nil {
		return errors.Join(err, errors.New("gzip"))
	}
	wide := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(demo.String())) {
		wide = binary.LittleEndian.AppendUint16(wide, unit)
	}
	files := map[string][]byte{
		"demo.ndjson.gz": packed.Bytes(), "other.gz": []byte("\x1f\x8bgarbage and more"), "utf16.ndjson": wide,
		"array.json":  []byte("[" + strings.ReplaceAll(strings.TrimSpace(demo.String()), "\n", ", ") + "]"),
		"demo.ndjson": demo.Bytes(), "pretty.json": pretty.Bytes(), "quiet.ndjson": quiet.Bytes(), "marked.ndjson": append([]byte("\ufeff"), quiet.Bytes()...), "simulation.ndjson": template.Bytes(),
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return err
		}
	}
	return h.Err()
}

// exits runs a command that must end with a status: exits STATUS COMMAND...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND...")
	}
	got, err := 0, ts.Exec(args[1], args[2:]...)
	if ended := new(exec.ExitError); errors.As(err, &ended) {
		got, err = ended.ExitCode(), nil
	}
	ts.Check(err)
	if want := args[0]; strconv.Itoa(got) != want {
		ts.Fatalf("%s: exit status %d, want %s", strings.Join(args[1:], " "), got, want)
	}
}

// cut takes bytes off the end of a file: cut BYTES FILE
func cut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut BYTES FILE")
	}
	n, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	path := ts.MkAbs(args[1])
	info, err := os.Stat(path)
	ts.Check(err)
	ts.Check(os.Truncate(path, info.Size()-n))
}

// await waits until a file has a text: await FILE TEXT
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE TEXT")
	}
	for limit := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		b, _ := os.ReadFile(ts.MkAbs(args[0])) // not there at first
		if strings.Contains(string(b), args[1]) {
			return
		}
		if time.Now().After(limit) {
			ts.Fatalf("waited a minute for %q in %s:\n%s", args[1], args[0], b)
		}
	}
}

// until runs a command until it ends well and what it prints matches: until REGEXP COMMAND...
// What it printed last is the stdout of the script.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP COMMAND...")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for limit := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if err == nil && want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(limit) {
			ts.Fatalf("waited a minute for %s to print %q: %v", strings.Join(args[1:], " "), args[0], err)
		}
	}
}

// traps makes a disk all of whose programs write their names to the file RAN on it, and whose
// configuration and hooks name them: traps DISK
func traps(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: traps DISK")
	}
	disk := ts.MkAbs(args[0])
	put := func(name, text string, mode os.FileMode) {
		name = filepath.Join(disk, name)
		ts.Check(errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), mode)))
	}
	for _, name := range []string{
		"usr/bin/eslogger", "usr/bin/true", "usr/bin/false", "usr/bin/defaults", "usr/bin/plutil", "usr/bin/logger", "usr/bin/codesign",
		"usr/bin/sw_vers", "usr/bin/sudo", "usr/bin/id", "usr/bin/dscl", "bin/sh", "bin/bash", "bin/launchctl", "usr/sbin/ioreg", "usr/sbin/scutil",
		"usr/libexec/PlistBuddy", "Library/Application Support/Hooksnare/hooksnare",
	} {
		put(name, "#!/bin/sh\necho "+filepath.Base(name)+" >>'"+filepath.Join(disk, "RAN")+"'\n", 0o755)
	}
	plist := func(members string) string {
		return `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict>` + members + `</dict></plist>`
	}
	settings := plist("<key>EsloggerPath</key><string>" + filepath.Join(disk, "usr/bin/eslogger") + "</string><key>CanaryInterval</key><real>1</real>" +
		"<key>Outputs</key><array><dict><key>Type</key><string>file</string><key>Path</key><string>/var/log/hooksnare/alerts.jsonl</string></dict></array>")
	put("Library/Preferences/com.hooksnare.agent.plist", settings, 0o644)
	put("Library/Managed Preferences/com.hooksnare.agent.plist", settings, 0o644)
	for _, home := range []string{"private/var/root", "Users/dana", ""} {
		put(home+"/Library/Preferences/com.apple.loginwindow.plist", plist("<key>LoginHook</key><string>/usr/bin/true</string>"), 0o644)
	}
}

// TestReplayCaptures replays what others recorded on real Macs: no hook is in it.
func TestReplayCaptures(t *testing.T) {
	entries, err := os.ReadDir(shared.Path(t, "captures"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); ext != ".json" && ext != ".jsonl" && ext != ".ndjson" {
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			var out, summary bytes.Buffer
			root := newRoot()
			root.SetOut(&out)
			root.SetErr(&summary)
			root.SetArgs([]string{"replay", "--root", t.TempDir(), shared.Path(t, "captures", e.Name())})
			if err := root.Execute(); err != nil {
				t.Errorf("got %v, want no error", err)
			}
			if out.Len() > 0 {
				t.Errorf("got alerts, want none:\n%s", &out)
			}
			if got := summary.String(); strings.Contains(got, "can't be read") || strings.HasPrefix(got, "replay: 0 lines") {
				t.Errorf("got summary %q, want lines, all of which can be read", got)
			}
		})
	}
}
