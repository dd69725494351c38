package eslogger_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hooksnare/collector/eslogger/synthetic"
)

// The test binary plays eslogger when this names a folder with a plan.
const standInFolder = "HOOKSNARE_TEST_STAND_IN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(standInFolder); dir != "" {
		playESLogger(dir)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A plan says for each start of the stand-in what it does; the last one is for all later
// starts. It ends with exit status 0 when there is no more to do.
type plan [][]act

type act struct {
	Do   string
	N    int    `json:",omitempty"`
	Text string `json:",omitempty"`
}

// The files of the stand-in's folder.
const (
	planFile   = "plan.json"
	reportFile = "report.json"
	canaryFile = "canaries" // a line for each canary that ran: pid and parent
	heirFile   = "heir"     // pid of a process that inherited the pipes
	goFile     = "go"       // made by a test to let the stand-in go on
)

// report is what the stand-in finds around itself.
type report struct {
	PID, Group, Session int
	Args, Env           []string
	Stdin               string
	Folder              string
}

// standIn writes a program that plays eslogger by a plan, and a canary for it to see.
func standIn(t *testing.T, p plan) (dir, program, canary string) {
	t.Helper()
	dir = t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	program, canary = filepath.Join(dir, "eslogger"), filepath.Join(dir, "canary")
	write(t, filepath.Join(dir, planFile), string(b), 0o600)
	write(t, program, fmt.Sprintf("#!/bin/sh\nexport %s='%s'\nexec '%s' \"$@\"\n", standInFolder, dir, self), 0o700)
	write(t, canary, fmt.Sprintf("#!/bin/sh\necho $$ $PPID >>'%s'\n", filepath.Join(dir, canaryFile)), 0o700)
	return dir, program, canary
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// player is a running stand-in.
type player struct {
	dir   string
	start int // the first is 1
	out   *bufio.Writer
	host  *synthetic.Host
	shell *synthetic.Proc
	agent *synthetic.Proc
	told  int // commands written, the number of the last marker
	seen  int // bytes of the canary file that were read
}

func playESLogger(dir string) {
	var p plan
	b, err := os.ReadFile(filepath.Join(dir, planFile))
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(99)
	}
	pl := &player{dir: dir, start: countStart(dir), out: bufio.NewWriter(os.Stdout)}
	pl.host = synthetic.New(pl.out, synthetic.Options{Seed: uint64(pl.start)})
	pl.shell = pl.host.Adopt(pl.host.Launchd(), 600, synthetic.Spec{Path: "/bin/zsh"})
	// A canary from before the subscription is lost, as any event.
	if b, err := os.ReadFile(filepath.Join(dir, canaryFile)); err == nil {
		pl.seen = len(b)
	}
	for _, a := range p[min(pl.start, len(p))-1] {
		pl.act(a)
		if err := pl.out.Flush(); err != nil {
			os.Exit(0)
		}
	}
}

