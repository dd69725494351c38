package mdm_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hooksnare/collector/eslogger/synthetic"
)

// answers are what each script has to make of a state.
type answers struct{ health, hooks, version string }

// want runs every script and compares.
func (m *mac) want(shell, limit string, want answers) {
	m.t.Helper()
	exit := map[bool]int{false: 1}[want.health == "healthy"]
	for _, c := range []struct {
		name, want string
		exit       int
	}{
		{"jamf/hooksnare-health.sh", "<result>" + want.health + "</result>\n", 0},
		{"jamf/hooksnare-hooks.sh", "<result>" + want.hooks + "</result>\n", 0},
		{"jamf/hooksnare-version.sh", "<result>" + want.version + "</result>\n", 0},
		{"intune/hooksnare-health.sh", want.health + "\n", 0},
		{"intune/hooksnare-hooks.sh", want.hooks + "\n", 0},
		{"fleet/hooksnare-health.sh", want.health + "\n", exit},
		{"munki/hooksnare", "", 0},
	} {
		m.playDefaults("/no such folder")
		if got, code := m.run(shell, c.name, limit); got != c.want || code != c.exit {
			m.t.Errorf("%s %s: got %q, exit code %d, want %q, %d", shell, c.name, got, code, c.want, c.exit)
		}
	}
	items := "write|/no such folder/ConditionalItems|hooksnare_"
	wrote := items + "health|-string|" + want.health + "|\n" + items + "hooks_set|-int|" + want.hooks + "|\n" + items + "version|-string|" + want.version + "|\n"
	if got := read(m.t, m.path("defaults.calls")); got != wrote {
		m.t.Errorf("%s: the Munki condition wrote %q, want %q", shell, got, wrote)
	}
}

// playDefaults makes a stand-in for defaults, which notes what is written, and forgets what was.
func (m *mac) playDefaults(folder string) {
	m.write(m.path("defaults"), "#!/bin/sh\n"+`if [ "$1" = read ]; then echo '`+folder+`'; exit; fi
printf '%s|' "$@" >>"$0.calls"; echo >>"$0.calls"`+"\n", 0o755)
	os.Remove(m.path("defaults.calls"))
}

func TestScripts(t *testing.T) {
	bin := t.TempDir()
	real, standin := build(t, bin, "hooksnare"), build(t, bin, "standin")
	const version = "development"
	states := []struct {
		name    string
		prepare func(*mac)
		limit   string
		want    answers
	}{
		{"not installed", func(m *mac) { os.Remove(m.program) }, "", answers{"not_installed", "-1", "not_installed"}},
		{"not running", func(*mac) {}, "", answers{"not_running", "0", version}},
		{"starting", func(m *mac) {
			m.write(m.path("silent"), "#!/bin/sh\nexec sleep 3600\n", 0o755)
			m.start(m.path("silent"))
			m.awaitHealth("starting")
		}, "", answers{"starting", "0", version}},
		{"healthy, with a hook", func(m *mac) {
			m.write(m.path("private/var/root/Library/Preferences/com.apple.loginwindow.plist"),
				`<?xml version="1.0"?><plist version="1.0"><dict><key>LoginHook</key><string>/x</string></dict></plist>`, 0o644)
			m.start(m.path("usr/bin/eslogger"))
			m.awaitHealth("healthy")
		}, "", answers{"healthy", "1", version}},
		{"degraded", func(m *mac) {
			m.write(m.path("rules/bad.toml"), "no rule", 0o644)
			m.configure("<key>RuleDirectories</key><array><string>/rules</string></array>")
			m.start(m.path("usr/bin/eslogger"))
			m.awaitHealth("degraded")
		}, "", answers{"degraded", "0", version}},
		{"blind", func(m *mac) {
			m.write(m.path("refused"), "#!/bin/sh\nexit 1\n", 0o755)
			m.start(m.path("refused"))
			m.awaitHealth("blind")
		}, "", answers{"blind", "0", version}},
		{"hangs", func(m *mac) { m.play("trap '' TERM INT HUP; echo; exec sleep 300") }, "1", answers{"unknown", "-1", "unknown"}},
		{"an older program", func(m *mac) { m.play("echo unknown flag: --only >&2; exit 2") }, "", answers{"unknown", "-1", "unknown"}},
		{"prints markup", func(m *mac) { m.play(`printf '</result><result>healthy\nhealthy\n'`) }, "", answers{"unknown", "-1", "unknown"}},
		{"prints without end", func(m *mac) { m.play("exec yes 1") }, "", answers{"unknown", "1", "1"}},
	}
	for _, s := range states {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			m := newMac(t, real, standin)
			s.prepare(m)
			m.want("/bin/sh", s.limit, s.want)
		})
	}
	for _, shell := range []string{"/bin/bash", "/bin/dash", "/bin/zsh"} {
		t.Run(shell, func(t *testing.T) {
			if os.Getenv("TEST_SLOW") != "1" {
				t.Skip("only with TEST_SLOW=1")
			}
			t.Parallel()
			if _, err := os.Stat(shell); err != nil {
				t.Skip("not on this machine")
			}
			m := newMac(t, real, standin)
			m.want(shell, "", answers{"not_running", "0", version})
			m.play("exec sleep 300")
			m.want(shell, "1", answers{"unknown", "-1", "unknown"})
		})
	}
}

