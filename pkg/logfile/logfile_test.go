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

// TestCut opens a log that was cut after every byte: whole lines stay, what was cut is
// taken back, and the next line is whole.
func TestCut(t *testing.T) {
	const whole = "first\nsecond\n"
	for n := range len(whole) + 1 {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, []byte(whole[:n]), 0o644); err != nil {
			t.Fatal(err)
		}
		l := open(t, path, Options{})
		appendLine(t, l, "third\n")
		want := whole[:strings.LastIndexByte(whole[:n], '\n')+1] + "third\n"
		if got := read(t, path); got != want {
			t.Errorf("cut to %q: got %q, want %q", whole[:n], got, want)
		}
	}
}

// TestCutLong takes back a long unfinished line, and puts aside what is longer than any.
func TestCutLong(t *testing.T) {
	tests := []struct {
		before string
		cut    int
		aside  bool
	}{
		{"first\n", maxCut - 1, false},
		{"first\n", maxCut, true},
		{"", maxCut - 1, false},
		{"", maxCut, true},
		{"", 3 * maxCut, true},
	}
	for _, tt := range tests {
		path := filepath.Join(t.TempDir(), "log")
		text := tt.before + strings.Repeat("\x00", tt.cut)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		appendLine(t, open(t, path, Options{}), "next\n")
		want := tt.before + "next\n"
		if tt.aside {
			want = "next\n"
			if got := read(t, path+".1"); got != text {
				t.Errorf("%q and %d bytes without an end: %d bytes put aside, want all %d", tt.before, tt.cut, len(got), len(text))
			}
		}
		if got := read(t, path); got != want {
			t.Errorf("%q and %d bytes without an end: got %d bytes, want %q", tt.before, tt.cut, len(got), want)
		}
	}
}

func TestRotate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l := open(t, path, Options{MaxBytes: 6})
	for _, line := range []string{"oldest\n", "older.\n", "1\n", "22\n", "333\n", "a line over the bound\n", "5\n", "6\n"} {
		appendLine(t, l, line)
	}
	for name, want := range map[string]string{"": "5\n6\n", ".1": "a line over the bound\n", ".2": "333\n", ".3": "1\n22\n", ".4": "older.\n"} {
		if got := read(t, path+name); got != want {
			t.Errorf("log%s: got %q, want %q", name, got, want)
		}
	}
	if _, err := os.Stat(path + ".5"); err == nil {
		t.Error("log.5 is there, want four files put aside")
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

// TestCutInPlace empties the file as a rotation by copy does, and then fails to write: no
// hole may be left where the lines were.
func TestCutInPlace(t *testing.T) {
	if !alone(t) {
		return
	}
	path := filepath.Join(t.TempDir(), "log")
	l := open(t, path, Options{})
	appendLine(t, l, strings.Repeat("a", 200)+"\n")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	failAt(t, 10, func() error { return l.Append([]byte(strings.Repeat("x", 100) + "\n")) })
	appendLine(t, l, "b\n")
	if got := read(t, path); got != "b\n" {
		t.Errorf("got %q, want %q", got, "b\n")
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
	if !alone(t) {
		return
	}
	path := filepath.Join(t.TempDir(), "log")
	l := open(t, path, Options{})
	appendLine(t, l, "a\n")
	failAt(t, 10, func() error { return l.Append([]byte(strings.Repeat("x", 100) + "\n")) })
	if got := read(t, path); got != "a\n" {
		t.Errorf("after the failure: got %q, want %q", got, "a\n")
	}
	appendLine(t, l, "b\n")
	if got := read(t, path); got != "a\nb\n" {
		t.Errorf("after it: got %q, want %q", got, "a\nb\n")
	}
}

// failAt runs a write that must fail, while no file may grow over so many bytes.
func failAt(t *testing.T, size uint64, write func() error) {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	small := old
	small.Cur = size
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		t.Fatal(err)
	}
	err := write()
	if e := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); e != nil {
		t.Fatal(e)
	}
	if err == nil {
		t.Fatalf("a write over the limit of %d bytes: got no error, want one", size)
	}
}
