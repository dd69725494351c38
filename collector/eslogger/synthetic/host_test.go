package synthetic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// line is what the tests look at.
type line struct {
	Time    string
	Seq     uint64 `json:"seq_num"`
	Global  uint64 `json:"global_seq_num"`
	Version int
	Thread  struct {
		ID uint64 `json:"thread_id"`
	}
	Process proc
	Event   struct {
		Fork *struct{ Child proc }
		Exec *struct {
			Target proc
			Args   []string
			Dyld   string `json:"dyld_exec_path"`
			CWD    struct{ Path string }
			Script *struct{ Path string }
		}
		Exit *struct{ Stat int32 }
	}
}

type proc struct {
	Token        token `json:"audit_token"`
	ParentToken  token `json:"parent_audit_token"`
	Responsible  token `json:"responsible_audit_token"`
	PPID         int32
	OriginalPPID int32  `json:"original_ppid"`
	Group        int32  `json:"group_id"`
	Session      int32  `json:"session_id"`
	Start        string `json:"start_time"`
	CDHash       string
	SigningID    string `json:"signing_id"`
	Executable   struct {
		Path string
		Stat struct {
			Ino uint64 `json:"st_ino"`
		}
	}
	TTY *struct {
		Path string
		Stat struct {
			Dev int64 `json:"st_dev"`
		}
	}
}

type token struct {
	PID                          int32
	PIDVersion, AUID, EUID, RUID uint32
}

func decode(t *testing.T, stream []byte) []line {
	t.Helper()
	var all []line
	for i, raw := range bytes.SplitAfter(stream, []byte("\n")) {
		if len(raw) == 0 {
			break
		}
		var l line
		if err := json.Unmarshal(raw, &l); err != nil {
			t.Fatalf("line %d: %v: %s", i+1, err, raw)
		}
		if raw[len(raw)-1] != '\n' {
			t.Fatalf("line %d is cut: %s", i+1, raw)
		}
		all = append(all, l)
	}
	return all
}

// at returns when the line says it happened.
func (l line) at(t *testing.T) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05.000000000Z", l.Time)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func kindOf(l line) string {
	switch {
	case l.Event.Fork != nil:
		return "fork"
	case l.Event.Exec != nil:
		return "exec"
	}
	return "exit"
}

// play writes what f does on a new host.
func play(t *testing.T, o Options, f func(*Host)) ([]line, []byte) {
	t.Helper()
	var b bytes.Buffer
	h := New(&b, o)
	f(h)
	if err := h.Err(); err != nil {
		t.Fatal(err)
	}
	return decode(t, b.Bytes()), b.Bytes()
}

func TestSudoIsFourProcessesImages(t *testing.T) {
	var shell *Proc
	got, _ := play(t, Options{}, func(h *Host) {
		h.Unseen(func() { shell = h.Shell() })
		h.EndSudo(h.Sudo(shell, Spec{Path: "/usr/bin/defaults", Args: []string{"defaults", "read"}}, "-n"))
	})
	var is []string
	for _, l := range got {
		p := l.Process
		if l.Event.Exec != nil {
			p = l.Event.Exec.Target
		} else if l.Event.Fork != nil {
			p = l.Event.Fork.Child
		}
		is = append(is, fmt.Sprintf("%s %s euid %d ruid %d auid %d ppid+%d", kindOf(l), p.Executable.Path,
			p.Token.EUID, p.Token.RUID, p.Token.AUID, p.PPID-shell.PID()))
	}
	want := []string{
		"fork /bin/zsh euid 501 ruid 501 auid 501 ppid+0",
		"exec /usr/bin/sudo euid 0 ruid 501 auid 501 ppid+0",
		"fork /usr/bin/sudo euid 0 ruid 0 auid 501 ppid+1",
		"exec /usr/bin/defaults euid 0 ruid 0 auid 501 ppid+1",
		"exit /usr/bin/defaults euid 0 ruid 0 auid 501 ppid+1",
		"exit /usr/bin/sudo euid 0 ruid 0 auid 501 ppid+0",
	}
	if g, w := strings.Join(is, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("sudo:\n got\n%s\nwant\n%s", g, w)
	}
}

