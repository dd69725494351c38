package agent

import (
	"maps"
	"slices"

	"hooksnare/agent/health"
)

// losses asks every part of the agent for what it lost. A part that comes to count losses is
// to be added here, and nowhere else.
func (a *Agent) losses() []health.Loss {
	var all []health.Loss
	for _, part := range [...]func() []health.Loss{
		a.sensorLosses, a.preferencesLosses, a.watch.losses, a.pipeline.Losses, a.health.tally.Losses,
	} {
		all = append(all, part()...)
	}
	return all
}

func (a *Agent) sensorLosses() []health.Loss {
	s := a.source.Stats()
	return []health.Loss{
		{Counter: health.EventsMissing, Count: s.Dropped},
		{Counter: health.LinesTooLong, Count: s.TooLong},
		{Counter: health.LinesMalformed, Count: s.Malformed},
		{Counter: health.EventsUnusual, Count: s.Unusual},
		{Counter: health.NumberingJumps, Count: s.Jumps},
		{Counter: health.OutputCut, Count: s.Cuts},
	}
}

func (a *Agent) preferencesLosses() []health.Loss {
	s := a.watch.prefs.Stats()
	return []health.Loss{
		{Counter: health.HomesSilent, Count: uint64(max(s.Stuck, 0))},
		{Counter: health.FilesUnreadable, Count: uint64(max(s.Unreadable, 0))},
		{Counter: health.ChangesDeferred, Count: s.Refused},
	}
}

// losses are of the programs of hooks, and of what lies around these.
func (w *watch) losses() []health.Loss {
	s := w.programs.Stats()
	return []health.Loss{
		{Counter: health.ProgramsUnwatched, Count: uint64(s.Ignored)},
		{Counter: health.ProgramsUnread, Count: uint64(s.Unread)},
		{Counter: health.FactsSkipped, Count: w.around.skipped.Load() + w.examiner.skipped.Load()},
	}
}

// StatusLoss is a count of what an agent lost.
type StatusLoss struct {
	health.CounterRow
	Count uint64
}

// Losses returns what the agent lost, in the order of the table, and then what this program
// does not know, which a newer agent counted.
func (s *Status) Losses() []StatusLoss {
	var out []StatusLoss
	for _, row := range health.Counters() {
		if n := s.Health.Losses[row.Word]; n > 0 {
			out = append(out, StatusLoss{row, n})
		}
	}
	for _, word := range slices.Sorted(maps.Keys(s.Health.Losses)) {
		if _, known := health.FindCounter(word); !known {
			out = append(out, StatusLoss{health.CounterRow{Word: word, Meaning: "of " + word}, s.Health.Losses[word]})
		}
	}
	return out
}
