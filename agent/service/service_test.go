package service

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakeLaunchd is a program that plays launchctl. It writes down how it was called, one line
// a call, and remembers in files beside itself whether the job is loaded (loaded), how
// often bootstrap is still to fail (busy) and whether bootout works (stuck). A program that it
// starts is its own version, and writes its status unless it is one that does not start (dead).
const fakeLaunchd = `#!/bin/sh
printf '%s\n' "$*" >>"$0.calls"
case $1 in
print)
	[ -e "$0.loaded" ] && exit 0
	echo "Could not find service in domain for system" >&2
	exit 113 ;;
bootout)
	[ -e "$0.stuck" ] && { echo "Boot-out failed: 1: Operation not permitted" >&2; exit 1; }
	[ -e "$0.loaded" ] || { echo "Boot-out failed: 3: No such process" >&2; exit 3; }
	rm "$0.loaded" ;;
bootstrap)
	n=$(cat "$0.busy" 2>/dev/null || echo 0)
	if [ "$n" -gt 0 ]; then
		echo $((n - 1)) >"$0.busy"
		echo "Bootstrap failed: 5: Input/output error" >&2
		exit 5
	fi
	[ -e "$3" ] || { echo "Bootstrap failed: no property list" >&2; exit 2; }
	printf %s "${3%/Library/LaunchDaemons/*}" >"$0.loaded" ;;
kickstart)
	[ -e "$0.loaded" ] || { echo "Could not find service" >&2; exit 113; }
	root=$(cat "$0.loaded")
	version=$(cat "$root/Library/Application Support/Hooksnare/hooksnare")
	grep -qx "$version" "$0.dead" 2>/dev/null && exit 0
	echo start >>"$0.starts"
	umask 077
	printf '{"version":"%s","pid":%d,"started":"2026-01-01T00:00:00.%09dZ"}' "$version" $PPID $(wc -l <"$0.starts") \
		>"$root/var/db/hooksnare/status.json" ;;
esac
`

// mac is a fake disk with a fake launchd.
type mac struct {
	t         *testing.T
	root      string
	launchctl string
	service   *Service
}

func newMac(t *testing.T) *mac {
	t.Helper()
	m := &mac{t: t, root: filepath.Join(t.TempDir(), "disk"), launchctl: filepath.Join(t.TempDir(), "launchctl")}
	if err := os.Mkdir(m.root, 0o755); err != nil {
		t.Fatal(err)
	}
	m.write(m.launchctl, fakeLaunchd, 0o755)
	m.use(m.program("first version"))
	return m
}

// use makes the service install this program.
func (m *mac) use(executable string) {
	m.t.Helper()
	var version []byte
	if info, err := os.Stat(executable); err == nil && info.Mode().IsRegular() && info.Size() < 100 {
		version, _ = os.ReadFile(executable)
	}
	s, err := New(Options{
		Root: m.root, StateDir: filepath.Join(m.root, stateFolder), Version: string(version),
		Completions: map[string][]byte{"zsh": []byte("#compdef hooksnare\n"), "bash": []byte("complete\n"), "fish": []byte("complete\n")},
	})
	if err != nil {
		m.t.Fatal(err)
	}
	s.executable, s.launchctl, s.pause = executable, m.launchctl, time.Millisecond
	m.service = s
}

// program writes a program to install and returns its path.
func (m *mac) program(content string) string {
	m.t.Helper()
	path := filepath.Join(m.t.TempDir(), "download")
	m.write(path, content, 0o600)
	return path
}

func (m *mac) write(path, content string, mode fs.FileMode) {
	m.t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		m.t.Fatal(err)
	}
}

func (m *mac) mkdir(name string) string {
	m.t.Helper()
	path := filepath.Join(m.root, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		m.t.Fatal(err)
	}
	return path
}

func (m *mac) link(target, name string) {
	m.t.Helper()
	m.mkdir(filepath.Dir(name))
	if err := os.Symlink(target, filepath.Join(m.root, name)); err != nil {
		m.t.Fatal(err)
	}
}

