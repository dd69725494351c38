package agent_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"hooksnare/agent/config"
	"hooksnare/pkg/alert"
)

// onlyFile is a configuration without a canary whose only output is the local log.
const onlyFile = `<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict>
<key>CanaryInterval</key><real>0</real>
<key>Outputs</key><array><dict>
<key>Type</key><string>file</string>
<key>Path</key><string>/` + alertLog + `</string>
</dict></array>
</dict></plist>
`

// daemon is the real program that runs on a disk of its own.
type daemon struct {
	stage
	eslogger string
	program  string
	cmd      *exec.Cmd
	out, err journal
}

// TestProcess is about the process that the agent is: one program, built once.
func TestProcess(t *testing.T) {
	program := filepath.Join(t.TempDir(), "hooksnare")
	if out, err := exec.Command("go", "build", "-o", program, "hooksnare/agent/cmd/hooksnare").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	t.Run("terminate", func(t *testing.T) { testTerminate(t, program) })
	t.Run("kill", func(t *testing.T) { testKill(t, program) })
	t.Run("hang-up", func(t *testing.T) { testHangUp(t, program) })
	t.Run("end", func(t *testing.T) { testEnd(t, program) })
	t.Run("launched", func(t *testing.T) { testLaunched(t, program) })
	t.Run("frozen", func(t *testing.T) { testFrozen(t, program) })
}

func newDaemon(t *testing.T, program string, p plan) *daemon {
	t.Helper()
	d := &daemon{program: program}
	d.root = t.TempDir()
	d.log = filepath.Join(d.root, alertLog)
	d.dir, d.eslogger = standIn(t, d.root, p)
	place(t, filepath.Join(d.root, config.LocalFile), onlyFile, 0o600)
	return d
}

// run starts the program. It ends with the test at the latest.
func (d *daemon) run(t *testing.T, flags ...string) {
	t.Helper()
	d.cmd = exec.Command(d.program, append([]string{"run", "--root", d.root, "--eslogger", d.eslogger, "--canary", filepath.Join(d.root, "usr/bin/true")}, flags...)...)
	d.cmd.Stdout, d.cmd.Stderr = &d.out, &d.err
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.cmd.Process.Kill()
		d.cmd.Wait()
		if t.Failed() {
			t.Logf("stderr:\n%s", &d.err)
		}
	})
}

func (d *daemon) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := d.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// testTerminate ends the agent by SIGTERM: within five seconds, with status 0, and with
// the alerts about what eslogger wrote to the last.
func testTerminate(t *testing.T, program string) {
	d := newDaemon(t, program, plan{{{Do: "hooks", N: 3}, {Do: "farewell", N: 3}}})
	d.run(t, "--show")
	d.until(t, "the first alerts", func(list []*alert.Alert) bool { return len(hooks(list)) == 3 })
	d.signal(t, syscall.SIGTERM)
	within := time.AfterFunc(5*time.Second, func() { d.cmd.Process.Kill() })
	defer within.Stop()
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: got %v, want status 0 within five seconds", err)
	}
	if got, want := hooks(alerts(t, d.log)), upTo(1, 6); !slices.Equal(got, want) {
		t.Errorf("hooks: got %q, want %q", got, want)
	}
	for _, value := range upTo(1, 6) {
		if want := `sets LoginHook to "` + value + `"`; !strings.Contains(d.out.String(), want) {
			t.Errorf("stdout: got no %s in\n%s", want, &d.out)
		}
	}
}

// testKill ends the agent by SIGKILL, and leaves half a line in the log as a crash may. After
// the next start every line is whole, and no alert that was durable is missing.
func testKill(t *testing.T, program string) {
	d := newDaemon(t, program, plan{{{Do: "hooks", N: 90}, {Do: "serve"}}})
	d.run(t)
	d.until(t, "some alerts", func(list []*alert.Alert) bool { return len(list) > 3 })
	d.signal(t, syscall.SIGKILL)
	d.cmd.Wait()
	f, err := os.OpenFile(d.log, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"@timestamp":"2026-`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	waiting, err := filepath.Glob(filepath.Join(d.root, "var/db/hooksnare/spool/out/*/*.json"))
	if err != nil {
		t.Fatal(err)
	}
	d.run(t)
	d.until(t, "the alerts of the second start", func(list []*alert.Alert) bool {
		got := hooks(list)
		return len(got) > 0 && got[len(got)-1] == "/tmp/hook.2.90"
	})
	d.signal(t, syscall.SIGTERM)
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: got %v, want status 0", err)
	}
	// What was delivered and not yet acknowledged as it was killed comes once more.
	got := hooks(alerts(t, d.log))
	var once []string
	for _, h := range got {
		if !slices.Contains(once, h) {
			once = append(once, h)
		}
	}
	first := len(once) - 90
	if want := append(upTo(1, max(first, 0)), upTo(2, 90)...); first < 4 || !slices.Equal(once, want) {
		t.Errorf("hooks: got %q, want %q", once, want)
	}
	if again := len(got) - len(once); again > len(waiting) {
		t.Errorf("got %d alerts again, want at most the %d that were not acknowledged", again, len(waiting))
	}
}

// testHangUp moves the log away, as a rotation does, and sends SIGHUP.
func testHangUp(t *testing.T, program string) {
	d := newDaemon(t, program, plan{{{Do: "hooks", N: 2}, {Do: "await"}, {Do: "hooks", N: 3}, {Do: "serve"}}})
	d.run(t)
	d.until(t, "the first alerts", func(list []*alert.Alert) bool { return len(hooks(list)) == 2 })
	old := d.log + ".old"
	if err := os.Rename(d.log, old); err != nil {
		t.Fatal(err)
	}
	d.signal(t, syscall.SIGHUP)
	d.err.await(t, "outputs are opened again")
	for limit := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		info, err := os.Stat(d.log)
		if err == nil {
			if got := info.Mode().Perm(); got != 0o600 {
				t.Errorf("the new log: got mode %o, want 600", got)
			}
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("after SIGHUP: %v", err)
		}
	}
	d.letGo(t)
	d.until(t, "the other alerts", func(list []*alert.Alert) bool { return len(hooks(list)) == 3 })
	if got, want := hooks(alerts(t, old, d.log)), upTo(1, 5); !slices.Equal(got, want) {
		t.Errorf("hooks: got %q, want %q", got, want)
	}
}
