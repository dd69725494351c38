package health

import (
	"maps"
	"sync"
	"time"

	"hooksnare/pkg/alert"
)

// SimulationRule is the rule that finds a simulated hook.
const SimulationRule = "hook-simulated"

// Simulated is the way of a simulation's alert.
type Simulated struct {
	ID        string               `json:"id"`
	Value     string               `json:"value"` // of the hook that was simulated
	Seen      time.Time            `json:"seen"`
	Stored    time.Time            `json:"stored"`    // when it was durable; zero as long as it is not
	Delivered map[string]time.Time `json:"delivered"` // by output, when it was acknowledged
}

// SimulationTrace follows the alert of the latest simulation on its way.
type SimulationTrace struct {
	mu      sync.Mutex // guards all below
	latest  Simulated  // without an ID as long as there was none
	changed bool       // since the last call of Status
}

// Raised takes note of an alert, if it is a simulation's.
func (s *SimulationTrace) Raised(a *alert.Alert) {
	if a.Rule.ID != SimulationRule || a.Hooksnare.Hook == nil || a.Hooksnare.Hook.Value == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.Event.ID != s.latest.ID {
		s.latest = Simulated{ID: a.Event.ID, Value: *a.Hooksnare.Hook.Value, Seen: time.Now().UTC(), Delivered: map[string]time.Time{}}
		s.changed = true
	}
}

// Progress takes note that a document is durable, or that an output has acknowledged it; output is
// "" for the former.
func (s *SimulationTrace) Progress(id, output string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case id == "" || id != s.latest.ID:
	case output == "" && s.latest.Stored.IsZero():
		s.latest.Stored, s.changed = time.Now().UTC(), true
	case output != "" && s.latest.Delivered[output].IsZero():
		s.latest.Delivered[output], s.changed = time.Now(), true
	}
}

// Changed reports whether anything has happened since the last call of Status.
func (s *SimulationTrace) Changed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Status returns the way of the latest simulation's alert, nil without a simulation.
func (s *SimulationTrace) Status() *Simulated {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = false
	if s.latest.ID == "" {
		return nil
	}
	out := s.latest
	out.Delivered = maps.Clone(out.Delivered)
	return &out
}
