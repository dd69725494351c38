package safefile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFollow shows what a walk comes by, and where it ends.
func TestFollow(t *testing.T) {
	root := disk(t)
	tests := []struct {
		name, steps, end string // steps as name/passed elements of the path
		err              error
	}{
		{"/", ".:0", ".", nil},
		{"/private/var", ".:0 private:1 private/var:2", "private/var", nil},
		{"//private/./var/", ".:0 private:1 private/var:2", "private/var", nil},
		{"/var/root/p.plist", ".:0 var>private/var:1 private:1 private/var:1 private/var/root:2 private/var/root/p.plist:3", "private/var/root/p.plist", nil},
		{"/private/../../fifo", ".:0 private:1 fifo:4", "fifo", nil},
		{"/abs/..", ".:0 abs>/private/var/root:1 private:1 private/var:1 private/var/root:1", "private/var", nil},
		{"/fifo/..", ".:0 fifo:1", "", syscall.ENOTDIR},
		{"/private/absent/x", ".:0 private:1", "", syscall.ENOENT},
	}
	for _, tt := range tests {
		tree, err := OpenTree(root)
		must(t, err)
		var steps []string
		end, err := PathWalk{Lstat: tree.Lstat, Readlink: tree.Readlink, Visit: func(s Step) error {
			link := ""
			if s.Target != "" {
				link = ">" + s.Target
			}
			steps = append(steps, fmt.Sprint(s.At, link, ":", s.Own))
			return nil
		}}.Follow(tt.name)
		if got := strings.Join(steps, " "); got != tt.steps || err == nil && end.At != tt.end || !errors.Is(err, tt.err) {
			t.Errorf("Follow(%s): %s to %q, %v; want %s to %q, %v", tt.name, got, end.At, err, tt.steps, tt.end, tt.err)
		}
		tree.Close()
	}
	tree, err := OpenTree(root)
	must(t, err)
	defer tree.Close()
	w := PathWalk{Lstat: tree.Lstat, Readlink: tree.Readlink, Top: "/top", MaxElements: 2}
	if s, err := w.Follow("/here/here/fifo"); !errors.Is(err, ErrTooDeep) || s.At != "fifo" || s.Own != 3 {
		t.Errorf("3 elements of 2: got %+v, %v", s, err)
	}
	if s, err := w.Follow("/fifo/x"); !errors.Is(err, syscall.ENOTDIR) || s.At != "fifo" || s.Own != 1 {
		t.Errorf("below a file: got %+v, %v, want the file", s, err)
	}
	if s, err := w.Follow("/private/absent/x"); err == nil || !strings.Contains(err.Error(), "/top/private/absent") || s.Own != 2 {
		t.Errorf("what is missing: got %+v, %v, want the step that could not be taken", s, err)
	}
	stop := errors.New("stop")
	w.Visit = func(Step) error { return stop }
	if _, err := w.Follow("/private"); err != stop {
		t.Errorf("got %v, want the error of Visit", err)
	}
}

// TestTreeMoved renames folders and puts others in their place while a tree is used: what is
// cutRoot is that of the folder that was looked at.
func TestTreeMoved(t *testing.T) {
	root := disk(t)
	tree, err := OpenTree(root)
	must(t, err)
	defer tree.Close()
	at := "private/var/root/p.plist"
	v, err := tree.Lstat(at)
	must(t, err)
	must(t, os.Rename(filepath.Join(root, "private"), filepath.Join(root, "old")))
	must(t, os.Symlink("..", filepath.Join(root, "private")))
	f, err := tree.Open(at, v)
	must(t, err)
	must(t, f.Close())
	_, err = tree.Lstat("old/var") // leaves the folders that were open
	must(t, err)
	must(t, os.Rename(filepath.Join(root, "old/var"), filepath.Join(root, "old/aside")))
	must(t, os.MkdirAll(filepath.Join(root, "old/var/root"), 0o755))
	if _, err := tree.Lstat("old/var/root"); err != ErrChanged {
		t.Errorf("another folder in place of the one that was found: got %v, want %v", err, ErrChanged)
	}
	must(t, os.RemoveAll(filepath.Join(root, "old/var")), os.Rename(filepath.Join(root, "old/aside"), filepath.Join(root, "old/var")))
	if _, err := tree.Lstat(at); err == nil {
		t.Error("a link in place of a folder was followed")
	}
	if _, err := tree.Open("old/var/root/p.plist", FileVersion{}); err != ErrChanged {
		t.Errorf("another version: got %v, want %v", err, ErrChanged)
	}
	for what, change := range map[string]func(name string) error{
		"removed": os.Remove,
		"a link":  func(name string) error { return errors.Join(os.Remove(name), os.Symlink("q", name)) },
		"a FIFO":  func(name string) error { return errors.Join(os.Remove(name), syscall.Mkfifo(name, 0o600)) },
		"written": func(name string) error { return os.WriteFile(name, []byte("other"), 0) },
	} {
		name := filepath.Join(root, what)
		put(t, name, "content", 0o600)
		v, err := tree.Lstat(what)
		must(t, err, change(name))
		if _, err := tree.Open(what, v); err != ErrChanged {
			t.Errorf("%s: got %v, want %v", what, err, ErrChanged)
		}
	}
}

// TestTreeDeep goes down and up a deep path: few folders are open at a time.
func TestTreeDeep(t *testing.T) {
	root := t.TempDir()
	deep := strings.Repeat("d/", 100)
	must(t, os.MkdirAll(filepath.Join(root, deep), 0o755))
	put(t, filepath.Join(root, deep, "f"), "x", 0o600)
	tree, err := OpenTree(root)
	must(t, err)
	defer tree.Close()
	most := 0
	for range 2 {
		s, err := PathWalk{Lstat: tree.Lstat, Readlink: tree.Readlink, Visit: func(Step) error {
			most = max(most, len(tree.open))
			return nil
		}}.Follow(deep + "../d/../../d/d/f")
		must(t, err)
		if want, err := Lstat(filepath.Join(root, s.At)); err != nil || s.FileVersion != want {
			t.Errorf("%.20s...: got %+v, want %+v, %v", s.At, s.FileVersion, want, err)
		}
	}
	if most > maxOpen {
		t.Errorf("%d folders are open, want %d at most", most, maxOpen)
	}
}
