package agent_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestStalledFolder tries operations of each kind while the file system is stalled: none ends before
// it is resumed, and each does what it should then.
func TestStalledFolder(t *testing.T) {
	fs := mountStalled(t, t.TempDir())
	at := func(name string) string { return filepath.Join(fs.Dir, name) }
	for _, name := range []string{"old", "moved", "gone"} {
		if err := os.WriteFile(at(name), []byte("before"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open, err := os.OpenFile(at("old"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	operations := map[string]func() error{
		"create":  func() error { return os.WriteFile(at("new"), []byte("x"), 0o600) },
		"mkdir":   func() error { return os.Mkdir(at("folder"), 0o700) },
		"stat":    func() error { _, err := os.Stat(at("old")); return err },
		"readdir": func() error { _, err := os.ReadDir(fs.Dir); return err },
		"rename":  func() error { return os.Rename(at("moved"), at("to")) },
		"link":    func() error { return os.Link(at("old"), at("linked")) },
		"remove":  func() error { return os.Remove(at("gone")) },
		"write":   func() error { _, err := open.Write([]byte("y")); return err },
		"sync":    open.Sync,
	}
	fs.Stall()
	type end struct {
		name string
		err  error
	}
	ended := make(chan end, len(operations))
	for name, do := range operations {
		go func() { ended <- end{name, do()} }()
	}
	// Those that change the same folder wait for each other in the kernel, before the file system.
	for limit := time.Now().Add(patience); fs.Waiting() < 3; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited %v: got %d operations that wait, want 3 at least", patience, fs.Waiting())
		}
	}
	select {
	case e := <-ended:
		t.Fatalf("%s: ended with %v although the file system is stalled", e.name, e.err)
	default:
	}
	fs.Resume()
	for range operations {
		if e := <-ended; e.err != nil {
			t.Errorf("%s: got %v after it was resumed, want nil", e.name, e.err)
		}
	}
	if b, err := os.ReadFile(at("new")); err != nil || string(b) != "x" {
		t.Errorf("new: got %q, %v; want x", b, err)
	}
}

// TestStalledFolderKill kills a process that waits for a stalled file system.
func TestStalledFolderKill(t *testing.T) {
	fs := mountStalled(t, t.TempDir())
	fs.Stall()
	cmd := exec.Command("sh", "-c", "echo x >"+filepath.Join(fs.Dir, "file"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(patience); fs.Waiting() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited %v: the process does not use the file system", patience)
		}
	}
	cmd.Process.Kill()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatalf("waited %v: the process was killed and did not end", patience)
	}
}

// TestStalledFolderSlow has operations take longer.
func TestStalledFolderSlow(t *testing.T) {
	fs := mountStalled(t, t.TempDir())
	const slow = 30 * time.Millisecond
	fs.Slow(slow)
	begin := time.Now()
	if _, err := os.Stat(filepath.Join(fs.Dir, "none")); !os.IsNotExist(err) {
		t.Errorf("stat: got %v, want that there is no such file", err)
	}
	if took := time.Since(begin); took < slow {
		t.Errorf("stat took %v, want %v at least", took, slow)
	}
}

// TestStalledFolderPoll polls a file while nothing is answered: the kernel knows by then that it can't be.
func TestStalledFolderPoll(t *testing.T) {
	backing := t.TempDir()
	if err := os.WriteFile(filepath.Join(backing, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := mountStalled(t, backing)
	fd, err := unix.Open(filepath.Join(f.Dir, "file"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	f.Stall()
	defer f.Resume()
	done := make(chan error, 1)
	go func() {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("a poll waits for the file system")
	}
}