// An exec keeps the pid and takes the next pidversion; parent and responsible
// tokens name images that the stream has shown.
func TestTokensNameWhatTheStreamShowed(t *testing.T) {
	got, _ := play(t, Options{}, func(h *Host) {
		r := rand.New(rand.NewPCG(1, 1))
		for range 300 {
			Benign(h, r)
		}
	})
	known := map[token]bool{}
	key := func(k token) token { return token{PID: k.PID, PIDVersion: k.PIDVersion} }
	known[token{PID: 1, PIDVersion: 7}] = true
	for i, l := range got {
		before := key(l.Process.Token)
		if !known[before] {
			t.Fatalf("line %d, %s: process %v was never shown", i+1, kindOf(l), before)
		}
		p := l.Process
		switch {
		case l.Event.Fork != nil:
			p = l.Event.Fork.Child
			if key(p.ParentToken) != before || p.PPID != before.PID || p.OriginalPPID != before.PID {
				t.Errorf("line %d: fork: parent got %v, want %v", i+1, p.ParentToken, before)
			}
		case l.Event.Exec != nil:
			p = l.Event.Exec.Target
			if p.Token.PID != before.PID || p.Token.PIDVersion <= before.PIDVersion || p.Start != l.Process.Start {
				t.Errorf("line %d: exec: got %v after %v", i+1, p.Token, before)
			}
		}
		known[key(p.Token)] = true
		for _, k := range []token{p.ParentToken, p.Responsible} {
			if !known[key(k)] {
				t.Errorf("line %d, %s: names %v, which was never shown", i+1, kindOf(l), k)
			}
		}
	}
}

func TestOrphansBecomeLaunchds(t *testing.T) {
	got, _ := play(t, Options{}, func(h *Host) {
		a := h.Start(h.Launchd(), Spec{Path: "/bin/sh"})
		b := h.Start(a, Spec{Path: "/bin/sleep"})
		h.Run(a, Spec{Path: "/bin/ls"})
		h.Exit(a, 9)
		h.Exit(b, 0)
	})
	last := got[len(got)-1].Process
	if last.PPID != 1 || last.ParentToken.PID != 1 || last.OriginalPPID == 1 {
		t.Errorf("orphan: got ppid %d, parent %v, original %d; want 1, launchd, the dead one", last.PPID, last.ParentToken, last.OriginalPPID)
	}
}

func TestNumbersOfAStream(t *testing.T) {
	spec := Spec{Path: "/bin/ls"}
	got, _ := play(t, Options{}, func(h *Host) {
		l := h.Launchd()
		h.Unseen(func() { h.Run(l, spec) })
		h.Run(l, spec)
		h.Lost(func() { h.Run(l, spec) })
		h.Run(l, spec)
		h.NewStream()
		h.Run(l, spec)
		h.Resume(70, 30, 20, 10)
		h.Run(l, spec)
	})
	want := []struct{ global, seq uint64 }{
		{0, 0}, {1, 0}, {2, 0},
		{6, 2}, {7, 2}, {8, 2},
		{0, 0}, {1, 0}, {2, 0},
		{70, 30}, {71, 20}, {72, 10},
	}
	if len(got) != len(want) {
		t.Fatalf("got %d lines, want %d", len(got), len(want))
	}
	for i, w := range want {
		if got[i].Global != w.global || got[i].Seq != w.seq {
			t.Errorf("line %d: got global %d, %s %d; want %d, %d", i+1, got[i].Global, kindOf(got[i]), got[i].Seq, w.global, w.seq)
		}
	}
}

