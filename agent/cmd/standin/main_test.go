package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hooksnare/collector/eslogger/synthetic"
)

// The test binary is the program when it runs under one of its names.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "standin", "eslogger", canaryName:
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// program returns the path of a stand-in in a folder of its own.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "standin")
	if err := placeSelf(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// patience ends a test that hangs; nothing waits for it otherwise.
const patience = 60 * time.Second

func start(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, name, args...)
	// As small as the agent's; race-detecting programs else sleep a second at exit.
	c.Env = []string{"PATH=/usr/bin:/bin", "GORACE=atexit_sleep_ms=0"}
	return c
}

// lay lays a disk and returns its folder and its eslogger.
func lay(t *testing.T, flags ...string) (dir, eslogger string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "mac")
	out, err := start(t, program(t), append(append([]string{"root"}, flags...), dir)...).Output()
	if err != nil {
		t.Fatalf("root %s: %v", dir, err)
	}
	return dir, strings.TrimSpace(string(out))
}

// line is what the tests look at.
type line struct {
	Time    time.Time
	Seq     uint64 `json:"seq_num"`
	Global  uint64 `json:"global_seq_num"`
	Process process
	Event   struct {
		Fork *struct{ Child process }
		Exec *struct {
			Target process
			Args   []string
		}
		Exit *struct{ Stat int }
	}
}

type process struct {
	Token      json.RawMessage `json:"audit_token"`
	PPID       int
	Executable struct{ Path string }
}

func (p process) pid(t *testing.T) int {
	t.Helper()
	var object struct{ PID int }
	var array []int
	switch {
	case json.Unmarshal(p.Token, &object) == nil:
		return object.PID
	case json.Unmarshal(p.Token, &array) == nil && len(array) == 8:
		return array[5]
	}
	t.Fatalf("token: got %s", p.Token)
	return 0
}

// stream is a player that runs.
type stream struct {
	*exec.Cmd
	t     *testing.T
	lines *bufio.Reader
}

func listen(t *testing.T, name string, args ...string) *stream {
	t.Helper()
	c := start(t, name, args...)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = t.Output()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return &stream{c, t, bufio.NewReader(out)}
}

func (s *stream) next() line {
	s.t.Helper()
	raw, err := s.lines.ReadBytes('\n')
	var l line
	if err == nil {
		err = json.Unmarshal(raw, &l)
	}
	if err != nil {
		s.t.Fatalf("next line: %v: %s", err, raw)
	}
	return l
}

func (s *stream) interrupt() {
	s.t.Helper()
	if err := s.Process.Signal(os.Interrupt); err != nil {
		s.t.Fatal(err)
	}
	if err := s.Wait(); err != nil {
		s.t.Errorf("after SIGINT: got %v, want exit 0", err)
	}
}

func TestPlaysTheDemoAsEsloggerWould(t *testing.T) {
	var demo bytes.Buffer
	if err := synthetic.WriteDemo(&demo); err != nil {
		t.Fatal(err)
	}
	_, eslogger := lay(t, "--speed", "0")
	for _, args := range [][]string{nil, {"exec", "fork", "exit"}} {
		began := time.Now().Add(-time.Second)
		s := listen(t, eslogger, args...)
		for i := range bytes.Count(demo.Bytes(), []byte("\n")) {
			l := s.next()
			if l.Global != uint64(i) {
				t.Fatalf("line %d: got global number %d", i+1, l.Global)
			}
			if l.Time.Before(began) {
				t.Fatalf("line %d: got time %v, want that of now", i+1, l.Time)
			}
		}
		s.interrupt()
	}
}

