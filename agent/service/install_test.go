package service

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"howett.net/plist"

	"hooksnare/packaging/launchd"
)

// installed is the disk after install; running is what the agent adds, upgraded what an upgrade does.
var (
	installed = []string{
		"drwxr-xr-x /Library",
		"drwxr-xr-x /Library/Application Support",
		"drwxr-xr-x /Library/Application Support/Hooksnare",
		"-rw-r--r-- /Library/Application Support/Hooksnare/.made-folders",
		"-rwxr-xr-x /Library/Application Support/Hooksnare/hooksnare",
		"drwxr-xr-x /Library/LaunchDaemons",
		"-rw-r--r-- /Library/LaunchDaemons/com.hooksnare.agent.plist",
		"drwxr-xr-x /etc",
		"drwxr-xr-x /etc/newsyslog.d",
		"-rw-r--r-- /etc/newsyslog.d/com.hooksnare.agent.conf",
		"drwxr-xr-x /usr",
		"drwxr-xr-x /usr/local",
		"drwxr-xr-x /usr/local/bin",
		"Lrwxrwxrwx /usr/local/bin/hooksnare",
		"drwxr-xr-x /usr/local/etc",
		"drwxr-xr-x /usr/local/etc/bash_completion.d",
		"-rw-r--r-- /usr/local/etc/bash_completion.d/hooksnare",
		"drwxr-xr-x /usr/local/share",
		"drwxr-xr-x /usr/local/share/fish",
		"drwxr-xr-x /usr/local/share/fish/vendor_completions.d",
		"-rw-r--r-- /usr/local/share/fish/vendor_completions.d/hooksnare.fish",
		"drwxr-xr-x /usr/local/share/zsh",
		"drwxr-xr-x /usr/local/share/zsh/site-functions",
		"-rw-r--r-- /usr/local/share/zsh/site-functions/_hooksnare",
		"drwxr-xr-x /var",
		"drwxr-xr-x /var/db",
		"drwx------ /var/db/hooksnare",
		"drwxr-xr-x /var/log",
		"drwxr-x--- /var/log/hooksnare",
	}
	running  = with(installed, "-rw------- /var/db/hooksnare/status.json")
	upgraded = with(running, "-rwxr-xr-x /Library/Application Support/Hooksnare/hooksnare.previous")
)

// with returns a tree with more in it.
func with(tree []string, more ...string) []string {
	out := append(slices.Clone(tree), more...)
	slices.SortFunc(out, func(a, b string) int {
		return slices.Compare(strings.Split(a[11:], "/"), strings.Split(b[11:], "/"))
	})
	return out
}

func loadCalls(m *mac) []string {
	return []string{
		"bootout system/com.hooksnare.agent",
		"enable system/com.hooksnare.agent",
		"bootstrap system " + m.root + "/Library/LaunchDaemons/com.hooksnare.agent.plist",
		"kickstart system/com.hooksnare.agent",
	}
}

func TestInstall(t *testing.T) {
	for _, umask := range []int{0o022, 0} {
		m := newMac(t)
		withUmask(t, umask)
		m.install()
		m.wantTree("install", running...)
		m.wantFile(Program, "first version")
		m.wantFile(propertyList, string(launchd.PropertyList))
		m.wantCalls("install", loadCalls(m)...)
	}
}

// A closed umask closes none of the folders that install has to make on the way.
func TestInstallUnderClosedUmask(t *testing.T) {
	m := newMac(t)
	withUmask(t, 0o077)
	m.install()
	m.wantTree("install", running...)
}

func TestInstallAgainUpgrades(t *testing.T) {
	m := newMac(t)
	m.install()
	m.calls()

	running, err := os.Open(m.service.path(Program))
	if err != nil {
		t.Fatal(err)
	}
	defer running.Close()
	m.write(m.service.path(propertyList), "edited by someone", 0o644)
	for _, path := range []string{m.service.path(stateFolder), m.service.path(logFolder), m.service.path(propertyList)} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	m.use(m.program("second version"))
	m.install()

	m.wantTree("second install", upgraded...)
	m.wantFile(Program, "second version")
	m.wantFile(propertyList, string(launchd.PropertyList))
	m.wantCalls("second install", loadCalls(m)...)
	if old, err := io.ReadAll(running); err != nil || string(old) != "first version" {
		t.Errorf("the running program reads %q, %v, want its own first version", old, err)
	}
}

func TestInstallFromTheInstalledProgram(t *testing.T) {
	m := newMac(t)
	m.install()
	m.use(m.service.path(Program))
	m.install()
	m.wantTree("install from itself", upgraded...)
	m.wantFile(Program, "first version")
}

func TestInstallSweepsWhatAnEarlierOneLeft(t *testing.T) {
	m := newMac(t)
	m.write(filepath.Join(m.mkdir(folder), ".hooksnare.new"), "half", 0o600)
	m.write(filepath.Join(m.mkdir("Library/LaunchDaemons"), ".com.hooksnare.agent.plist.new"), "half", 0o600)
	m.install()
	m.wantTree("install", running...)
}

func TestInstallThroughMacOSVarLink(t *testing.T) {
	m := newMac(t)
	m.mkdir("private/var")
	m.link("private/var", "var")
	m.install()
	for _, name := range []string{"private/var/db/hooksnare", "private/var/log/hooksnare"} {
		if info, err := os.Lstat(filepath.Join(m.root, name)); err != nil || !info.IsDir() {
			t.Errorf("%s: %v, want a folder", name, err)
		}
	}
}

