package agent

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/config"
)

// The folders of preferences that are measured, below a root.
const (
	rootsFolder = "private/var/root/Library/Preferences"
	annsFolder  = "Users/ann/Library/Preferences"
	annsID      = 501
)

// watching is an agent that watches a disk of its own, with an eslogger that says nothing.
type watching struct {
	*Agent
	root, log string
}

func startWatching(b *testing.B) *watching {
	b.Helper()
	w := &watching{root: b.TempDir()}
	w.log = filepath.Join(w.root, "alerts.jsonl")
	player := filepath.Join(w.root, "eslogger")
	must(b, os.WriteFile(player, []byte("#!/bin/sh\nwhile kill -0 $PPID 2>/dev/null; do sleep 1; done\n"), 0o700))
	for _, dir := range []string{rootsFolder, annsFolder} {
		must(b, os.MkdirAll(filepath.Join(w.root, dir), 0o755))
	}
	if os.Getuid() == 0 {
		must(b, os.Chown(filepath.Join(w.root, annsFolder), annsID, 20))
	}
	w.home(b, "ann", 0)
	c := config.Default()
	c.Root, c.StateDir = w.root, filepath.Join(w.root, "state")
	c.EsloggerPath, c.CanaryInterval = player, 0
	c.Outputs = []config.Output{{Name: "file", Type: "file", Path: w.log, MinSeverity: "low", Enabled: true}}
	c.RuleDirectories, c.DisabledRules = []string{unboundedRule(b, w.root, "hook-changed-unseen")}, []string{"hook-changed-unseen"}
	a, err := New(Options{Config: c, Log: zerolog.Nop()})
	must(b, err)
	w.Agent = a
	return w
}

// home lays a home with so many preferences files.
func (w *watching) home(b *testing.B, name string, files int) {
	b.Helper()
	folder := filepath.Join(w.root, "Users", name, "Library/Preferences")
	must(b, os.MkdirAll(filepath.Join(folder, "ByHost"), 0o755))
	for i := range files {
		must(b, os.WriteFile(filepath.Join(folder, fmt.Sprintf("com.example.%d.plist", i)), []byte(xmlPlist), 0o600))
	}
	if files > 0 {
		must(b, os.WriteFile(filepath.Join(folder, "com.apple.loginwindow.plist"), []byte(xmlPlist), 0o600))
	}
}

const xmlPlist = `<?xml version="1.0"?><plist version="1.0"><dict><key>Other</key><string>x</string></dict></plist>`

// run runs the agent until the returned function is called.
func (w *watching) run(b *testing.B) (end func()) {
	b.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()
	state := filepath.Join(w.root, "state", "preferences.json")
	for limit := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if b, err := os.ReadFile(state); err == nil && bytes.Contains(b, []byte(`"preferences":`)) {
			break
		}
		if time.Now().After(limit) {
			b.Fatal("the agent does not look at its disk")
		}
	}
	return func() {
		stop()
		must(b, <-ended)
	}
}

// BenchmarkChange measures from the rename of a preferences file to its alert synced to the
// local log: in root's folder, where a change wakes the agent, and in a user's, which is
// looked at every two seconds.
func BenchmarkChange(b *testing.B) {
	b.Run("root", func(b *testing.B) { benchmarkChange(b, rootsFolder) })
	b.Run("user", func(b *testing.B) { benchmarkChange(b, annsFolder) })
}

func benchmarkChange(b *testing.B, folder string) {
	w := startWatching(b)
	defer w.run(b)()
	file := filepath.Join(w.root, folder, "com.apple.loginwindow.plist")
	var took []time.Duration
	size := int64(0)
	for n := 0; b.Loop(); n++ {
		text := fmt.Sprintf(`<?xml version="1.0"?><plist version="1.0"><dict><key>LoginHook</key><string>/tmp/%d</string></dict></plist>`, n)
		must(b, os.WriteFile(file+".new", []byte(text), 0o600))
		begin := time.Now()
		must(b, os.Rename(file+".new", file))
		for {
			if st, err := os.Stat(w.log); err == nil && st.Size() > size && w.outputs.Stats().Waiting == 0 {
				size = st.Size()
				break
			}
			if time.Since(begin) > 10*time.Second {
				b.Fatalf("the alert of change %d did not come", n)
			}
			time.Sleep(100 * time.Microsecond)
		}
		took = append(took, time.Since(begin))
		time.Sleep(time.Duration(n*797%2000) * time.Millisecond) // not in the rhythm of the looks
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms/median")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "ms/max")
}

// BenchmarkIdle lets an agent watch 20 homes of 500 preferences files each, of which none
// changes. It measures all that this process does; the time that the figures are of is long
// enough for what the agent does every ten seconds and once a minute.
func BenchmarkIdle(b *testing.B) {
	const homes, files, length = 20, 500, time.Minute
	w := startWatching(b)
	for i := range homes {
		w.home(b, fmt.Sprintf("user%d", i), files)
	}
	for i := range files {
		must(b, os.WriteFile(filepath.Join(w.root, rootsFolder, fmt.Sprintf("com.example.%d.plist", i)), []byte(xmlPlist), 0o600))
	}
	defer w.run(b)()
	time.Sleep(5 * time.Second) // files that are new are read for some seconds
	for b.Loop() {
		before, begin := cpuTime(b), time.Now()
		time.Sleep(length)
		used, open := cpuTime(b)-before, descriptors(b)
		b.ReportMetric(100*float64(used)/float64(time.Since(begin)), "%cpu")
		b.ReportMetric(float64(open), "descriptors")
	}
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// descriptors counts the open ones, -1 where the system does not tell.
func descriptors(b *testing.B) int {
	b.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		return -1
	}
	return len(entries) - 1
}
