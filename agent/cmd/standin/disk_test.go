package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestDiskIsLaid(t *testing.T) {
	old := syscall.Umask(0o077)
	dir := filepath.Join(t.TempDir(), "mac")
	eslogger, err := layDisk(dir, 2.5)
	syscall.Umask(old)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range disk {
		info, err := os.Lstat(filepath.Join(dir, e.path))
		if err != nil {
			t.Error(err)
			continue
		}
		want := e.mode
		if want.Type() == fs.ModeSymlink {
			want |= info.Mode().Perm()
		}
		if info.Mode() != want {
			t.Errorf("%s: got mode %v, want %v", e.path, info.Mode(), want)
		}
		if uid := int(info.Sys().(*syscall.Stat_t).Uid); os.Geteuid() == admin && uid != e.owner {
			t.Errorf("%s: got owner %d, want %d", e.path, uid, e.owner)
		}
	}
	for _, name := range []string{eslogger, filepath.Join(dir, "var/run/../../usr/bin/true")} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o111 == 0 {
			t.Errorf("%s: got %v, %v; want a program", name, info, err)
		}
	}
	found := 0
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".plist" {
			return err
		}
		found++
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte("Hook")) {
			t.Errorf("%s: has a hook: %s", path, b)
		}
		return err
	})
	if err != nil || found != 4 {
		t.Errorf("preferences files: got %d, %v; want 4", found, err)
	}
	if speed, err := readSpeed(filepath.Join(dir, "usr/bin", speedName)); err != nil || speed != 2.5 {
		t.Errorf("speed: got %v, %v, want 2.5", speed, err)
	}
}
