package agent

import (
	"maps"
	"sync"
	"time"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/forward"
)

// simulation follows the alert of a simulation on its way.
type simulation struct {
	mu        sync.Mutex
	ID        string
	Value     string // of the hook that was simulated
	Seen      time.Time
	Stored    time.Time
	Delivered map[string]time.Time // by output
	news      bool
}

func (s *simulation) saw(a *alert.Alert) bool {
	if a.Rule.ID != simulationRule || a.Hooksnare.Hook == nil || a.Hooksnare.Hook.Value == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.Event.ID != s.ID {
		s.ID, s.Value, s.Seen, s.Stored = a.Event.ID, *a.Hooksnare.Hook.Value, time.Now(), time.Time{}
		s.Delivered, s.news = map[string]time.Time{}, true
	}
	return true
}

// stored tells that the alert is durable.
func (s *simulation) stored() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Stored.IsZero() {
		s.Stored, s.news = time.Now(), true
	}
}

// fresh reports whether there is something new to tell.
func (s *simulation) fresh() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.news
}

// status returns what there is to tell, nil without a simulation.
func (s *simulation) status() *Simulated {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.news = false
	if s.ID == "" {
		return nil
	}
	return &Simulated{ID: s.ID, Value: s.Value, Seen: s.Seen.UTC(), Stored: s.Stored.UTC(), Delivered: maps.Clone(s.Delivered)}
}

func (s *simulation) delivered(output string, items []forward.Item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range items {
		if s.ID != "" && items[i].ID == s.ID && s.Delivered[output].IsZero() {
			s.Delivered[output], s.news = time.Now(), true
		}
	}
}
