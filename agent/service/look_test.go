package service

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const printedJob = "system/com.hooksnare.agent = {\n\tactive count = 1\n\tpath = /Library/LaunchDaemons/com.hooksnare.agent.plist\n" +
	"\tstate = running\n\n\tenvironment = {\n\t\tstate = waiting\n\t\tpid = 1\n\t}\n\tpid = 4711\n\tlast exit code = (never exited)\n}\n"

func TestLook(t *testing.T) {
	installed := View{Program: true, Job: true, Launchd: true}
	running, ended := installed, installed
	running.Loaded, running.Running, running.PID, running.LastExit = true, true, 4711, "(never exited)"
	ended.Loaded, ended.LastExit = true, "78: EX_CONFIG"
	flood := strings.Repeat("\t\tVARIABLE => "+strings.Repeat("x", 1000)+"\n", 1000)
	flooded := installed
	flooded.Loaded = true
	for _, tt := range []struct {
		name, launchctl string
		want            View
	}{
		{"runs", "cat <<'X'\n" + printedJob + "X", running},
		{"ended", "printf '%s' 'x = {\n\tstate = spawn scheduled\n\tlast exit code = 78: EX_CONFIG\n}\n'", ended},
		{"not loaded", "echo 'Could not find service'; exit 113", installed},
		{"killed", "kill -KILL $$", View{Program: true, Job: true}},
		{"prints without end", "cat <<'X'\n" + flood + "\tstate = running\nX", flooded},
	} {
		m := newMac(t)
		m.install()
		m.write(m.launchctl, "#!/bin/sh\n"+tt.launchctl+"\n", 0o755)
		if got := m.service.Look(t.Context()); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// TestLookWithoutLaunchd looks at a disk, where nothing may be run.
func TestLookWithoutLaunchd(t *testing.T) {
	s, err := New(Options{Root: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Look(t.Context()); got != (View{}) {
		t.Errorf("empty disk: got %+v, want nothing", got)
	}
	program := s.path(Program)
	if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Look(t.Context()), (View{Program: true}); got != want {
		t.Errorf("disk with a program: got %+v, want %+v", got, want)
	}
}