// calls returns and forgets how launchctl was called.
func (m *mac) calls() []string {
	m.t.Helper()
	raw, err := os.ReadFile(m.launchctl + ".calls")
	if err != nil && !os.IsNotExist(err) {
		m.t.Fatal(err)
	}
	os.Remove(m.launchctl + ".calls")
	return strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
}

func (m *mac) wantCalls(doing string, want ...string) {
	m.t.Helper()
	got := m.calls()
	if len(want) == 0 {
		want = []string{""}
	}
	if !slices.Equal(got, want) {
		m.t.Errorf("%s: launchctl got\n  %s\nwant\n  %s", doing, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// tree lists the disk: mode and path of everything, the root itself left out.
func (m *mac) tree() []string {
	m.t.Helper()
	var out []string
	err := filepath.WalkDir(m.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == m.root {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		out = append(out, fmt.Sprintf("%v %s", info.Mode(), strings.TrimPrefix(path, m.root)))
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return out
}

func (m *mac) wantTree(doing string, want ...string) {
	m.t.Helper()
	if got := m.tree(); !slices.Equal(got, want) {
		m.t.Errorf("%s: the disk holds\n  %s\nwant\n  %s", doing, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func (m *mac) wantFile(name, want string) {
	m.t.Helper()
	got, err := os.ReadFile(filepath.Join(m.root, name))
	if err != nil || string(got) != want {
		m.t.Errorf("%s: got %.80q, %v, want %.80q", name, got, err, want)
	}
}

func (m *mac) flag(name, content string) {
	m.t.Helper()
	m.write(m.launchctl+"."+name, content, 0o600)
}

func (m *mac) install() {
	m.t.Helper()
	if err := m.service.Install(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
}

func wantError(t *testing.T, doing string, err error, want ...string) {
	t.Helper()
	for _, part := range want {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: error %v, want one with %q", doing, err, part)
		}
	}
}

func withUmask(t *testing.T, mask int) {
	t.Helper()
	old := syscall.Umask(mask)
	t.Cleanup(func() { syscall.Umask(old) })
}

func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
}

func TestVerbsNeedAMacAndRoot(t *testing.T) {
	tests := []struct {
		name    string
		refused error
		root    string
		want    map[string]string // verb: part of its error, "" for none
	}{
		{"not a Mac", refusal("linux", 0), "", map[string]string{
			"install": "--root DIR", "uninstall": "--root DIR", "start": "macOS only", "stop": "macOS only", "restart": "macOS only"}},
		{"not root", refusal("darwin", 501), "", map[string]string{
			"install": "sudo", "uninstall": "sudo", "start": "sudo", "stop": "sudo", "restart": "sudo"}},
		{"root on a Mac, with a disk of its own", refusal("darwin", 0), t.TempDir(), map[string]string{
			"install": "", "start": "no launchd", "stop": "no launchd", "restart": "no launchd", "uninstall": ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := New(Options{Root: tt.root})
			if err != nil {
				t.Fatal(err)
			}
			s.refused = tt.refused
			ctx := t.Context()
			verbs := map[string]func() error{
				"install": func() error { return s.Install(ctx) }, "uninstall": func() error { return s.Uninstall(ctx, true) },
				"start": func() error { return s.Start(ctx) }, "stop": func() error { return s.Stop(ctx) },
				"restart": func() error { return s.Restart(ctx) },
			}
			for _, verb := range []string{"install", "start", "stop", "restart", "uninstall"} {
				err := verbs[verb]()
				if want := tt.want[verb]; want != "" {
					wantError(t, verb, err, want)
				} else if err != nil {
					t.Errorf("%s: %v", verb, err)
				}
			}
		})
	}
}

func TestNew(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for root, want := range map[string]Service{
		"":      {root: "/", executable: self, launchctl: "/bin/launchctl", pkgutil: "/usr/sbin/pkgutil", refused: refusal(runtime.GOOS, os.Geteuid())},
		"/disk": {root: "/disk", executable: self},
	} {
		s, err := New(Options{Root: root})
		if err != nil {
			t.Fatal(err)
		}
		got := Service{root: s.root, executable: s.executable, launchctl: s.launchctl, pkgutil: s.pkgutil, refused: s.refused}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("root %q: got %+v, want %+v", root, got, want)
		}
	}
}