func TestInstallRefusesDisksOthersControl(t *testing.T) {
	outside := t.TempDir()
	if err := os.Chmod(outside, 0o700); err != nil {
		t.Fatal(err)
	}
	chmod := func(name string, mode os.FileMode) func(*mac) {
		return func(m *mac) {
			if err := os.Chmod(m.mkdir(name), mode); err != nil {
				m.t.Fatal(err)
			}
		}
	}
	chown := func(name string) func(*mac) {
		return func(m *mac) {
			asRoot(m.t)
			if err := os.Chown(m.mkdir(name), 501, 20); err != nil {
				m.t.Fatal(err)
			}
		}
	}
	link := func(target, name string) func(*mac) { return func(m *mac) { m.link(target, name) } }
	tests := []struct {
		name    string
		prepare func(*mac)
		want    string
	}{
		{"folder is a link out", link(outside, folder), "not a folder"},
		{"folder is a link inside", link("../../var", folder), "not a folder"},
		{"state folder is a link out", link(outside, stateFolder), "not a folder"},
		{"log folder is a file", func(m *mac) { m.write(filepath.Join(m.mkdir("var/log"), "hooksnare"), "x", 0o600) }, "not a folder"},
		{"var leads out", link(outside, "var"), "escapes"},
		{"var climbs out", link("../../..", "var"), "escapes"},
		{"launch daemons lead out", link(outside, "Library/LaunchDaemons"), "escapes"},
		{"property list is a folder", func(m *mac) { m.mkdir(propertyList) }, "com.hooksnare.agent.plist"},
		{"parent writable by all", chmod("Library/Application Support", 0o777), "chmod go-w"},
		{"parent writable by a group", chmod("Library/LaunchDaemons", 0o775), "chmod go-w"},
		{"parent of a parent", chmod("Library", 0o757), "chmod go-w"},
		{"folder of a user", chown(folder), "user id 501"},
		{"parent of a user", chown("Library/LaunchDaemons"), "user id 501"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMac(t)
			tt.prepare(m)
			wantError(t, "install", m.service.Install(t.Context()), tt.want)
			m.wantCalls("refused install")
			if left, err := os.ReadDir(outside); err != nil || len(left) != 0 {
				t.Errorf("outside the disk: %v, %v, want nothing", left, err)
			}
			for _, line := range m.tree() {
				if strings.Contains(line, ".new") {
					t.Errorf("left behind: %s", line)
				}
			}
		})
	}
}

func TestInstallReplacesALinkWithoutFollowingIt(t *testing.T) {
	m := newMac(t)
	victim := filepath.Join(t.TempDir(), "victim")
	m.write(victim, "precious", 0o600)
	m.link(victim, Program)
	m.link(victim, propertyList)
	m.install()
	m.wantTree("install", running...)
	if got, err := os.ReadFile(victim); err != nil || string(got) != "precious" {
		t.Errorf("victim: %q, %v", got, err)
	}
}

func TestInstallRefusesPrograms(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	huge := filepath.Join(dir, "huge")
	f, err := os.Create(huge)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(maxProgram + 1); err != nil {
		t.Fatal(err)
	}
	f.Close()
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "no such file",
		dir:                        "not a regular file",
		fifo:                       "not a regular file",
		empty:                      "is empty",
		huge:                       "more than",
	} {
		m := newMac(t)
		m.install()
		m.calls()
		m.use(path)
		wantError(t, path, m.service.Install(t.Context()), want)
		m.wantTree("refused upgrade", upgraded...)
		m.wantFile(Program, "first version")
		m.wantCalls("refused upgrade")
	}
}

func TestFilesThatChangeWhileCopiedAreRefused(t *testing.T) {
	m := newMac(t)
	d, err := openDisk(m.root)
	if err != nil {
		t.Fatal(err)
	}
	defer d.root.Close()
	for _, size := range []int64{3, 5} {
		wantError(t, "file", d.writeFile("dir/name", 0o644, strings.NewReader("four"), size), "changed while")
	}
	m.wantTree("refused file", "drwxr-xr-x /dir")
}

// The property list is what ties the folders here to the job: both must agree.
func TestPropertyListMatchesTheFolders(t *testing.T) {
	var list struct {
		Label             string
		ProgramArguments  []string
		StandardErrorPath string
	}
	if _, err := plist.Unmarshal(launchd.PropertyList, &list); err != nil {
		t.Fatal(err)
	}
	if list.Label != launchd.Label || filepath.Base(propertyList) != launchd.Label+".plist" {
		t.Errorf("label %q, file %q, want %q", list.Label, propertyList, launchd.Label)
	}
	if list.ProgramArguments[0] != Program || filepath.Dir(list.StandardErrorPath) != logFolder {
		t.Errorf("program %q, log %q, want %q and a file in %q", list.ProgramArguments[0], list.StandardErrorPath, Program, logFolder)
	}
}

func TestInstallGivesFilesToRoot(t *testing.T) {
	asRoot(t)
	m := newMac(t)
	m.write(filepath.Join(m.mkdir(folder), "hooksnare"), "of a user", 0o777)
	if err := os.Chown(m.service.path(Program), 501, 20); err != nil {
		t.Fatal(err)
	}
	m.install()
	for _, name := range []string{folder, Program, propertyList, stateFolder, logFolder} {
		info, err := os.Stat(m.service.path(name))
		if err != nil {
			t.Fatal(err)
		}
		if st := info.Sys().(*syscall.Stat_t); st.Uid != 0 || st.Gid != 0 {
			t.Errorf("%s: belongs to %d:%d, want 0:0", name, st.Uid, st.Gid)
		}
	}
}
