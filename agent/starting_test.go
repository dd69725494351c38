package agent_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"hooksnare/pkg/alert"
)

// TestFirstCanary looks at the heartbeats around the first canary that comes back: the agent is
// starting until then, and says at once that it is well.
func TestFirstCanary(t *testing.T) {
	s, o := setUp(t, plan{{{Do: "hush"}, {Do: "serve"}}})
	o.Config.CanaryInterval = 50 * time.Millisecond
	o.Timing.CanaryTimeout = patience
	s.start(t, o)
	s.heartbeats(t, 1)
	s.letGo(t)
	list := s.heartbeats(t, 2)
	if c := list[0].Conditions; list[0].Healthy || len(c) != 1 || c[0].State != "starting" {
		t.Errorf("first heartbeat: healthy %t, conditions %+v; want starting alone", list[0].Healthy, c)
	}
	if i := slices.IndexFunc(list, func(f alert.HeartbeatFacts) bool { return f.Sensor.LastCanary != nil }); i < 0 || !list[i].Healthy || list[i].Final {
		t.Errorf("heartbeat after the first canary: got %+v, want one that is well, long before the next was due", list)
	}
}

// heartbeats waits until the log has so many, and returns what they say.
func (s *stage) heartbeats(t *testing.T, n int) []alert.HeartbeatFacts {
	t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		var out []alert.HeartbeatFacts
		b, _ := os.ReadFile(s.log) // not there at first
		for line := range bytes.Lines(b[:bytes.LastIndexByte(b, '\n')+1]) {
			var h alert.Heartbeat
			if err := json.Unmarshal(line, &h); err != nil {
				t.Fatalf("line %q: %v", line, err)
			}
			if h.Event.Dataset == alert.HeartbeatDataset {
				out = append(out, h.Hooksnare.Heartbeat)
			}
		}
		if len(out) >= n {
			return out
		}
		if time.Now().After(limit) {
			t.Fatalf("waited %v for %d heartbeats; the log holds %d:\n%s", patience, n, len(out), b)
		}
	}
}
