package health_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"hooksnare/agent/health"
	"hooksnare/pkg/alert"
)

// TestHealthWord has the worst that is true as the word.
func TestHealthWord(t *testing.T) {
	now := time.Now()
	for _, tt := range []struct {
		states, want string
		running      bool
		age          time.Duration
		pid          int
	}{
		{"", health.WordNotRunning, false, 0, os.Getpid()},
		{"", health.WordHealthy, true, 0, os.Getpid()},
		{"", health.WordStarting, true, 0, 1 << 30}, // of an agent that ended
		{"", health.WordBlind, true, health.MaxStatusAge + 1, os.Getpid()},
		{"starting", health.WordStarting, true, 0, os.Getpid()},
		{"starting no_full_disk_access", health.WordBlind, true, 0, os.Getpid()},
		{"output_failed.x", health.WordDegraded, true, 0, os.Getpid()},
		{"output_failed.x starting", health.WordStarting, true, 0, os.Getpid()},
		{"output_failed.x preferences_failed", health.WordBlind, true, 0, os.Getpid()},
		{"of_a_newer_version", health.WordDegraded, true, 0, os.Getpid()},
	} {
		s := health.Status{PID: tt.pid, Written: now.Add(-tt.age)}
		for _, state := range strings.Fields(tt.states) {
			s.Health.Conditions = append(s.Health.Conditions, alert.ConditionFacts{State: state})
		}
		if got := s.Word(tt.running, now); got != tt.want {
			t.Errorf("conditions %q, running %v, pid %d, %v old: got %s, want %s", tt.states, tt.running, tt.pid, tt.age, got, tt.want)
		}
		if faults := s.Faults(tt.running, now); (len(faults) == 0) != (tt.want == health.WordHealthy) {
			t.Errorf("conditions %q, running %v, pid %d, %v old: got the word %s and the faults %q, want faults exactly when not healthy", tt.states, tt.running,
				tt.pid, tt.age, tt.want, faults)
		}
	}
}
