package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestStatusWithoutRoot runs status as a user who may not read the state, of a disk with an agent that was
// well: it must not say that it is.
func TestStatusWithoutRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to be somebody else")
	}
	dir, err := os.MkdirTemp("/tmp", "hooksnare-status") // above t.TempDir lie folders that are closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	disk, program := filepath.Join(dir, "disk"), filepath.Join(dir, "hooksnare")
	for _, name := range []string{dir, disk} {
		if err := errors.Join(os.MkdirAll(name, 0o755), os.Chmod(name, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	status := func(want int, args ...string) string {
		t.Helper()
		cmd := exec.Command(program, append([]string{"status", "--root", disk}, args...)...)
		cmd.Dir, cmd.SysProcAttr = "/", &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4711, Gid: 4711}}
		out, err := cmd.Output()
		ended := new(exec.ExitError)
		if errors.As(err, &ended); ended.ProcessState == nil && want != 0 || ended.ProcessState != nil && ended.ExitCode() != want {
			t.Errorf("status %q as a user: got %v, want exit code %d:\n%s%s", args, err, want, out, ended.Stderr)
		}
		return string(out)
	}
	alone := exec.Command(program, "version")
	alone.Dir, alone.SysProcAttr = "/", &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4711, Gid: 4711}}
	if err := alone.Run(); errors.Is(err, syscall.EACCES) {
		t.Skip("another user can't run programs of this kind here: what loads them is closed to others")
	}
	if got := status(1, "--only", "health"); got != "not_installed\n" {
		t.Errorf("health of an empty disk: got %q, want not_installed", got)
	}
	if out, err := exec.Command(program, "install", "--root", disk).CombinedOutput(); err != nil {
		t.Fatalf("install: %v\n%s", err, out)
	}
	state := filepath.Join(disk, "var/db/hooksnare")
	if err := os.WriteFile(filepath.Join(state, "status.json"), []byte(`{"health":{"healthy":true}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := status(1, "--only", "health"); got != "unknown\n" {
		t.Errorf("health: got %q, want unknown", got)
	}
	if got := status(1, "--format", "ndjson"); !strings.HasPrefix(got, `{"running":null,"faults":["not looked at whole`) ||
		!strings.Contains(got, `"seen":false,"health_word":"unknown"`) || !strings.Contains(got, `"program_installed":true,"job_installed":true`) {
		t.Errorf("ndjson: got %s, want what is installed, and nothing seen", got)
	}
	text := status(1, "--format", "text")
	for _, want := range []string{"hooksnare: installed\n", "agent.plist: installed\n", "not seen   conditions\n", "sudo hooksnare status"} {
		if !strings.Contains(text, want) {
			t.Errorf("text: got no %q, want it in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "well") || strings.Contains(text, "healthy") {
		t.Errorf("text claims health that nobody has seen:\n%s", text)
	}
	if got := status(0, "--only", "version"); got != "development\n" {
		t.Errorf("version: got %q, want development", got)
	}

	closed := filepath.Join(disk, "private/var/root/Library/Preferences")
	if err := errors.Join(os.MkdirAll(closed, 0o700), os.Chmod(filepath.Join(disk, "private/var/root"), 0o700)); err != nil {
		t.Fatal(err)
	}
	if got := status(1, "--only", "hooks"); got != "-1\n" {
		t.Errorf("hooks, with a home of root that can't be read: got %q, want -1", got)
	}
}
