package agent

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

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
		flags := map[string][]string{"eslogger": {test.eslogger}}
		if test.named != "" {
			flags["canary"] = []string{test.named}
		}
		c, _, err := config.Load(config.Options{Root: test.root, Flags: flags, File: file})
		if err != nil {
			t.Fatal(err)
		}
		c.CanaryInterval = time.Second
		a := &Agent{log: zerolog.Nop()}
		a.opts.Config = c
		if got := a.sensor(); got.CanaryPath != test.want || got.CanaryInterval != test.interval || !slices.Equal(got.CanarySeenAs, test.as) {
			t.Errorf("root %q, eslogger %q, canary %q: got canary %q as %q every %v, want %q as %q every %v", test.root, test.eslogger, test.named, got.CanaryPath, got.CanarySeenAs, got.CanaryInterval, test.want, test.as, test.interval)
		}
	}
}
