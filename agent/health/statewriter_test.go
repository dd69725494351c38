package health

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/hang"
)

// TestSteady looks at which changes of a status are written at once.
func TestSteady(t *testing.T) {
	facts := func(change func(*alert.HeartbeatFacts, *alert.OutputFacts)) alert.HeartbeatFacts {
		f := alert.HeartbeatFacts{Outputs: []alert.OutputFacts{{Name: "a", Healthy: true, Depth: 1}, {Name: "b", Healthy: true}}}
		change(&f, &f.Outputs[0])
		return f
	}
	same := withoutCounts(facts(func(*alert.HeartbeatFacts, *alert.OutputFacts) {}))
	for _, x := range []struct {
		what   string
		atOnce bool
		change func(*alert.HeartbeatFacts, *alert.OutputFacts)
	}{
		{"nothing waits any more", true, func(_ *alert.HeartbeatFacts, o *alert.OutputFacts) { o.Depth = 0 }},
		{"more wait", false, func(_ *alert.HeartbeatFacts, o *alert.OutputFacts) { o.Depth, o.Bytes, o.OldestAge = 9, 9, 9 }},
		{"one is delivered", false, func(_ *alert.HeartbeatFacts, o *alert.OutputFacts) {
			o.Delivered, o.LastDelivery = 9, alert.At(time.Now())
		}},
		{"more is lost", false, func(f *alert.HeartbeatFacts, _ *alert.OutputFacts) { f.Losses = map[string]uint64{"output_cut": 1} }},
		{"more is read", false, func(f *alert.HeartbeatFacts, _ *alert.OutputFacts) {
			f.Sensor.Lines, f.Uptime, f.Rules.Alerts = 9, 9, 9
		}},
		{"an output fails", true, func(_ *alert.HeartbeatFacts, o *alert.OutputFacts) { o.Healthy = false }},
		{"a condition begins", true, func(f *alert.HeartbeatFacts, _ *alert.OutputFacts) {
			f.Conditions = []alert.ConditionFacts{{State: "gap"}}
		}},
	} {
		if got := !bytes.Equal(withoutCounts(facts(x.change)), same); got != x.atOnce {
			t.Errorf("%s: written at once: got %t, want %t", x.what, got, x.atOnce)
		}
	}
}

// TestStateFolderWrite has a write to the state folder hang: its caller goes on after the limit, and
// later ones at once.
func TestStateFolderWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewHangingDisks()
		k := NewStateFolder(t.TempDir(), 0, d.ReportFrom("state folder"))
		if err := k.Write("status.json", []byte("{}")); err != nil {
			t.Fatal(err)
		}
		release := make(chan struct{})
		begin := time.Now()
		_ = k.guard.Do("write of x", func() error { <-release; return nil }, nil)
		if took := time.Since(begin); took != WriteLimit {
			t.Errorf("a write that hangs took %v, want %v", took, WriteLimit)
		}
		begin = time.Now()
		if err := k.Write("status.json", []byte("{}")); !errors.Is(err, hang.ErrHangs) || time.Since(begin) != 0 {
			t.Errorf("the next write: got %v after %v, want %v at once", err, time.Since(begin), hang.ErrHangs)
		}
		var details []string
		d.Check(func(_ Condition, detail string, _ bool, _, _ time.Time) { details = append(details, detail) }, 0, time.Now())
		if len(details) != 1 || !strings.Contains(details[0], "state folder: write of x") {
			t.Errorf("reported %q, expected what hangs", details)
		}
		close(release)
		synctest.Wait()
		if err := k.Write(filepath.Join("folder", "x"), []byte("{}")); err != nil {
			t.Errorf("after it has ended: got %v, want nil", err)
		}
	})
}
