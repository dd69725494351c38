package logfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"hooksnare/pkg/safefile"
)

// TestUnsafe holds that nothing is changed where others could have laid what the log would
// be written to.
func TestUnsafe(t *testing.T) {
	tests := []struct {
		name string
		lay  func(dir string) error
		want string
	}{
		{"others write the folder", func(dir string) error { return os.Chmod(dir+"/log", 0o777) }, "others can write this folder"},
		{"others write above", func(dir string) error { return os.Chmod(dir, 0o777) }, "others can write this folder"},
		{"hard link", func(dir string) error { return os.Link(dir+"/victim", dir+"/log/a.jsonl") }, "hard link"},
		{"link", func(dir string) error { return os.Symlink("../victim", dir+"/log/a.jsonl") }, "symbolic link"},
		{"FIFO", func(dir string) error { return syscall.Mkfifo(dir+"/log/a.jsonl", 0o600) }, "FIFO"},
		{"link to a folder of others", func(dir string) error {
			return errors.Join(os.Remove(dir+"/log"), os.Mkdir(dir+"/open", 0o777), os.Chmod(dir+"/open", 0o777), os.Symlink("open", dir+"/log"))
		}, "others can write this folder"},
		{"of another user", func(dir string) error {
			return errors.Join(os.WriteFile(dir+"/log/a.jsonl", nil, 0o600), os.Chown(dir+"/log/a.jsonl", 502, 20))
		}, "owned by user 502"},
	}
	for _, tt := range tests {
		dir := t.TempDir()
		must(t, errors.Join(os.Mkdir(dir+"/log", 0o755), os.WriteFile(dir+"/victim", []byte("x"), 0o644)))
		if err := tt.lay(dir); errors.Is(err, os.ErrPermission) {
			continue // only root can give files away
		} else {
			must(t, err)
		}
		l, err := Open(dir+"/log/a.jsonl", Options{})
		if err == nil {
			must(t, l.Append([]byte("line\n")))
			must(t, l.Close())
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
		info, err := os.Stat(dir + "/victim")
		if b, e := os.ReadFile(dir + "/victim"); err != nil || e != nil || string(b) != "x" || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: got %q, %v in the other file, want it as it was", tt.name, b, info)
		}
		if list, err := os.ReadDir(dir + "/open"); err == nil && len(list) > 0 {
			t.Errorf("%s: got %v in the folder of others, want nothing", tt.name, list)
		}
	}
}

// TestUnsafeLater has a log that was well replaced by another file's second name.
func TestUnsafeLater(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.jsonl")
	must(t, os.WriteFile(dir+"/victim", []byte("x"), 0o644))
	l, err := Open(path, Options{})
	must(t, err)
	must(t, l.Append([]byte("one\n")))
	must(t, errors.Join(os.Remove(path), os.Link(dir+"/victim", path)))
	if err := l.Append([]byte("two\n")); !errors.Is(err, safefile.ErrInsecure) {
		t.Errorf("got %v, want safefile.ErrInsecure", err)
	}
	must(t, os.Remove(path))
	must(t, l.Append([]byte("two\n")))
	must(t, l.Close())
	if b, err := os.ReadFile(path); err != nil || string(b) != "two\n" {
		t.Errorf("got %q, %v, want the line once the place was well again", b, err)
	}
}

// TestRoot keeps a log below a root, also when it is rotated.
func TestRoot(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	must(t, errors.Join(os.MkdirAll(filepath.Join(root, outside), 0o755), os.Symlink(outside, root+"/log")))
	l, err := Open(root+"/log/a.jsonl", Options{Root: root, MaxBytes: 5})
	must(t, err)
	for range 3 {
		must(t, l.Append([]byte("line\n")))
	}
	must(t, l.Close())
	if list, err := os.ReadDir(outside); err != nil || len(list) > 0 {
		t.Errorf("got %v, %v outside of the root, want nothing", list, err)
	}
	for _, name := range []string{"a.jsonl", "a.jsonl.1", "a.jsonl.2"} {
		if b, err := os.ReadFile(filepath.Join(root, outside, name)); err != nil || string(b) != "line\n" {
			t.Errorf("%s: got %q, %v, want a line", name, b, err)
		}
	}
}

func TestCheckPath(t *testing.T) {
	long := strings.Repeat("n", 254)
	for path, ok := range map[string]bool{
		"/a": true, "/" + long[:253]: true, "/" + long: false, "/" + long + "nn/a": false, "/" + long + "/a": true, "a": false, "": false, "/": false, "/a/": false,
		"/a/../b": false, "/a\x00b": false, strings.Repeat("/nn", 340): true, strings.Repeat("/nn", 341): false,
	} {
		if err := CheckPath(path); (err == nil) != ok {
			t.Errorf("CheckPath(%.40q, %d bytes): got %v, want it accepted: %v", path, len(path), err, ok)
		}
	}
}

func TestOverlap(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"/a", "/a", true}, {"/a", "/A", true}, {"/a", "/a.1", true}, {"/a.4", "/A", true}, {"/a", "/a.5", false}, {"/a", "/a/b", true},
		{"/a/b", "/a", true}, {"/a.2/b", "/a", true}, {"/a", "/ab", false}, {"/x/a", "/y/a", false}, {"/a.1", "/a.2", false},
	}
	for _, tt := range tests {
		if got := Overlap(tt.a, tt.b); got != tt.want {
			t.Errorf("Overlap(%q, %q): got %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

// must ends a test whose set-up failed.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
