package agent

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/config"
)

// TestCanaryOfAnotherDisk looks at which program would be run as the canary: one of a
// disk under a root only where the eslogger that is run is on that disk, too.
func TestCanaryOfAnotherDisk(t *testing.T) {
	root := t.TempDir()
	canary := filepath.Join(root, canaryBelow)
	if err := os.MkdirAll(filepath.Dir(canary), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(canary, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ root, eslogger, want string }{
		{"", "/usr/bin/eslogger", ""},
		{root, "/usr/bin/eslogger", ""},
		{root, root + "-other/usr/bin/eslogger", ""},
		{root, root + "/../eslogger", ""},
		{root, root + "/usr/bin/eslogger", canary},
	}
	for _, test := range tests {
		a := &Agent{log: zerolog.Nop()}
		a.opts.Config = config.Config{Root: test.root, EsloggerPath: test.eslogger, CanaryInterval: time.Second}
		if got := a.sensor(); got.CanaryPath != test.want || got.CanaryInterval != time.Second {
			t.Errorf("root %q, eslogger %q: got canary %q every %v, want %q every 1s", test.root, test.eslogger, got.CanaryPath, got.CanaryInterval, test.want)
		}
	}
}
