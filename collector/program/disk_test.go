package program

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const hookScript = "#!/bin/sh\necho hook\n"

// newRoot lays a small system volume, and a file beside it that no value may reach.
func newRoot(t testing.TB) string {
	t.Helper()
	top := t.TempDir()
	put(t, filepath.Join(top, "outside"), hookScript, 0o755)
	root := filepath.Join(top, "root")
	for _, f := range []struct {
		name, content string
		mode          os.FileMode
	}{
		{"bin/sh", "\x7fELF\x00", 0o755},
		{"usr/bin/python3.12", "\x7fELF\x00", 0o755},
		{"hooks/login.sh", hookScript, 0o755},
		{"hooks/with space/x y.sh", hookScript, 0o755},
		{"hooks/.hidden/h.sh", hookScript, 0o755},
		{"hooks/plain.sh", "echo hook\n", 0o755},
		{"hooks/empty", "", 0o755},
		{"hooks/data", "\x00\x01\x02", 0o755},
		{"hooks/latin1.sh", "#!/bin/sh\n# \xe9t\xe9 \x00 \x1b[2J\n", 0o755},
		{"hooks/nul-later", "echo first\n\x00\x00", 0o755},
		{"hooks/lost.py", "#! /opt/python -u\n", 0o755},
		{"hooks/relative.sh", "#!sh\n", 0o755},
		{"hooks/return.sh", "#!/bin/sh\r\n", 0o755},
		{"hooks/user.sh", "#!/Users/sam/bin/sh -e\n", 0o755},
		{"hooks/secret", "password=hunter2\n", 0o600},
		{"hooks/suid", "\x7fELF\x00", 0o755},
		{"private/tmp/x.sh", hookScript, 0o755},
		{"private/var/tmp/x.sh", hookScript, 0o755},
		{"private/var/folders/ab/x.sh", hookScript, 0o755},
		{"Users/Shared/x.sh", hookScript, 0o755},
		{"Users/sam/x.sh", hookScript, 0o755},
		{"Users/sam/bin/sh", "\x7fELF\x00", 0o777},
		{"Volumes/usb/x.sh", hookScript, 0o755},
		{"System/Volumes/Data/Users/sam/y.sh", hookScript, 0o755},
		{"a", hookScript, 0o755},
		{"a b", hookScript, 0o755},
		{"line\nbreak", hookScript, 0o755},
	} {
		put(t, filepath.Join(root, f.name), f.content, f.mode)
	}
	for _, l := range [][2]string{
		{"private/var", "var"}, {"/private/tmp", "tmp"}, {"/hooks/login.sh", "chain"}, {"../../../outside", "up"},
		{"/../../outside", "hooks/absup"}, {filepath.Join(top, "outside"), "host"}, {"loop2", "loop1"}, {"loop1", "loop2"},
		{"/nothing", "dangling"}, {"hooks/fifo", "tofifo"}, {".", "here"},
	} {
		must(t, os.Symlink(l[0], filepath.Join(root, l[1])))
	}
	must(t, syscall.Mkfifo(filepath.Join(root, "hooks/fifo"), 0o755))
	must(t, os.Chmod(filepath.Join(root, "hooks/suid"), 0o755|os.ModeSetuid))
	must(t, os.Chmod(filepath.Join(root, "private/tmp"), 0o777|os.ModeSticky))
	return root
}

func put(t testing.TB, name, content string, mode os.FileMode) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(t, os.WriteFile(name, []byte(content), mode))
	must(t, os.Chmod(name, mode))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func words(list []string) string { return strings.Join(list, " ") }