// countStart numbers this start.
func countStart(dir string) int {
	for n := 1; ; n++ {
		f, err := os.OpenFile(filepath.Join(dir, "start."+strconv.Itoa(n)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			fmt.Fprint(f, os.Getpid())
			f.Close()
		}
		return n
	}
}

// act does one thing of the plan.
func (p *player) act(a act) {
	switch a.Do {
	case "events": // N commands: a fork, an exec and an exit each
		p.commands(a.N)
	case "lose": // N commands that the kernel drops
		p.host.Lost(func() { p.commands(a.N) })
	case "stream": // counts from 0 again
		p.host.NewStream()
	case "jump": // the numbers go on far away
		p.host.Resume(1<<60, 0, 0, 0)
	case "stdout": // Text, N times
		for range max(a.N, 1) {
			p.out.WriteString(a.Text)
		}
	case "stderr":
		os.Stderr.WriteString(a.Text)
	case "long": // a line of N bytes
		p.out.WriteString(`{"x":"`)
		for chunk := strings.Repeat("x", 1<<16); a.N > 0; a.N -= len(chunk) {
			p.out.WriteString(chunk)
		}
		p.out.WriteString("\"}\n")
	case "flood": // standard error without end
		go func() {
			for {
				os.Stderr.WriteString(strings.Repeat("flood ", 700) + "\n")
			}
		}()
	case "exit":
		os.Exit(a.N)
	case "kill", "stop": // itself
		sig := map[string]syscall.Signal{"kill": syscall.SIGKILL, "stop": syscall.SIGSTOP}[a.Do]
		_ = syscall.Kill(os.Getpid(), sig)
		time.Sleep(time.Hour)
	case "deaf": // to signals that can be ignored
		signal.Ignore(syscall.SIGINT, syscall.SIGTERM)
	case "close": // its output, and stays
		os.Stdout.Close()
	case "hang":
		time.Sleep(time.Hour)
	default:
		p.actMore(a)
	}
}

func (p *player) actMore(a act) {
	switch a.Do {
	case "serve": // report canaries until told to end
		p.until(func() bool { return false }, p.canaries)
	case "trickle": // a command now and then, until told to go on
		p.until(p.mayGo, func() { p.commands(1) })
	case "await":
		p.until(p.mayGo, func() {})
	case "farewell": // N commands more when told to end
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGINT)
		p.commands(1)
		p.out.Flush()
		<-c
		p.commands(a.N)
	case "heir": // leaves another process with its pipes
		cmd := exec.Command("/bin/sleep", "600")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Start(); err == nil {
			_ = os.WriteFile(filepath.Join(p.dir, heirFile), []byte(strconv.Itoa(cmd.Process.Pid)), 0o600)
		}
	case "report":
		p.report()
	default:
		fmt.Fprintln(os.Stderr, "no such act:", a.Do)
		os.Exit(98)
	}
}

func (p *player) mayGo() bool {
	_, err := os.Stat(filepath.Join(p.dir, goFile))
	return err == nil
}

// until does something every few milliseconds.
func (p *player) until(done func() bool, do func()) {
	for !done() {
		do()
		if p.out.Flush() != nil {
			os.Exit(0)
		}
		time.Sleep(3 * time.Millisecond)
	}
}

// commands writes n commands, each with a mark of its own as argument.
func (p *player) commands(n int) {
	for range n {
		p.told++
		p.host.Run(p.shell, synthetic.Spec{Path: "/bin/echo", Args: []string{"echo", fmt.Sprintf("%d.%d", p.start, p.told)}})
	}
}

// canaries writes the canaries that have run since.
func (p *player) canaries() {
	b, err := os.ReadFile(filepath.Join(p.dir, canaryFile))
	if err != nil {
		return
	}
	for line := range bytes.Lines(b[p.seen:]) {
		var pid, parent int32
		if n, _ := fmt.Sscanf(string(line), "%d %d\n", &pid, &parent); n != 2 {
			return
		}
		p.seen += len(line)
		if p.agent == nil {
			p.agent = p.host.Adopt(p.host.Launchd(), parent, synthetic.Spec{Path: "/usr/local/libexec/hooksnare"})
		}
		c := p.host.ForkPID(p.agent, pid)
		p.host.Exec(c, synthetic.Spec{Path: filepath.Join(p.dir, "canary")})
		p.host.Exit(c, 0)
	}
}

func (p *player) report() {
	session, _ := unix.Getsid(0)
	folder, _ := os.Getwd()
	_, end := os.Stdin.Read(make([]byte, 1))
	b, _ := json.Marshal(report{
		PID: os.Getpid(), Group: unix.Getpgrp(), Session: session,
		Args: os.Args[1:], Env: os.Environ(), Stdin: fmt.Sprint(end), Folder: folder,
	})
	_ = os.WriteFile(filepath.Join(p.dir, reportFile), b, 0o600)
}
