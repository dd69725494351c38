// Package receivers has what alerts are delivered to, for tests: the programs that people
// collect alerts with, on free ports of this machine, with certificates made for the one
// test, ended with it, and what they wrote down read back; and fakes of what can't be had. A
// test whose program is not installed is skipped, and says what installs it; with
// TEST_RECEIVERS=required it fails.
package receivers

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Bounds of waiting for a receiver: generous, as a machine under load is slow.
const (
	startTimeout = 30 * time.Second
	stopTimeout  = 10 * time.Second
	awaitTimeout = 30 * time.Second
	pollInterval = 10 * time.Millisecond
)

// Host is the name that receivers have in their certificates.
const Host = "localhost"

// Receiver is a running program that listens on one address of this machine.
type Receiver struct {
	Address string // host:port
	PKI     *PKI

	name    string
	command func() *exec.Cmd
	output  string // file that it writes what it received to
	pidFile string // "" for none
	log     string // file of its own output
	process *exec.Cmd
	ended   chan struct{}
	killed  bool // once, or more often

	messages []Message // read so far
	parsed   int64     // bytes of output that they were in
}

// missing skips the test, or fails it where receivers are required.
func missing(t testing.TB, name string) {
	t.Helper()
	if os.Getenv("TEST_RECEIVERS") == "required" {
		t.Fatalf("receiver not installed: run .ci/receivers (%s)", name)
	}
	t.Skipf("receiver not installed: run .ci/receivers (%s)", name)
}

// Cache is the folder that .ci/receivers puts programs into.
func Cache() string {
	base := os.Getenv("XDG_CACHE_HOME")
	if base == "" {
		base = filepath.Join(os.Getenv("HOME"), ".cache")
	}
	return filepath.Join(base, "hooksnare-receivers")
}

// program returns the first of the files that is there.
func program(t testing.TB, name string, files ...string) string {
	t.Helper()
	for _, f := range files {
		if i, err := os.Stat(f); err == nil && i.Mode().IsRegular() {
			return f
		}
	}
	missing(t, name)
	return ""
}

// run starts the program and sees to its end.
func (r *Receiver) run(t testing.TB) {
	t.Helper()
	r.log = filepath.Join(t.TempDir(), "log")
	t.Cleanup(func() {
		r.Kill(t)
		if t.Failed() {
			t.Logf("log of %s:\n%s", r.name, r.logTail())
		}
	})
	r.Start(t)
}

// Start starts the program, again at the same address after Stop or Kill, and returns
// when it accepts connections.
func (r *Receiver) Start(t testing.TB) {
	t.Helper()
	if r.process != nil {
		t.Fatalf("%s: runs already", r.name)
	}
	if r.pidFile != "" {
		// One that was killed leaves it, and another process may have the number by now.
		_ = os.Remove(r.pidFile)
	}
	log, err := os.OpenFile(r.log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	must(t, err)
	defer log.Close()
	cmd := r.command()
	cmd.Stdout, cmd.Stderr = log, log
	must(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	r.process, r.ended = cmd, ended
	r.awaitPort(t)
}

// awaitPort waits until the program accepts connections.
func (r *Receiver) awaitPort(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(startTimeout); ; {
		err := listens(r.Address)
		if err == nil {
			return
		}
		select {
		case <-r.ended:
			r.process = nil
			t.Fatalf("%s: ended at its start:\n%s", r.name, r.logTail())
		case <-time.After(pollInterval):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: does not listen on %s: %v\n%s", r.name, r.Address, err, r.logTail())
		}
	}
}

// Stop asks the program to end and waits for it.
func (r *Receiver) Stop(t testing.TB) { r.end(t, syscall.SIGTERM) }

// Kill ends the program without a chance to tidy up.
func (r *Receiver) Kill(t testing.TB) {
	r.killed = true
	r.end(t, syscall.SIGKILL)
}

func (r *Receiver) end(t testing.TB, with syscall.Signal) {
	t.Helper()
	if r.process == nil {
		return
	}
	if err := r.process.Process.Signal(with); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("%s: %v", r.name, err)
	}
	select {
	case <-r.ended:
	case <-time.After(stopTimeout):
		t.Errorf("%s: still there %v after signal %v", r.name, stopTimeout, with)
		_ = r.process.Process.Kill()
		<-r.ended
	}
	r.process = nil
}

// logTail returns the end of what the program logged.
func (r *Receiver) logTail() []byte {
	const most = 8 << 10
	b, _ := os.ReadFile(r.log)
	return b[max(0, len(b)-most):]
}

// writeFile writes a file of the receiver's own folder.
func writeFile(t testing.TB, name, text string) {
	t.Helper()
	must(t, os.WriteFile(name, []byte(text), 0o600))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func address(port int) string { return net.JoinHostPort(Host, fmt.Sprint(port)) }
