package agent

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/shared"
)

// TestPublishedOnHarmless runs every rule over what a Mac does all day and over what others
// recorded, and wants no alert but those that are explained here.
func TestPublishedOnHarmless(t *testing.T) {
	t.Parallel()
	set := loadAllPublished(t)
	commands, bench := 5000, 30_000          // of the latter, lines
	if raceDetector || Amount(true, false) { // the former has nothing more to find in many
		commands, bench = 500, 6000
	}
	hook := ": /usr/bin/defaults < sudo"
	for _, stream := range []struct {
		name  string
		write func(*bytes.Buffer) error
		want  map[string]int // alerts, by what is told of them
	}{
		{"a day's commands", func(b *bytes.Buffer) error { return writeBenign(b, commands) }, nil},
		// Every three thousand lines a command sets a hook, each to another program.
		{"the benchmark", func(b *bytes.Buffer) error {
			_, err := synthetic.WriteBench(b, bench)
			return err
		}, map[string]int{"hook-set" + hook: bench / 3000, "persistence_login_logout_hooks_defaults" + hook: bench / 3000}},
		// An attack fetches a program in a window that was just opened, sets a hook and
		// removes it. The management agent's hook is its own.
		{"the demo", func(b *bytes.Buffer) error { return synthetic.WriteDemo(b) }, map[string]int{
			"hook-set" + hook: 1, "hook-removed" + hook: 1, "persistence_login_logout_hooks_defaults" + hook: 1,
			"persistence_curl_execution_via_shell_profile: /usr/bin/curl < zsh": 1,
		}},
	} {
		t.Run(stream.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := stream.write(&b); err != nil {
				t.Fatal(err)
			}
			set.wants(t, b.Bytes(), stream.want)
		})
	}
	captures, err := filepath.Glob(shared.Path(t, "captures", "*json*"))
	if err != nil || len(captures) == 0 {
		t.Fatalf("captures: got %d, %v", len(captures), err)
	}
	for _, name := range captures {
		t.Run(filepath.Base(name), func(t *testing.T) {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			set.wants(t, b, nil)
		})
	}
}

// writeBenign is every harmless scene of the package, each many times.
func writeBenign(b *bytes.Buffer, commands int) error {
	h := synthetic.New(b, synthetic.Options{Seed: 13})
	r := rand.New(rand.NewPCG(13, 17))
	for range commands {
		synthetic.Benign(h, r)
	}
	return h.Err()
}
