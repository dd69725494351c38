package agent

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/config"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/detect/rules"
)

// BenchmarkLatency measures the whole way: from the moment eslogger (here cat behind a
// FIFO) gets a line to write, to the alert durable on disk, and on to the local log, synced
// and acknowledged.
func BenchmarkLatency(b *testing.B) {
	dir := b.TempDir()
	fifo, log := filepath.Join(dir, "fifo"), filepath.Join(dir, "alerts.jsonl")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		b.Fatal(err)
	}
	player := filepath.Join(dir, "eslogger")
	if err := os.WriteFile(player, []byte("#!/bin/sh\nexec cat '"+fifo+"'\n"), 0o700); err != nil {
		b.Fatal(err)
	}
	c := config.Default()
	c.EsloggerPath, c.CanaryInterval, c.StateDir = player, 0, filepath.Join(dir, "state")
	c.Outputs = []config.Output{{Name: "file", Type: "file", Path: log, MinSeverity: "low", Enabled: true}}
	c.RuleDirectories, c.DisabledRules = []string{unboundedRule(b, dir, "hook-set")}, []string{"hook-set"}
	a, err := New(Options{Config: c, Log: zerolog.Nop()})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- a.Run(ctx) }()
	w, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	var stream bytes.Buffer
	host := synthetic.New(&stream, synthetic.Options{Seed: 1})
	shell := host.Shell()
	var took, durable []time.Duration
	size := int64(0)
	for a.outputs.Stats().Head.Sequence == 0 { // the first heartbeat
		time.Sleep(time.Millisecond)
	}
	for n := 0; b.Loop(); n++ {
		stream.Reset()
		host.SetTime(time.Now())
		host.EndSudo(host.Sudo(shell, synthetic.Spec{
			Path: "/usr/bin/defaults",
			Args: []string{"defaults", "write", "com.apple.loginwindow", "LoginHook", fmt.Sprintf("/tmp/%d.sh", n)},
		}))
		begin, number := time.Now(), a.outputs.Stats().Head.Sequence
		if _, err := w.Write(stream.Bytes()); err != nil {
			b.Fatal(err)
		}
		for a.outputs.Stats().Head.Sequence == number && time.Since(begin) < 10*time.Second {
			time.Sleep(50 * time.Microsecond)
		}
		durable = append(durable, time.Since(begin))
		for {
			// The file grows before the sync; the output waits for its end.
			if st, err := os.Stat(log); err == nil && st.Size() > size && a.outputs.Stats().Waiting == 0 {
				size = st.Size()
				break
			}
			if time.Since(begin) > 10*time.Second {
				b.Fatalf("alert %d did not come", n)
			}
			time.Sleep(50 * time.Microsecond)
		}
		took = append(took, time.Since(begin))
	}
	stop()
	w.Close()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	for _, m := range []struct {
		name string
		list []time.Duration
	}{{"durable-ms", durable}, {"log-ms", took}} {
		slices.Sort(m.list)
		b.ReportMetric(float64(m.list[len(m.list)/2].Microseconds())/1000, m.name+"/median")
		b.ReportMetric(float64(m.list[len(m.list)*99/100].Microseconds())/1000, m.name+"/p99")
	}
}

// unboundedRule writes a built-in rule without its bound on alerts.
func unboundedRule(b *testing.B, dir, id string) string {
	b.Helper()
	folder := filepath.Join(dir, "rules")
	if err := os.Mkdir(folder, 0o700); err != nil {
		b.Fatal(err)
	}
	for _, s := range rules.Builtin() {
		if !strings.Contains(string(s.Text), `rule_id = "`+id+`"`) {
			continue
		}
		text := strings.Replace(string(s.Text), `rule_id = "`+id+`"`, "rule_id = \"bench\"\nmax_signals = 100000", 1)
		if err := os.WriteFile(filepath.Join(folder, "bench.toml"), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
		return folder
	}
	b.Fatalf("no built-in rule %s", id)
	return ""
}