func TestSpecComesBack(t *testing.T) {
	args := []string{"/tmp/x y", "", "a\"b\\c/d\n\t\b\f\r\x01\x7f", "ünïcödé \u2603 \U0001F600", "bad\xff\xc3"}
	got, raw := play(t, Options{}, func(h *Host) {
		h.Run(h.Launchd(), Spec{
			Path: "/tmp/defaults", Args: args, CWD: "/private/var/root", Script: "/tmp/x.sh", DyldPath: "./x.sh",
			SigningID: "com.apple.defaults", Platform: true, Env: []string{},
		})
	})
	e := got[1].Event.Exec
	want := strings.ToValidUTF8(strings.Join(args, "|"), "\uFFFD")
	want = strings.Replace(want, "bad\uFFFD", "bad\uFFFD\uFFFD", 1) // one for each byte
	if g := strings.Join(e.Args, "|"); g != want {
		t.Errorf("args: got %q, want %q", g, want)
	}
	if e.CWD.Path != "/private/var/root" || e.Script == nil || e.Script.Path != "/tmp/x.sh" || e.Dyld != "./x.sh" ||
		e.Target.Executable.Path != "/tmp/defaults" || e.Target.SigningID != "com.apple.defaults" {
		t.Errorf("exec: got %+v", e)
	}
	if !bytes.Contains(raw, []byte(`\/tmp\/defaults`)) || bytes.Contains(raw, []byte(`"/tmp`)) {
		t.Error("slashes are not written as \\/")
	}
}

func TestTokenForms(t *testing.T) {
	run := func(h *Host) { h.Run(h.Launchd(), Spec{Path: "/bin/ls"}) }
	var b bytes.Buffer
	h := New(&b, Options{ArrayTokens: true})
	run(h)
	if n := bytes.Count(b.Bytes(), []byte(`"parent_audit_token":[4294967295,0,0,0,0,1,100001,7]`)); n != 4 {
		t.Errorf("array tokens: got %d of launchd as parent, want 4:\n%s", n, b.Bytes())
	}
	if bytes.Contains(b.Bytes(), []byte(`token":{`)) {
		t.Errorf("array tokens: an object among them:\n%s", b.Bytes())
	}
	got, _ := play(t, Options{}, run)
	if k := got[0].Process.Token; k != (token{PID: 1, PIDVersion: 7, AUID: 4294967295}) {
		t.Errorf("object token: got %+v", k)
	}
}

func TestKeyOrderDiffersAndSeedDecides(t *testing.T) {
	run := func(h *Host) {
		r := rand.New(rand.NewPCG(3, 3))
		for range 40 {
			Benign(h, r)
		}
	}
	_, a := play(t, Options{Seed: 5}, run)
	_, b := play(t, Options{Seed: 5}, run)
	_, c := play(t, Options{Seed: 6}, run)
	if !bytes.Equal(a, b) {
		t.Error("the same seed gave other bytes")
	}
	if bytes.Equal(a, c) {
		t.Error("another seed gave the same bytes")
	}
	const members = 12
	first := map[string]int{}
	n := 0
	for l := range bytes.Lines(a) {
		key, _, _ := strings.Cut(string(l), ":")
		first[key]++
		n++
	}
	if len(first) != members {
		t.Errorf("first keys of %d lines: got %v, want each of %d", n, first, members)
	}
}

