package logfile

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func open(t *testing.T, path string, o Options) *File {
	t.Helper()
	l, err := Open(path, o)
	if err != nil {
		t.Fatalf("open %s: %v", path, err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func appendLine(t *testing.T, l *File, line string) {
	t.Helper()
	if err := l.Append([]byte(line)); err != nil {
		t.Fatalf("append %q: %v", line, err)
	}
}

func TestAppend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log", "alerts.jsonl")
	l := open(t, path, Options{})
	appendLine(t, l, "a\n")
	appendLine(t, l, "b\nc\n")
	if err := l.Append([]byte("no end")); err == nil {
		t.Error("text without a line break: got no error, want one")
	}
	if got, want := read(t, path), "a\nb\nc\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	info, _ := os.Stat(path)
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("got mode %o, want 600", got)
	}
}

// TestCut opens a log that was cut after every byte: whole lines stay, what was cut stays
// a line of its own, and the next line is whole.
func TestCut(t *testing.T) {
	const whole = "first\nsecond\n"
	for n := range len(whole) + 1 {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, []byte(whole[:n]), 0o644); err != nil {
			t.Fatal(err)
		}
		l := open(t, path, Options{})
		appendLine(t, l, "third\n")
		want := whole[:n]
		if n > 0 && !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		if got := read(t, path); got != want+"third\n" {
			t.Errorf("cut to %q: got %q, want %q", whole[:n], got, want+"third\n")
		}
	}
}

func TestRotate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l := open(t, path, Options{MaxBytes: 6, Keep: 2})
	for _, line := range []string{"1\n", "22\n", "333\n", "a line over the bound\n", "5\n", "6\n"} {
		appendLine(t, l, line)
	}
	for name, want := range map[string]string{"": "5\n6\n", ".1": "a line over the bound\n", ".2": "333\n"} {
		if got := read(t, path+name); got != want {
			t.Errorf("log%s: got %q, want %q", name, got, want)
		}
	}
	if _, err := os.Stat(path + ".3"); err == nil {
		t.Error("log.3 is there, want two files put aside")
	}
}

func TestMovedAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l := open(t, path, Options{})
	appendLine(t, l, "a\n")
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	appendLine(t, l, "b\n")
	if got := read(t, path) + read(t, path+".old"); got != "b\na\n" {
		t.Errorf("moved away: got %q, want %q", got, "b\na\n")
	}
	if err := os.Rename(path, path+".older"); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	appendLine(t, l, "c\n")
	if got := read(t, path); got != "c\n" {
		t.Errorf("reopened: got %q, want %q", got, "c\n")
	}
}

func TestRefuses(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	if err := os.WriteFile(target, []byte("theirs\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link", "fifo", "."} {
		if l, err := Open(filepath.Join(dir, name), Options{}); err == nil {
			l.Close()
			t.Errorf("%s: got no error, want one: it is no regular file", name)
		}
	}
	if got := read(t, target); got != "theirs\n" {
		t.Errorf("the link's target: got %q, want it as it was", got)
	}
}

// TestFull writes to a file that may not grow: what did not fit is taken back, and what
// comes after the disk has room again is whole.
func TestFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l := open(t, path, Options{})
	appendLine(t, l, "a\n")
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	small := old
	small.Cur = 10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		t.Fatal(err)
	}
	err := l.Append([]byte(strings.Repeat("x", 100) + "\n"))
	if e := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); e != nil {
		t.Fatal(e)
	}
	if err == nil {
		t.Fatal("append over the limit: got no error, want one")
	}
	if got := read(t, path); got != "a\n" {
		t.Errorf("after the failure: got %q, want %q", got, "a\n")
	}
	appendLine(t, l, "b\n")
	if got := read(t, path); got != "a\nb\n" {
		t.Errorf("after it: got %q, want %q", got, "a\nb\n")
	}
}
