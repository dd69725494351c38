package safefile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const limit = 1 << 10

// put writes a file with content and exact permissions.
func put(t *testing.T, path, content string, perm fs.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, perm); err != nil {
		t.Fatal(err)
	}
	return path
}

// must ends a test whose set-up failed.
func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// socket makes a socket file; its path must be short, so it has a folder of its own.
func socket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	must(t, err)
	t.Cleanup(func() { l.Close() })
	return filepath.Join(dir, "s")
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	path := func(n string) string { return filepath.Join(dir, n) }
	plain := put(t, path("plain"), "content", 0o640)
	must(t, os.Symlink(plain, path("link")))
	must(t, os.Symlink(path("absent"), path("dangling")))
	must(t, os.Symlink("loop", path("loop")))
	must(t, os.Mkdir(path("folder"), 0o755))
	must(t, os.Symlink("folder", path("folder-link")))
	put(t, path("folder/in"), "inside", 0o600)
	must(t, syscall.Mkfifo(path("fifo"), 0o600))
	put(t, path("empty"), "", 0o600)
	put(t, path("full"), strings.Repeat("x", limit), 0o600)
	put(t, path("over"), strings.Repeat("x", limit+1), 0o600)

	tests := []struct {
		name, path, want string
		err              error
	}{
		{"regular", plain, "content", nil},
		{"empty", path("empty"), "", nil},
		{"as large as allowed", path("full"), strings.Repeat("x", limit), nil},
		{"through a linked folder", path("folder-link/in"), "inside", nil},
		{"one byte too large", path("over"), "", ErrTooLarge},
		{"symbolic link", path("link"), "", ErrNotRegular},
		{"dangling link", path("dangling"), "", ErrNotRegular},
		{"link to itself", path("loop"), "", ErrNotRegular},
		{"folder", path("folder"), "", ErrNotRegular},
		{"fifo", path("fifo"), "", ErrNotRegular},
		{"socket", socket(t), "", ErrNotRegular},
		{"device", "/dev/zero", "", ErrNotRegular},
		{"absent", path("absent"), "", fs.ErrNotExist},
		{"below a file", path("plain/x"), "", syscall.ENOTDIR},
		{"NUL in the name", path("a\x00b"), "", syscall.EINVAL},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, _, err := Disk{}.ReadTrusted(tt.path, limit)
			if !errors.Is(err, tt.err) || string(b) != tt.want {
				t.Errorf("ReadTrusted(%s) = %.20q, %v; want %.20q, %v", tt.path, b, err, tt.want, tt.err)
			}
			if err != nil && !strings.Contains(err.Error(), strings.TrimSuffix(tt.path, "/x")) {
				t.Errorf("error %q does not name %s", err, tt.path)
			}
		})
	}
}

func TestReadVersion(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "f"), "content", 0o640)
	stamp := time.Unix(1700000000, 0)
	must(t, os.Chtimes(path, stamp, stamp))
	_, got, err := Disk{}.ReadTrusted(path, limit)
	must(t, err)
	st, err := os.Stat(path)
	must(t, err)
	sys := st.Sys().(*syscall.Stat_t)
	want := FileVersion{
		UID: uint32(os.Geteuid()), GID: sys.Gid, Mode: 0o640, Size: 7, ModTime: stamp,
		ChangeTime: got.ChangeTime, Inode: sys.Ino, Dev: uint64(sys.Dev), Nlink: 1,
	}
	if got != want {
		t.Errorf("ReadTrusted(%s):\n got %+v\nwant %+v", path, got, want)
	}
	if !got.ChangeTime.After(stamp) {
		t.Errorf("change time %v: want one after the forged modification time %v", got.ChangeTime, stamp)
	}
}

func TestReadUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root can read every file")
	}
	path := put(t, filepath.Join(t.TempDir(), "f"), "content", 0)
	if _, _, err := ReadIn("/", path, limit); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("ReadIn of a file of mode 0 = %v, want %v", err, fs.ErrPermission)
	}
}

// TestReadChanging changes the file between the look at its size and its reading.
func TestReadChanging(t *testing.T) {
	tests := []struct {
		name   string
		change func(t *testing.T, path string)
		err    error
	}{
		{"untouched", func(*testing.T, string) {}, nil},
		{"grows", func(t *testing.T, p string) { put(t, p, "content and more", 0o600) }, ErrChanged},
		{"shrinks", func(t *testing.T, p string) { must(t, os.Truncate(p, 3)) }, ErrChanged},
		{"is edited", func(t *testing.T, p string) {
			put(t, p, "CONTENT", 0o600)
			must(t, os.Chtimes(p, time.Time{}, time.Unix(1, 0)))
		}, ErrChanged},
		{"is replaced", func(t *testing.T, p string) { must(t, WriteAtomic(p, []byte("other"), 0o600)) }, nil},
		{"is removed", func(t *testing.T, p string) { must(t, os.Remove(p)) }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := put(t, filepath.Join(t.TempDir(), "f"), "content", 0o600)
			f, err := os.OpenFile(path, openFlags, 0)
			must(t, err)
			defer f.Close()
			st, err := f.Stat()
			must(t, err)
			tt.change(t, path)
			b, err := readAll(path, f, VersionOf(st))
			if !errors.Is(err, tt.err) {
				t.Fatalf("content of a file that %s = %q, %v; want error %v", tt.name, b, err, tt.err)
			}
			if err == nil && string(b) != "content" {
				t.Errorf("content of a file that %s = %q, want %q", tt.name, b, "content")
			}
		})
	}
}