func TestEveryLineIsMarkedAndHasOddValues(t *testing.T) {
	got, _ := play(t, Options{}, func(h *Host) {
		h.window(h.Terminal().Parent().Parent())
		r := rand.New(rand.NewPCG(3, 3))
		for range 100 {
			Benign(h, r)
		}
		h.Run(h.Launchd(), Spec{Path: "/bin/ls"})
		h.Run(h.Terminal(), Spec{Path: "/bin/ls"})
	})
	var bigInode, negativeDevice, noLogin bool
	for i, l := range got {
		if l.Thread.ID < ThreadMark {
			t.Errorf("line %d: thread %d, want at least %d", i+1, l.Thread.ID, ThreadMark)
		}
		if h := l.Process.CDHash; !strings.HasPrefix(h, Mark) && h != strings.Repeat("0", 40) {
			t.Errorf("line %d: cdhash %q has no mark", i+1, h)
		}
		bigInode = bigInode || l.Process.Executable.Stat.Ino > 1<<53
		negativeDevice = negativeDevice || l.Process.TTY != nil && l.Process.TTY.Stat.Dev < 0
		noLogin = noLogin || l.Process.Token.AUID == 4294967295
	}
	if !bigInode || !negativeDevice || !noLogin {
		t.Errorf("got inode beyond 2^53 %v, negative device %v, no login user %v; want all", bigInode, negativeDevice, noLogin)
	}
}

func TestTimesMoveOn(t *testing.T) {
	start := time.Date(2027, 1, 2, 3, 4, 5, 6, time.UTC)
	got, _ := play(t, Options{Start: start}, func(h *Host) {
		h.Run(h.Launchd(), Spec{Path: "/bin/ls"})
		h.Advance(time.Hour)
		h.Run(h.Launchd(), Spec{Path: "/bin/ls"})
	})
	last := start
	for i, l := range got {
		if !l.at(t).After(last) {
			t.Errorf("line %d: time %s after %v", i+1, l.Time, last)
		}
		last = l.at(t)
	}
	if d := last.Sub(start); d < time.Hour || d > time.Hour+time.Minute {
		t.Errorf("the stream took %v, want a little over an hour", d)
	}
}

func TestPidsAreReusedWhenFree(t *testing.T) {
	var kept, reused *Proc
	play(t, Options{}, func(h *Host) {
		kept = h.Start(h.Launchd(), Spec{Path: "/bin/sleep"})
		h.nextPID = kept.PID()
		other := h.Run(h.Launchd(), Spec{Path: "/bin/ls"})
		h.nextPID = other.PID()
		reused = h.Run(h.Launchd(), Spec{Path: "/bin/ls"})
		if other.PID() == kept.PID() || reused.PID() != other.PID() || reused.Key() == other.Key() {
			t.Errorf("got pids %v, %v, %v; want the second reused only", kept.Key(), other.Key(), reused.Key())
		}
		h.nextPID = lastPID
		h.Run(h.Launchd(), Spec{Path: "/bin/ls"})
		if h.nextPID != 100 {
			t.Errorf("after the last pid: got %d, want 100", h.nextPID)
		}
	})
}

type brokenPipe struct{ after int }

func (b *brokenPipe) Write(p []byte) (int, error) {
	if b.after--; b.after < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

var errBroken = errors.New("broken pipe")

func TestFirstErrorStays(t *testing.T) {
	h := New(&brokenPipe{after: 2}, Options{})
	h.Run(h.Launchd(), Spec{Path: "/bin/ls"})
	if !errors.Is(h.Err(), errBroken) || !strings.Contains(h.Err().Error(), "line 3") || h.Lines() != 2 {
		t.Errorf("got %v after %d lines, want the writer's error at line 3", h.Err(), h.Lines())
	}
	for name, f := range map[string]func(*Host){
		"exec of the dead":   func(h *Host) { h.Exec(h.Run(h.Launchd(), Spec{Path: "/bin/ls"}), Spec{Path: "/bin/ls"}) },
		"fork of the dead":   func(h *Host) { h.Fork(h.Run(h.Launchd(), Spec{Path: "/bin/ls"})) },
		"exit of the dead":   func(h *Host) { h.Exit(h.Run(h.Launchd(), Spec{Path: "/bin/ls"}), 0) },
		"exit of launchd":    func(h *Host) { h.Exit(h.Launchd(), 0) },
		"fork to a used pid": func(h *Host) { h.ForkPID(h.Launchd(), 1) },
	} {
		h := New(io.Discard, Options{})
		if f(h); h.Err() == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
