package program

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReadSource reads files as a command found them.
func TestReadSource(t *testing.T) {
	root := t.TempDir()
	at := func(name string) string { return filepath.Join(root, name) }
	put(t, at("early.plist"), "early", 0o600)
	put(t, at("large.plist"), strings.Repeat("x", maxSource+1), 0o600)
	must(t, os.Mkdir(at("folder"), 0o755))
	must(t, syscall.Mkfifo(at("fifo"), 0o600))
	must(t, os.Symlink("/early.plist", at("link")))
	began := time.Now().Add(time.Minute)
	for _, tt := range []struct{ name, want, fault string }{
		{"/early.plist", "early", ""},
		{"/link", "early", ""},
		{"/folder/../early.plist", "early", ""},
		{"/large.plist", "", "file too large"},
		{"/folder", "", "not a regular file"},
		{"/fifo", "", "not a regular file"},
		{"/gone", "", "no such file or directory"},
	} {
		got, err := ReadSource(root, tt.name, began)
		if string(got) != tt.want || (err == nil) != (tt.fault == "") || err != nil && !strings.Contains(err.Error(), tt.fault) {
			t.Errorf("ReadSource(%q): got %q, %v, want %q, %q", tt.name, got, err, tt.want, tt.fault)
		}
	}
	began = time.Now().Add(-time.Minute) // everything changed since
	for _, name := range []string{"/early.plist", "/link"} {
		if got, err := ReadSource(root, name, began); err != errLater {
			t.Errorf("ReadSource(%q): got %q, %v, want %v", name, got, err, errLater)
		}
	}
}

// TestTarget asks which preferences a path stands for.
func TestTarget(t *testing.T) {
	root := t.TempDir()
	at := func(name string) string { return filepath.Join(root, name) }
	put(t, at("private/x.plist"), "x", 0o600)
	must(t, os.Symlink("/private/x.plist", at("link.plist")))
	must(t, os.Symlink("/gone", at("dead.plist")))
	put(t, at("A.app/Contents/Info.plist"), "<plist><dict><key>CFBundleIdentifier</key>\n <string>com.apple.loginwindow</string></dict></plist>", 0o644)
	put(t, at("B.app/Contents/Info.plist"), "bplist00CFBundleIdentifier", 0o644)
	must(t, os.Symlink("A.app", at("C.app")))
	for name, want := range map[string]string{
		"/link.plist": "/private/x.plist", "/private/x.plist": "/private/x.plist", "/dead.plist": "", "/gone": "", "/private": "",
		"/A.app": "com.apple.loginwindow", "/B.app": "", "/C.app": "com.apple.loginwindow",
	} {
		if got := Target(root, name, time.Now().Add(time.Minute)); got != want {
			t.Errorf("Target(%q): got %q, want %q", name, got, want)
		}
	}
	if got := Target(root, "/A.app", time.Now().Add(-time.Minute)); got != "" {
		t.Errorf("a bundle that changed since: got %q, want nothing", got)
	}
}
