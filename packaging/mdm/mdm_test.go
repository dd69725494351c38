// Package mdm_test runs what management tools run, unmodified but for the absolute paths in it, against the
// real program and an agent on a fake disk.
package mdm_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hooksnare/packaging/launchd"
)

// mac is a fake disk, and a program that is the real one for that disk.
type mac struct {
	t                        *testing.T
	dir, disk, real, program string
	agent                    *exec.Cmd
}

// build builds a command of the project into a folder.
func build(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if out, err := exec.Command("go", "build", "-o", path, "../../agent/cmd/"+name).CombinedOutput(); err != nil {
		t.Fatalf("build of %s: %v\n%s", name, err, out)
	}
	return path
}

// newMac lays a disk on which the agent is installed and does not run.
func newMac(t *testing.T, real, standin string) *mac {
	t.Helper()
	dir := t.TempDir()
	m := &mac{t: t, dir: dir, disk: filepath.Join(dir, "disk"), real: real, program: filepath.Join(dir, "the program")}
	for _, args := range [][]string{{standin, "root", "--speed", "0", m.disk}, {real, "install", "--root", m.disk}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
	m.play("exec '" + real + "' \"$@\" --root '" + m.disk + "'")
	m.configure("")
	t.Cleanup(m.stop)
	return m
}

func (m *mac) write(path, text string, mode os.FileMode) {
	m.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	syscall.ForkLock.RLock() // else a process that starts meanwhile holds the file, which then can't be run
	err := os.WriteFile(path, []byte(text), mode)
	syscall.ForkLock.RUnlock()
	if err != nil {
		m.t.Fatal(err)
	}
}

// play makes a shell command what the scripts run as the installed program.
func (m *mac) play(command string) { m.write(m.program, "#!/bin/sh\n"+command+"\n", 0o755) }

// configure gives the agent settings. After the canary of its start there is none, which a slow machine
// could miss.
func (m *mac) configure(members string) {
	m.write(filepath.Join(m.disk, "Library/Preferences/com.hooksnare.agent.plist"), `<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict>`+members+`<key>CanaryInterval</key><real>3600</real><key>Outputs</key><array><dict><key>Name</key><string>local</string><key>Type</key><string>file</string>
<key>Path</key><string>/var/log/hooksnare/alerts.jsonl</string></dict></array></dict></plist>`, 0o644)
}

func (m *mac) path(name string) string { return filepath.Join(m.disk, name) }

// start starts the agent with a program as eslogger.
func (m *mac) start(eslogger string) {
	m.t.Helper()
	m.agent = exec.Command(m.real, "run", "--root", m.disk, "--eslogger", eslogger, "--canary", m.path("usr/bin/true"))
	if err := m.agent.Start(); err != nil {
		m.t.Fatal(err)
	}
}

func (m *mac) stop() {
	if m.agent != nil {
		m.agent.Process.Signal(syscall.SIGTERM)
		m.agent.Wait()
		m.agent = nil
	}
}

// awaitHealth waits until the program itself says a word.
func (m *mac) awaitHealth(want string) {
	m.t.Helper()
	for limit := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		out, _ := exec.Command(m.program, "status", "--only", "health").Output()
		if strings.TrimSpace(string(out)) == want {
			return
		}
		if time.Now().After(limit) {
			m.t.Fatalf("waited a minute for the health %s, got %q", want, out)
		}
	}
}

// log returns the documents that the agent wrote.
func (m *mac) log() string { return read(m.t, m.path("var/log/hooksnare/alerts.jsonl")) }

// awaitDocument waits until a document has a text.
func (m *mac) awaitDocument(text string) {
	m.t.Helper()
	m.await("var/log/hooksnare/alerts.jsonl", text)
}

// await waits until a file of the disk has a text.
func (m *mac) await(name, text string) {
	m.t.Helper()
	for limit := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		b, _ := os.ReadFile(m.path(name)) // not there at first
		if bytes.Contains(b, []byte(text)) {
			return
		}
		if time.Now().After(limit) {
			m.t.Fatalf("waited a minute for %s in %s, got:\n%s", text, name, b)
		}
	}
}

// script returns a shipped script with the test's paths in the place of the absolute ones, and its limit
// in seconds if that is not "".
func (m *mac) script(name, limit string) string {
	m.t.Helper()
	text := read(m.t, name)
	if !strings.Contains(text, "program='"+launchd.Program+"'\nlimit=30 ") {
		m.t.Fatalf("%s: does not name the installed program and the limit", name)
	}
	text = strings.ReplaceAll(text, launchd.Program, m.program)
	text = strings.ReplaceAll(text, "/usr/bin/defaults", m.path("defaults"))
	if limit != "" {
		text = strings.Replace(text, "limit=30 ", "limit="+limit+" ", 1)
	}
	path := filepath.Join(m.dir, filepath.Base(name))
	m.write(path, text, 0o755)
	return path
}

// run runs a shipped script under a shell and returns what it printed and its exit code. It leaves no file.
func (m *mac) run(shell, name, limit string) (string, int) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Minute)
	defer cancel()
	temp := m.t.TempDir()
	var out, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, shell, m.script(name, limit))
	cmd.Env, cmd.Stdout, cmd.Stderr = []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "TMPDIR=" + temp}, &out, &stderr
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if cmd.ProcessState == nil || ctx.Err() != nil {
		m.t.Fatalf("%s %s: %v", shell, name, err)
	}
	if stderr.Len() > 0 {
		m.t.Errorf("%s %s: got %q on stderr, want nothing", shell, name, &stderr)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		m.t.Errorf("%s %s: left %v, %v, want no file", shell, name, left, err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
