package agent

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/agent/judge"
	"hooksnare/collector/eslogger"
	"hooksnare/collector/process"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// TestPipelineLosses fills a table of processes that has room for three.
func TestPipelineLosses(t *testing.T) {
	p, err := judge.New(judge.Options{Limits: process.Limits{Entries: 3}})
	if err != nil {
		t.Fatal(err)
	}
	for pid := range int32(10) {
		target := eslogger.Process{Present: true, HasToken: true}
		target.Token.PID, target.Token.Version = pid+1, 1
		p.HandleMessage(&eslogger.Message{Kind: event.ExecKind, Target: target})
	}
	got := map[string]uint64{}
	health.Add(got, p.Losses())
	if got["processes_forgotten"] != 7 || got["lineage_forgotten"] != 7 || len(got) != 2 {
		t.Errorf("got %v, want 7 processes and their lineage, and nothing else", got)
	}
}

// TestLossCondition loses an alert, and looks at what is told for how long.
func TestLossCondition(t *testing.T) {
	c := config.Default()
	c.Root = t.TempDir()
	c.StateDir, c.HeartbeatInterval = filepath.Join(c.Root, "state"), 0
	c.Outputs = []config.Output{{Name: "file", Type: "file", Path: filepath.Join(c.Root, "log"), MinSeverity: "low", Enabled: true}}
	a, err := New(Options{Config: c, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer a.outputs.Abandon()
	const state = "events_forgotten.alerts_unmade"
	at := time.Now()
	for _, x := range []struct {
		after  time.Duration
		lose   uint64
		on     bool
		alerts uint64 // with updates
	}{{0, 0, false, 0}, {2 * time.Second, 3, true, 1}, {4 * time.Minute, 0, true, 1}, {6 * time.Minute, 0, false, 2}, {7 * time.Minute, 1, true, 3}} {
		for range x.lose {
			a.monitor.Tally.Add(health.AlertsUnmade)
		}
		now := at.Add(x.after)
		a.monitor.Tick(now)
		facts := a.monitor.Facts(now)
		i := slices.IndexFunc(facts.Conditions, func(c alert.ConditionFacts) bool { return c.State == state })
		if got := a.judge.Counts().Alerts; (i >= 0) != x.on || got != x.alerts {
			t.Errorf("after %v: conditions %+v, %d alerts and updates; expected %s on: %t, and %d", x.after, facts.Conditions, got, state, x.on, x.alerts)
		}
		if want := a.monitor.Tally.Losses(); len(want) > 0 && facts.Losses["alerts_unmade"] != want[0].Count {
			t.Errorf("after %v: losses %v, want %v", x.after, facts.Losses, want)
		}
	}
}
