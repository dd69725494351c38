package agent_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"hooksnare/agent/checkup"
	"hooksnare/agent/config"
	"hooksnare/pkg/alert"
)

// unsafePlaces are what others could do to a place that the agent writes to or believes.
var unsafePlaces = []struct {
	name  string
	spoil func(t *testing.T, folder, file string)
	want  string // in the error, for a folder or a file; "" where it is safe
	file  bool   // it concerns the file alone
}{
	{"as it should be", func(*testing.T, string, string) {}, "", false},
	{"others write the folder", func(t *testing.T, folder, _ string) { chmod(t, folder, 0o777) }, "others can write this folder (mode 0777): run chmod go-w", false},
	{"group writes above", func(t *testing.T, folder, _ string) { chmod(t, filepath.Dir(folder), 0o775) }, "others can write this folder (mode 0775)", false},
	{"sticky above", func(t *testing.T, folder, _ string) { chmod(t, filepath.Dir(folder), 0o777|os.ModeSticky) }, "", false},
	{"foreign folder in a sticky one", func(t *testing.T, folder, _ string) {
		chmod(t, filepath.Dir(folder), 0o777|os.ModeSticky)
		giveAway(t, folder)
	}, "owned by user 502", false},
	{"foreign link", func(t *testing.T, folder, _ string) {
		if err := errors.Join(os.Rename(folder, folder+".real"), os.Symlink(folder+".real", folder)); err != nil {
			t.Fatal(err)
		}
		giveAway(t, folder)
	}, "is a link that belongs to user 502", false},
	{"hard link", func(t *testing.T, folder, file string) {
		if err := os.Link(file, file+".other"); err != nil {
			t.Fatal(err)
		}
	}, "is a hard link, one of 2 names", true},
	{"link", func(t *testing.T, folder, file string) {
		if err := errors.Join(os.Rename(file, file+".real"), os.Symlink(file+".real", file)); err != nil {
			t.Fatal(err)
		}
	}, "not a regular file but a symbolic link", true},
	{"FIFO", func(t *testing.T, folder, file string) {
		if err := errors.Join(os.Remove(file), syscall.Mkfifo(file, 0o600)); err != nil {
			t.Fatal(err)
		}
	}, "not a regular file but a FIFO", true},
	{"foreign file", func(t *testing.T, _, file string) { giveAway(t, file) }, "owned by user 502", true},
}

func chmod(t *testing.T, name string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
}

func giveAway(t *testing.T, name string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	if err := os.Lchown(name, 502, 20); err != nil {
		t.Fatal(err)
	}
}

// placed lays a disk with a file in a folder of its own for each thing that a configuration
// names, and returns the configuration.
func placed(t *testing.T) (root, file string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range map[string]string{
		"log/in/alerts.jsonl": "", "token/in/token": "secret\n", "rules/in/one.toml": "no rule", "private/var/db/hooksnare/status.json": "{}",
	} {
		place(t, filepath.Join(root, name), text, 0o600)
		chmod(t, filepath.Dir(filepath.Join(root, name)), 0o755)
		chmod(t, filepath.Dir(filepath.Dir(filepath.Join(root, name))), 0o755)
	}
	if err := os.Symlink("private/var", filepath.Join(root, "var")); err != nil { // as on a Mac
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "c.plist")
	place(t, file, `<plist version="1.0"><dict>
<key>CanaryInterval</key><real>0</real>
<key>RuleDirectories</key><array><string>/rules/in</string></array>
<key>Outputs</key><array>
<dict><key>Name</key><string>log</string><key>Type</key><string>file</string><key>Path</key><string>/log/in/alerts.jsonl</string></dict>
<dict><key>Name</key><string>far</string><key>Type</key><string>https</string><key>URL</key><string>https://127.0.0.1:9</string>
<key>TokenFile</key><string>/token/in/token</string></dict>
</array></dict></plist>`, 0o600)
	return root, file
}

