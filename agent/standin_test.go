package agent_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hooksnare/collector/eslogger/synthetic"
)

// standInFolder names the folder with the plan by which TestStandIn plays eslogger.
const standInFolder = "STAND_IN_FOLDER"

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
	canaryFile = "canaries" // a line for each canary that ran: pid and parent
	goFile     = "go"       // made by a test to let the stand-in go on
)

// standIn writes a program that plays eslogger by a plan, and its canary below the root.
func standIn(t *testing.T, root string, p plan) (dir, program string) {
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
	program = filepath.Join(root, "usr/bin/eslogger")
	place(t, filepath.Join(dir, planFile), string(b), 0o600)
	// A program that looks for races else sleeps a second as it ends.
	place(t, program, fmt.Sprintf("#!/bin/sh\nexport GORACE=atexit_sleep_ms=0 %s='%s'\nexec '%s' -test.run='^TestStandIn$'\n", standInFolder, dir, self), 0o700)
	place(t, filepath.Join(root, "usr/bin/true"), fmt.Sprintf("#!/bin/sh\necho $$ $PPID >>'%s'\n", filepath.Join(dir, canaryFile)), 0o755)
	return dir, program
}

// place writes a file and the folders above it.
func place(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// TestStandIn is no test: it plays eslogger for the others.
func TestStandIn(t *testing.T) {
	dir := os.Getenv(standInFolder)
	if dir == "" {
		t.Skip("plays eslogger when another test runs it")
	}
	playESLogger(dir)
	os.Exit(0)
}

// player is a running stand-in.
type player struct {
	dir   string
	start int // the first is 1
	out   *bufio.Writer
	host  *synthetic.Host
	shell *synthetic.Proc
	agent *synthetic.Proc
	hooks int // hook commands written
	seen  int // bytes of the canary file that were read
	told  int // commands of a test that were run
	login *synthetic.Proc
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
	go endUnread()
	pl := &player{dir: dir, start: countStart(dir), out: bufio.NewWriter(os.Stdout)}
	pl.host = synthetic.New(pl.out, synthetic.Options{Seed: uint64(pl.start), Start: time.Now(), Pace: time.Microsecond})
	// A pid that neither the host nor this machine gives to another process.
	pl.shell = pl.host.Adopt(pl.host.Launchd(), 1<<30, synthetic.Spec{Path: "/bin/zsh"})
	if b, err := os.ReadFile(filepath.Join(dir, canaryFile)); err == nil {
		pl.seen = len(b) // an event from before the subscription is lost
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
			f.Close()
		}
		return n
	}
}

// act does one thing of the plan.
func (p *player) act(a act) {
	switch a.Do {
	case "hooks": // N commands that set a hook, each to a value of its own
		for range a.N {
			p.hooks++
			p.run("/usr/bin/defaults", "defaults", "write", "com.apple.loginwindow", "LoginHook", hookValue(p.start, p.hooks))
		}
	case "again": // the last of them, N times
		for range a.N {
			p.run("/usr/bin/defaults", "defaults", "write", "com.apple.loginwindow", "LoginHook", hookValue(p.start, p.hooks))
		}
	case "events": // N harmless commands
		for range a.N {
			p.run("/bin/echo", "echo", "LoginHook")
		}
	case "lose": // N commands that the kernel drops
		p.host.Lost(func() { p.act(act{Do: "events", N: a.N}) })
	case "stream": // counts from 0 again
		p.host.NewStream()
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
	default:
		p.end(a)
	}
}

