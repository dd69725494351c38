package agent

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/checkup"
	"hooksnare/agent/config"
)

// TestCanaryOfAnotherDisk looks at which program would be run as the canary: one of a
// disk under a root only where whoever starts the agent names it.
func TestCanaryOfAnotherDisk(t *testing.T) {
	root := t.TempDir()
	bare := t.TempDir() // without a program of that name
	canary := filepath.Join(root, "usr/bin/true")
	put := func(name, text string) string {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o700)); err != nil {
			t.Fatal(err)
		}
		return name
	}
	put(canary, "#!/bin/sh\n")
	put(filepath.Join(root, "usr/bin/eslogger"), "#!/bin/sh\n")
	file := put(filepath.Join(t.TempDir(), "c.plist"), `<plist version="1.0"><dict/></plist>`)
	tests := []struct {
		root, eslogger, named string
		want                  string
		as                    []string
		interval              time.Duration
	}{
		{"", "/usr/bin/eslogger", "", "/usr/bin/true", nil, time.Second},
		{root, "/usr/bin/eslogger", "", "/usr/bin/true", nil, time.Second},
		{root, root + "/usr/bin/eslogger", "", "/usr/bin/true", nil, time.Second},
		{root, root + "-other/usr/bin/eslogger", "", "/usr/bin/true", nil, time.Second},
		{root, root + "/../eslogger", "", "/usr/bin/true", nil, time.Second},
		{bare, bare + "/usr/bin/eslogger", "", "/usr/bin/true", nil, 0},
		{root, root + "/usr/bin/eslogger", canary, canary, []string{"/usr/bin/true"}, time.Second},
		{root, "/usr/bin/eslogger", os.Args[0], os.Args[0], nil, time.Second},
		{root, "/usr/bin/eslogger", root + "/absent", root + "/absent", []string{"/absent"}, 0},
	}
	for _, test := range tests {
		flags := config.Flags{Eslogger: test.eslogger, Canary: test.named}
		c, _, err := config.Load(config.Options{Root: test.root, Flags: flags, File: file})
		if err != nil {
			t.Fatal(err)
		}
		c.CanaryInterval = time.Second
		if got := sensorOptions(&Options{Config: c, Log: zerolog.Nop()}); got.CanaryPath != test.want || got.CanaryInterval != test.interval || !slices.Equal(got.CanarySeenAs, test.as) {
			t.Errorf("root %q, eslogger %q, canary %q: got canary %q as %q every %v, want %q as %q every %v", test.root, test.eslogger, test.named, got.CanaryPath, got.CanarySeenAs, got.CanaryInterval, test.want, test.as, test.interval)
		}
	}
}

// TestUnsafeProgram has a file name a program in eslogger's place: one that others can write
// is not run, and check says so. What the command line names is run as it is.
func TestUnsafeProgram(t *testing.T) {
	dir := t.TempDir()
	program, file := filepath.Join(dir, "eslogger"), filepath.Join(dir, "c.plist")
	err := errors.Join(os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700),
		os.WriteFile(file, []byte(`<plist version="1.0"><dict><key>EsloggerPath</key><string>`+program+`</string></dict></plist>`), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		mode  os.FileMode
		flags config.Flags
		want  string
		fault bool
	}{
		{0o755, config.Flags{}, program, false},
		{0o775, config.Flags{}, "/usr/bin/eslogger", true},
		{0o757, config.Flags{}, "/usr/bin/eslogger", true},
		{0o757, config.Flags{Eslogger: program}, program, false},
	}
	for _, tt := range tests {
		if err := os.Chmod(program, tt.mode); err != nil {
			t.Fatal(err)
		}
		c, sources, err := config.Load(config.Options{File: file, Flags: tt.flags, Env: []string{"HOOKSNARE_STATE_DIR=" + dir}})
		if err != nil {
			t.Fatal(err)
		}
		safe := c
		err = safeProgram(&safe, sources)
		if got := sensorOptions(&Options{Config: safe}).Path; got != tt.want || (err != nil) != tt.fault {
			t.Errorf("mode %o, flags %v: got %s to run, %v, want %s", tt.mode, tt.flags, got, err, tt.want)
		}
		_, faults := checkup.Check(c, sources, nil, time.Now(), checkup.ThisMac)
		if told := faults != nil && strings.Contains(faults.Error(), "EsloggerPath: "); told != tt.fault {
			t.Errorf("mode %o, flags %v: got %v, want it told: %v", tt.mode, tt.flags, faults, tt.fault)
		}
	}
}