// TestReadSwapped puts something else in the file's place after the first look at it.
func TestReadSwapped(t *testing.T) {
	tests := []struct {
		name string
		swap func(t *testing.T, path string)
		err  error
	}{
		{"link", func(t *testing.T, p string) { must(t, os.Symlink("/etc/passwd", p)) }, ErrChanged},
		{"fifo", func(t *testing.T, p string) { must(t, syscall.Mkfifo(p, 0o600)) }, ErrNotRegular},
		{"folder", func(t *testing.T, p string) { must(t, os.Mkdir(p, 0o755)) }, ErrNotRegular},
		{"larger file", func(t *testing.T, p string) { put(t, p, strings.Repeat("x", limit+1), 0o600) }, ErrTooLarge},
		{"other file", func(t *testing.T, p string) { put(t, p, "other", 0o600) }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := put(t, filepath.Join(t.TempDir(), "f"), "content", 0o600)
			tree, err := OpenTree(filepath.Dir(path))
			must(t, err)
			defer tree.Close()
			v, err := tree.Lstat("f")
			must(t, err, os.Remove(path))
			tt.swap(t, path)
			b, _, err := tree.read("f", path, v, limit)
			if !errors.Is(err, tt.err) || err == nil && string(b) != "other" {
				t.Errorf("file swapped for a %s = %.20q, %v; want error %v", tt.name, b, err, tt.err)
			}
		})
	}
}

func TestReadTrusted(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		perm            fs.FileMode
		trusted, secret string // what the error says, "" for none
	}{
		{0o600, "", ""},
		{0o400, "", ""},
		{0o644, "", "chmod 600"},
		{0o640, "", "chmod 600"},
		{0o604, "", "chmod 600"},
		{0o620, "chmod go-w", "chmod 600"},
		{0o602, "chmod go-w", "chmod 600"},
		{0o666, "chmod go-w", "chmod 600"},
	}
	for _, tt := range tests {
		path := put(t, filepath.Join(dir, fmt.Sprintf("a file %04o", tt.perm)), "x", tt.perm)
		_, _, err := Disk{}.ReadTrusted(path, limit)
		insecure(t, "ReadTrusted", tt.perm, path, err, tt.trusted)
		_, _, err = Disk{}.ReadSecret(path, limit)
		insecure(t, "ReadSecret", tt.perm, path, err, tt.secret)
	}
}

// insecure checks that err is an *InsecureError with the remedy for path, or none.
func insecure(t *testing.T, call string, perm fs.FileMode, path string, err error, remedy string) {
	t.Helper()
	if remedy == "" {
		if err != nil {
			t.Errorf("%s of a file of mode %04o = %v, want no error", call, perm, err)
		}
		return
	}
	var ie *InsecureError
	if !errors.As(err, &ie) || !errors.Is(err, ErrInsecure) || ie.Path != path ||
		!strings.Contains(err.Error(), remedy+" '"+path+"'") {
		t.Errorf("%s of a file of mode %04o = %v, want it to say %s '%s'", call, perm, err, remedy, path)
	}
}

func TestReadTrustedOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	path := put(t, filepath.Join(t.TempDir(), "f"), "x", 0o600)
	must(t, os.Chown(path, 4321, -1))
	_, _, err := Disk{}.ReadTrusted(path, limit)
	if !errors.Is(err, ErrInsecure) || !strings.Contains(err.Error(), "chown -h root "+path) {
		t.Errorf("ReadTrusted of user 4321's file = %v, want it to say chown -h root %s", err, path)
	}
}

func TestWriteAtomic(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, content := range []string{"first", "second, longer", ""} {
		must(t, WriteAtomic(path, []byte(content), 0o640))
		b, i, err := Disk{}.ReadTrusted(path, limit)
		must(t, err)
		if string(b) != content || i.Mode != 0o640 {
			t.Errorf("after WriteAtomic(%q, 0640): %q, mode %v", content, b, i.Mode)
		}
	}
	target := put(t, filepath.Join(dir, "target"), "precious", 0o600)
	must(t, os.Remove(path))
	must(t, os.Symlink(target, path))
	must(t, WriteAtomic(path, []byte("new"), 0o600))
	if b, _ := os.ReadFile(target); !bytes.Equal(b, []byte("precious")) {
		t.Errorf("WriteAtomic followed a link: its target holds %q", b)
	}
	for _, bad := range []string{filepath.Join(dir, "absent", "f"), dir} {
		if err := WriteAtomic(bad, []byte("x"), 0o600); err == nil {
			t.Errorf("WriteAtomic(%s) = nil, want an error", bad)
		}
	}
	left, err := os.ReadDir(dir)
	must(t, err)
	if len(left) != 2 {
		t.Errorf("folder holds %v, want f and target alone", left)
	}
}