// TestCanaryComesBack has a recording with a gap: the stream has none, with the canaries in it.
func TestCanaryComesBack(t *testing.T) {
	dir, eslogger := lay(t, "--speed", "0")
	var b bytes.Buffer
	h := synthetic.New(&b, synthetic.Options{})
	ls := synthetic.Spec{Path: "/bin/ls"}
	h.Run(h.Launchd(), ls)
	h.Lost(func() { h.Run(h.Launchd(), ls) })
	h.Run(h.Launchd(), ls)
	if err := os.WriteFile(filepath.Join(dir, "usr/bin", recordingName), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	s := listen(t, eslogger, "exec", "fork", "exit")
	for i, want := range []uint64{0, 1, 2, 3, 4, 5} {
		if l := s.next(); l.Global != want {
			t.Errorf("recorded line %d: got global number %d, want %d", i+1, l.Global, want)
		}
	}
	for round := range uint64(3) {
		canary := start(t, filepath.Join(dir, "usr/bin/true"))
		if err := canary.Run(); err != nil {
			t.Fatal(err)
		}
		seen := [3]line{s.next(), s.next(), s.next()}
		if seen[0].Event.Fork == nil || seen[1].Event.Exec == nil || seen[2].Event.Exit == nil {
			t.Fatalf("canary %d: got %+v, want fork, exec, exit", round, seen)
		}
		for i, l := range seen {
			if want := 6 + 3*round + uint64(i); l.Global != want || l.Seq != 2+round {
				t.Errorf("canary %d, line %d: got numbers %d, %d; want %d, %d", round, i, l.Global, l.Seq, want, 2+round)
			}
		}
		target, path := seen[1].Event.Exec.Target, filepath.Join(dir, "usr/bin/true")
		if got := target.pid(t); got != canary.Process.Pid || target.PPID != os.Getpid() || target.Executable.Path != path {
			t.Errorf("canary %d: got pid %d, parent %d, %s; want %d, %d, %s", round,
				got, target.PPID, target.Executable.Path, canary.Process.Pid, os.Getpid(), path)
		}
		if got := seen[0].Process.pid(t); got != os.Getpid() {
			t.Errorf("canary %d: forked by %d, want %d", round, got, os.Getpid())
		}
	}
	s.interrupt()
}

func TestCanaryWithoutPlayerIsTrue(t *testing.T) {
	dir, _ := lay(t)
	if err := start(t, filepath.Join(dir, "usr/bin/true")).Run(); err != nil {
		t.Errorf("true: got %v, want exit 0", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "usr/bin", execsName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("file without a player: got %v, want none", err)
	}
}

func TestPlayerEndsWithItsReader(t *testing.T) {
	_, eslogger := lay(t, "--speed", "0")
	c := start(t, eslogger)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout = w
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := bufio.NewReader(r).ReadBytes('\n'); err != nil {
		t.Fatal(err)
	}
	r.Close()
	err = c.Wait()
	var ended *exec.ExitError
	if err != nil && (!errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGPIPE) {
		t.Errorf("got %v, want the end by itself or by SIGPIPE", err)
	}
}

func TestOddRecordingsArePlayedAsTheyAre(t *testing.T) {
	const odd = "garbage\n\n{\"seq_num\":x,\"time\":\"long ago\"}\n{\"global_seq_num\":99999999999999999999}\nhalf"
	dir, eslogger := lay(t, "--speed", "0")
	if err := os.WriteFile(filepath.Join(dir, "usr/bin", recordingName), []byte(odd), 0o600); err != nil {
		t.Fatal(err)
	}
	s := listen(t, eslogger)
	got := make([]byte, len(odd))
	for n := 0; n < len(got); {
		m, err := s.lines.Read(got[n:])
		if n += m; err != nil {
			t.Fatalf("after %q: %v", got[:n], err)
		}
	}
	if string(got) != odd {
		t.Errorf("got %q, want %q", got, odd)
	}
	s.interrupt()
}

func TestVerbs(t *testing.T) {
	bin := program(t)
	for _, c := range []struct {
		args         []string
		code         int
		stderr, help string
	}{
		{args: []string{"root"}, code: 2, stderr: "expected one folder"},
		{args: []string{"root", filepath.Dir(bin)}, code: 2, stderr: "not empty"},
		{args: []string{"--help"}, help: "recording.ndjson"},
		{args: []string{"root", "--speed", "fast", "/tmp/x"}, code: 2, stderr: "invalid value"},
	} {
		cmd := start(t, bin, c.args...)
		var out, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &stderr
		err := cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != c.code {
			t.Errorf("%q: got exit %d, %v, %s; want %d", c.args, code, err, &stderr, c.code)
		}
		if !strings.Contains(stderr.String(), c.stderr) || !strings.Contains(out.String(), c.help) {
			t.Errorf("%q: got stderr %q, stdout %q; want %q, %q", c.args, &stderr, &out, c.stderr, c.help)
		}
	}
}

func TestBadSpeedIsAnError(t *testing.T) {
	for _, text := range []string{"", "-2", "fast", "NaN"} {
		bin := program(t)
		if err := os.WriteFile(filepath.Join(filepath.Dir(bin), speedName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := start(t, bin, "exec").Run(); err == nil {
			t.Errorf("speed %q: got no error", text)
		}
	}
}
