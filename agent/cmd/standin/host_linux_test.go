package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestHostWatch runs a program beside the player: its runs are noticed, and nothing else.
func TestHostWatch(t *testing.T) {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	name := filepath.Join(t.TempDir(), "true")
	program, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(program, self); err != nil {
		t.Fatal(err)
	}
	if err := program.Close(); err != nil {
		t.Fatal(err)
	}
	w := newHostWatch(name, os.Getpid())
	if w == nil {
		t.Skip("this machine tells nothing of files being opened")
	}
	defer w.close()
	if got := w.take(); len(got) != 0 {
		t.Errorf("before it ran: got %+v, want nothing", got)
	}
	for round := range 2 {
		cmd := exec.Command(name, "-test.run=^$")
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		got := w.take()
		if len(got) != 1 || got[0].path != hostCanary || int(got[0].ppid) != os.Getpid() {
			t.Errorf("round %d: got %+v, want one run of %s by %d", round, got, hostCanary, os.Getpid())
		}
		if got := w.take(); len(got) != 0 {
			t.Errorf("round %d: again: got %+v, want nothing", round, got)
		}
	}
	if (*hostWatch)(nil).take() != nil || watchHost() != nil {
		t.Error("got a watch below something that is not an agent, want none")
	}
}
