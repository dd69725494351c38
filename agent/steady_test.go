package agent

import (
	"bytes"
	"testing"
	"time"

	"hooksnare/pkg/alert"
)

// TestSteady looks at which changes of a status are written at once.
func TestSteady(t *testing.T) {
	facts := func(change func(*alert.HeartbeatFacts, *alert.OutputFacts)) alert.HeartbeatFacts {
		f := alert.HeartbeatFacts{Outputs: []alert.OutputFacts{{Name: "a", Healthy: true, Depth: 1}, {Name: "b", Healthy: true}}}
		change(&f, &f.Outputs[0])
		return f
	}
	same := steady(facts(func(*alert.HeartbeatFacts, *alert.OutputFacts) {}))
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
		if got := !bytes.Equal(steady(facts(x.change)), same); got != x.atOnce {
			t.Errorf("%s: written at once: got %t, want %t", x.what, got, x.atOnce)
		}
	}
}
