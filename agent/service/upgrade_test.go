package service

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestGoingBack installs a version that does not start over one that runs.
func TestGoingBack(t *testing.T) {
	m := newMac(t)
	m.install()
	m.write(m.service.path(propertyList), "edited by someone", 0o644)
	m.flag("dead", "second version\n")
	m.calls()
	m.use(m.program("second version"))
	var noted []string // the installed program, at each call of Changed
	m.service.changed = func() {
		b, _ := os.ReadFile(m.service.path(Program))
		noted = append(noted, string(b)+strings.Join(m.calls(), ""))
	}
	wantError(t, "install", m.service.Install(t.Context()), "the former one is back and runs", "no status", AgentLog)
	if len(noted) != 2 || noted[0] != "second version" || !strings.HasPrefix(noted[1], "first version") {
		t.Errorf("changes were noted with %q, want the second version before launchctl is called, then the first", noted)
	}
	m.wantTree("install of a version that does not start", running...)
	m.wantFile(Program, "first version")
	m.wantFile(propertyList, "edited by someone")
	m.wantCalls("install of a version that does not start", loadCalls(m)...)
	if got := m.service.lastStart().Nanosecond(); got != 2 {
		t.Errorf("the agent that runs is start %d, want 2", got)
	}

	m.flag("dead", "")
	m.install()
	m.wantTree("the same version, repaired", upgraded...)
	m.wantFile(Program, "second version")
	m.wantFile(previous, "first version")
}

func TestNothingToGoBackTo(t *testing.T) {
	m := newMac(t)
	m.flag("dead", "first version\n")
	wantError(t, "install", m.service.Install(t.Context()), "installed and does not start", "no status")
	m.wantTree("first install of a version that does not start", installed...)
}

func TestBothDoNotStart(t *testing.T) {
	m := newMac(t)
	m.install()
	m.flag("dead", "first version\nsecond version\n")
	m.use(m.program("second version"))
	wantError(t, "install", m.service.Install(t.Context()), "the former one is back and does not start either")
	m.wantFile(Program, "first version")
}

// TestFormerOfSomebodyElse does not go back to a program that somebody else could have written.
func TestFormerOfSomebodyElse(t *testing.T) {
	m := newMac(t)
	m.install()
	if err := os.Chmod(m.service.path(Program), 0o777); err != nil {
		t.Fatal(err)
	}
	m.flag("dead", "second version\n")
	m.use(m.program("second version"))
	wantError(t, "install", m.service.Install(t.Context()), "installed and does not start")
	m.wantFile(Program, "second version")
	m.wantTree("install over a program that others can write", running...)
}

// TestOldStatus takes neither the status of the version before nor one of a process that has ended
// for a sign of life.
func TestOldStatus(t *testing.T) {
	m := newMac(t)
	m.install()
	before := m.service.lastStart()
	for name, try := range map[string]func() error{
		"old status":    func() error { return m.service.awaitAgent(t.Context(), before, "first version") },
		"other version": func() error { return m.service.awaitAgent(t.Context(), before.Add(-1), "second version") },
		"no process": func() error {
			m.write(m.service.path(stateFolder)+"/status.json", `{"version":"first version","pid":0,"started":"2030-01-01T00:00:00Z"}`, 0o600)
			return m.service.awaitAgent(t.Context(), before, "first version")
		},
	} {
		wantError(t, name, try(), "no status")
		m.install()
		before = m.service.lastStart()
	}
}

// fakePkgutil plays pkgutil, with a receipt for each file beside it.
const fakePkgutil = `#!/bin/sh
case $1 in
--pkg-info) [ -e "$0.$2" ] ;;
--forget) rm "$0.$2" ;;
esac
`

func TestReceiptsAreForgotten(t *testing.T) {
	m := newMac(t)
	m.install()
	m.service.pkgutil = m.launchctl + "-pkgutil"
	for _, program := range []string{fakePkgutil, "#!/bin/sh\nexit 1\n", ""} {
		os.Remove(m.service.pkgutil)
		if program != "" {
			m.write(m.service.pkgutil, program, 0o755)
		}
		receipt := m.service.pkgutil + "." + receipts[0]
		m.write(receipt, "", 0o600)
		if err := m.service.Uninstall(t.Context(), true); err != nil {
			t.Errorf("pkgutil %q: %v", program, err)
		}
		if _, err := os.Stat(receipt); program == fakePkgutil && err == nil {
			t.Errorf("pkgutil %q: the receipt is still there", program)
		}
	}
}