// TestMunkiFolder has the condition write where Munki reads when nothing else is configured.
func TestMunkiFolder(t *testing.T) {
	m := &mac{t: t, dir: t.TempDir()}
	m.disk, m.program = m.dir, filepath.Join(m.dir, "missing")
	m.playDefaults("")
	m.run("/bin/sh", "munki/hooksnare", "")
	if got, want := read(t, m.path("defaults.calls")), "write|/Library/Managed Installs/ConditionalItems|hooksnare_health|"; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q first", got, want)
	}
}

// TestSameWords holds the scripts to one way of asking: each is alone on a Mac, so that each has all of it.
func TestSameWords(t *testing.T) {
	asks := map[string][]string{}
	for _, name := range scripts(t) {
		text := read(t, name)
		from, to := strings.Index(text, "program="), strings.Index(text, "\n}\n")
		if from < 0 || to < from {
			t.Fatalf("%s: no function that asks", name)
		}
		asks[text[from:to]] = append(asks[text[from:to]], name)
	}
	if len(asks) != 1 {
		t.Errorf("got different ways of asking in %v, want one", asks)
	}
}

func scripts(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*/*.sh", "munki/hooksnare"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %q, %v", pattern, found, err)
		}
		out = append(out, found...)
	}
	return out
}

// TestShellcheck has every script checked, and wants each to be run as it is.
func TestShellcheck(t *testing.T) {
	for _, name := range scripts(t) {
		if info, err := os.Stat(name); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("%s: %v, want a file that can be run", name, err)
		}
	}
	if _, err := exec.LookPath("shellcheck"); err != nil {
		t.Skip("shellcheck is not on this machine")
	}
	if out, err := exec.Command("shellcheck", scripts(t)...).CombinedOutput(); err != nil {
		t.Errorf("shellcheck: %v\n%s", err, out)
	}
}

// TestNoAlert replays what the Munki condition runs: it must not look like an attack.
func TestNoAlert(t *testing.T) {
	recording, err := os.Create(filepath.Join(t.TempDir(), "recording.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer recording.Close()
	s := synthetic.New(recording, synthetic.Options{})
	for _, key := range []string{"hooksnare_health -string healthy", "hooksnare_hooks_set -int 1", "hooksnare_version -string 1.2.3"} {
		args := append([]string{"defaults", "write", "/Library/Managed Installs/ConditionalItems"}, strings.Fields(key)...)
		s.Run(s.Shell(), synthetic.Spec{Path: "/usr/bin/defaults", SigningID: "com.apple.defaults", Args: args})
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	program := build(t, t.TempDir(), "hooksnare")
	out, err := exec.Command(program, "replay", "--root", t.TempDir(), "--format", "ndjson", recording.Name()).Output()
	if err != nil || len(out) > 0 {
		t.Errorf("replay of the Munki condition: got %s, %v, want no alert", out, err)
	}
}