// end does what a plan ends with, or waits.
func (p *player) end(a act) {
	switch a.Do {
	case "exit":
		os.Exit(a.N)
	case "kill", "stop": // itself
		p.out.Flush()
		sig := map[string]syscall.Signal{"kill": syscall.SIGKILL, "stop": syscall.SIGSTOP}[a.Do]
		_ = syscall.Kill(os.Getpid(), sig)
		time.Sleep(time.Hour)
	case "serve": // report canaries until told to end
		p.until(func() bool { return false }, p.canaries)
	case "await": // until a test says so
		p.until(p.mayGo, p.canaries)
	case "hush": // report nothing until a test says so
		p.until(p.mayGo, func() {})
	case "follow": // run what a test says, as it says it
		p.until(func() bool { return false }, p.follow)
	case "farewell": // N hook commands when told to end
		told := make(chan os.Signal, 1)
		signal.Notify(told, syscall.SIGINT)
		<-told
		p.act(act{Do: "hooks", N: a.N})
	case "timed": // run what a test says among harmless commands, and time what it writes
		w := &timedWrites{file: filepath.Join(p.dir, writesFile)}
		p.until(func() bool { return false }, func() {
			p.follow()
			p.act(act{Do: "events", N: 3})
			w.time(func() { _ = p.out.Flush() })
		})
	case "flood": // N commands of a user every few milliseconds, about a domain of no account
		user := p.host.Adopt(p.host.Launchd(), 1<<30+2, synthetic.Spec{Path: "/bin/zsh", As: &synthetic.AsUser})
		p.until(func() bool { return false }, func() {
			p.follow()
			for range a.N {
				p.hooks++
				p.host.Run(user, synthetic.Spec{Path: "/usr/bin/defaults", Args: []string{"defaults", "write", "com.example.nothing", "LoginHook", hookValue(p.start, p.hooks)}})
			}
		})
	case "trickle": // a harmless command now and then, until told to end
		p.until(func() bool { return false }, func() { p.act(act{Do: "events", N: 1}) })
	default:
		fmt.Fprintln(os.Stderr, "no such act:", a.Do)
		os.Exit(98)
	}
}

// writesFile has what timedWrites measured.
const writesFile = "writes.json"

// timedWrites measures how long eslogger waits for the agent to read what it writes.
type timedWrites struct {
	file string
	took []time.Duration
	told time.Time
}

// writes is a summary of these.
type writes struct {
	Count       int
	Median, Max time.Duration
}

func (w *timedWrites) time(write func()) {
	begin := time.Now()
	write()
	w.took = append(w.took, time.Since(begin))
	if time.Since(w.told) < 100*time.Millisecond {
		return
	}
	w.told = time.Now()
	sorted := slices.Sorted(slices.Values(w.took))
	b, _ := json.Marshal(writes{len(sorted), sorted[len(sorted)/2], sorted[len(sorted)-1]})
	if os.WriteFile(w.file+".tmp", b, 0o600) == nil {
		_ = os.Rename(w.file+".tmp", w.file)
	}
}

func hookValue(start, n int) string { return fmt.Sprintf("/tmp/hook.%d.%d", start, n) }

func (p *player) run(path string, args ...string) {
	p.host.Run(p.shell, synthetic.Spec{Path: path, Args: args})
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
		time.Sleep(5 * time.Millisecond)
	}
}

// endUnread ends the stand-in when nobody can read what it writes any more: the agent was killed.
// That holds whenever it was, also before this process ran, when a parent or its number says
// nothing.
func endUnread() {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(os.Stdout.Fd())}}, -1)
		if n > 0 {
			os.Exit(0)
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(97)
		}
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
		p.host.Exec(c, synthetic.Spec{Path: "/usr/bin/true"})
		p.host.Exit(c, 0)
	}
}

// ran is a command that a test has run.
type ran struct {
	synthetic.Spec
	Ago  time.Duration // since it was
	By   string        // loginwindow, or the shell
	User bool          // not root
}

// commandFile names the n-th of a stand-in's folder.
func commandFile(dir string, n int) string { return filepath.Join(dir, "command."+strconv.Itoa(n)) }

// follow runs the next command of a test.
func (p *player) follow() {
	b, err := os.ReadFile(commandFile(p.dir, p.told+1))
	var r ran
	if err != nil || json.Unmarshal(b, &r) != nil {
		return
	}
	p.told++
	if p.login == nil {
		p.login = p.host.Adopt(p.host.Launchd(), 1<<30+1, synthetic.Spec{Path: loginwindowProgram})
	}
	parent := p.shell
	if r.By == "loginwindow" {
		parent = p.login
	}
	if r.User {
		r.As = &synthetic.AsUser
	}
	p.host.SetTime(time.Now().Add(-r.Ago))
	p.host.Run(parent, r.Spec)
}

const loginwindowProgram = "/System/Library/CoreServices/loginwindow.app/Contents/MacOS/loginwindow"