// TestPurgeLeavesTheDiskAsItWas installs on disks with different folders and compares.
func TestPurgeLeavesTheDiskAsItWas(t *testing.T) {
	for _, folders := range [][]string{
		nil, {"usr/local"}, {"usr/local/bin", "etc"}, {"usr/local/share/zsh/site-functions", "etc/newsyslog.d"},
	} {
		m := newMac(t)
		for _, name := range append([]string{"Library/Application Support", "Library/LaunchDaemons", "var/db", "var/log"}, folders...) {
			m.mkdir(name)
		}
		before := m.tree()
		m.install()
		m.use(m.program("second version"))
		m.install()
		for _, line := range m.tree() { // each has a place in the table, or is a folder on the way to one
			name := line[11:]
			p := AllPlaces()
			known := slices.Concat(p.Files, p.Folders, p.Completions, []string{p.Link})
			if !slices.ContainsFunc(known, func(k string) bool {
				return strings.HasPrefix(k+"/", name+"/") || strings.HasPrefix(name, k+"/") || strings.HasPrefix(name, k)
			}) {
				t.Errorf("%s: not in the table of places", name)
			}
		}
		if err := m.service.Uninstall(t.Context(), true); err != nil {
			t.Error(err)
		}
		m.wantTree("purge", before...)
	}
}

// TestExtrasOfSomebodyElse leaves alone what others put where the extras go.
func TestExtrasOfSomebodyElse(t *testing.T) {
	m := newMac(t)
	zsh, bash := completions[0].path, completions[1].path
	m.mkdir("usr/local/bin")
	m.mkdir("usr/local/share/zsh/site-functions")
	m.write(m.service.path(link), "a program", 0o755)
	m.write(m.service.path(zsh), "#compdef hooksnare", 0o644)
	if err := os.Chmod(m.mkdir("usr/local/etc/bash_completion.d"), 0o777); err != nil {
		t.Fatal(err)
	}
	m.link("/Users/dana", "usr/local/share/fish")
	var left []string
	m.service.note = func(text string) { left = append(left, text) }
	m.install()
	if len(left) != 4 {
		t.Errorf("left out:\n%s\nwant link, zsh, bash, fish", strings.Join(left, "\n"))
	}
	if err := m.service.Uninstall(t.Context(), true); err != nil {
		t.Error(err)
	}
	m.wantFile(link, "a program")
	m.wantFile(zsh, "#compdef hooksnare")
	if _, err := os.Lstat(m.service.path(bash)); err == nil {
		t.Errorf("%s was written into a folder that others can write", bash)
	}
}

// TestMadeFoldersIsNotTrusted removes no folder for a list that names it.
func TestMadeFoldersIsNotTrusted(t *testing.T) {
	m := newMac(t)
	m.install()
	m.mkdir("Users/dana")
	m.write(m.service.path(madeFolders), "/Users/dana\n/var/db\n../../etc\n", 0o644)
	if err := m.service.Uninstall(t.Context(), true); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(m.service.path("Users/dana")); err != nil {
		t.Error(err)
	}
}

// TestNoFoldersInFoldersOfOthers holds that install makes no folder where someone else could swap it
// for a link before it gets its owner and mode.
func TestNoFoldersInFoldersOfOthers(t *testing.T) {
	m := newMac(t)
	if err := os.Chmod(m.mkdir("usr/local"), 0o777); err != nil {
		t.Fatal(err)
	}
	var left []string
	m.service.note = func(text string) { left = append(left, text) }
	m.install()
	if len(left) != 1+len(completions) {
		t.Errorf("left out:\n%s\nwant the link and each completion", strings.Join(left, "\n"))
	}
	if made, err := os.ReadDir(m.service.path("/usr/local")); err != nil || len(made) != 0 {
		t.Errorf("in a folder that others can write: got %v, %v, want nothing", made, err)
	}
}

// TestUnfinishedUpgradeIsUndone holds that an upgrade that can't write the launchd job leaves the former
// program: the next boot would start the new one, which nothing has tried.
func TestUnfinishedUpgradeIsUndone(t *testing.T) {
	m := newMac(t)
	m.install()
	m.calls()
	m.use(m.program("second version"))
	if err := os.Chmod(m.service.path("/Library/LaunchDaemons"), 0o777); err != nil {
		t.Fatal(err)
	}
	wantError(t, "install", m.service.Install(t.Context()), "chmod go-w")
	m.wantFile(Program, "first version")
	m.wantCalls("unfinished upgrade")
}