// TestUnsafePlaces has check refuse each place that others can write, under the key that
// names it.
func TestUnsafePlaces(t *testing.T) {
	t.Parallel()
	keys := map[string]struct{ folder, file string }{
		"Outputs[0].Path":      {"log/in", "log/in/alerts.jsonl"},
		"Outputs[1].TokenFile": {"token/in", "token/in/token"},
		"one.toml":             {"rules/in", "rules/in/one.toml"},
		"state-dir":            {"private/var/db/hooksnare", ""},
	}
	for key, at := range keys {
		for _, p := range unsafePlaces {
			if p.file && (at.file == "" || key == "one.toml" && p.name != "hard link" && p.name != "foreign file") {
				continue // what is not a file is not a rule
			}
			t.Run(key+" "+p.name, func(t *testing.T) {
				root, file := placed(t)
				p.spoil(t, filepath.Join(root, at.folder), filepath.Join(root, at.file))
				c, sources, err := config.Load(config.Options{Root: root, File: file})
				if err != nil {
					t.Fatal(err)
				}
				_, err = checkup.Check(c, sources, nil, time.Now(), checkup.ThisMac)
				key := key
				if key == "one.toml" && !p.file {
					key = "RuleDirectories[0]"
				}
				var told []string
				for _, fault := range config.Faults(err) {
					if text := fault.Error(); !strings.Contains(text, "one.toml:1") { // which is no rule
						told = append(told, text)
					}
				}
				switch {
				case p.want == "" && len(told) > 0:
					t.Errorf("got %q, want nothing wrong", told)
				case p.want != "" && (len(told) != 1 || !strings.Contains(told[0], key) || !strings.Contains(told[0], p.want)):
					t.Errorf("got %q, want one of %s: %s", told, key, p.want)
				}
			})
		}
	}
}

// TestUnsafeState has the agent run with a state folder that others can write: it says so,
// writes nothing there, and delivers.
func TestUnsafeState(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	s, o := setUp(t, plan{{{Do: "serve"}}})
	state := o.Config.StateDir
	place(t, filepath.Join(state, "status.json"), `{"planted":true}`, 0o600)
	chmod(t, state, 0o777)
	s.start(t, o)
	s.untilTold(t, "place_unsafe", "others can write this folder")
	s.stop(t)
	if list, err := os.ReadDir(state); err != nil || len(list) != 1 {
		t.Errorf("got %v, %v in the state folder, want what was planted alone", list, err)
	}
	if left, err := filepath.Glob(filepath.Join(temporary, "hooksnare-*")); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v left behind, want nothing", left, err)
	}
}

// TestUnsafeLog has the agent run with a log that is another file's second name: that file
// stays as it is, and the other output says what is wrong.
func TestUnsafeLog(t *testing.T) {
	t.Parallel()
	s, o := setUp(t, plan{{{Do: "serve"}}})
	victim := filepath.Join(s.root, "passwd")
	place(t, victim, "root:*:0:0\n", 0o644)
	log := filepath.Join(s.root, "other", "alerts.jsonl")
	if err := errors.Join(os.Mkdir(filepath.Dir(log), 0o755), os.Link(victim, log)); err != nil {
		t.Fatal(err)
	}
	o.Config.Outputs = append(o.Config.Outputs, config.Output{Name: "other", Type: "file", Path: log, MinSeverity: "low", Enabled: true})
	s.start(t, o)
	s.untilTold(t, "output_failed.other", "is a hard link")
	s.stop(t)
	info, err := os.Stat(victim)
	if b, e := os.ReadFile(victim); err != nil || e != nil || string(b) != "root:*:0:0\n" || info.Mode().Perm() != 0o644 {
		t.Errorf("got %q of mode %v, want the file as it was", b, info.Mode())
	}
}

// untilTold waits for the alert of a condition whose detail has a text.
func (s *stage) untilTold(t *testing.T, state, text string) {
	t.Helper()
	s.until(t, "the condition "+state, func(list []*alert.Alert) bool {
		return slices.ContainsFunc(list, func(a *alert.Alert) bool {
			h := a.Hooksnare.Health
			return h != nil && strings.HasPrefix(h.State, state) && strings.Contains(h.Detail, text)
		})
	})
}

// TestRootKeepsInside holds that what the files of a disk name is read and written below
// that disk, whatever links are there.
func TestRootKeepsInside(t *testing.T) {
	outside := t.TempDir()
	for _, name := range []string{"log/in/alerts.jsonl", "token/in/token", "rules/in/one.toml"} {
		place(t, filepath.Join(outside, name), "outside\n", 0o600)
	}
	for _, up := range []string{outside, strings.Repeat("../", 40) + strings.TrimPrefix(outside, "/")} {
		root, file := placed(t)
		for _, name := range []string{"log", "token", "rules"} {
			if err := errors.Join(os.RemoveAll(filepath.Join(root, name)), os.Symlink(filepath.Join(up, name), filepath.Join(root, name))); err != nil {
				t.Fatal(err)
			}
		}
		c, sources, err := config.Load(config.Options{Root: root, File: file})
		if err != nil {
			t.Fatal(err)
		}
		_, err = checkup.Check(c, sources, nil, time.Now(), checkup.ThisMac)
		for _, want := range []string{"Outputs[1].TokenFile: ", "RuleDirectories[0]: "} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("links to %s: got %v, want %sno such file", up, err, want)
			}
		}
		if err != nil && strings.Contains(err.Error(), "one.toml") {
			t.Errorf("links to %s: got %v, want the rule outside not read", up, err)
		}
	}
}
