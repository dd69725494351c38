package detect

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"hooksnare/detect/rules"
)

// signalWindow is the time for which a rule's max_signals counts.
const signalWindow = 5 * time.Minute

// Signals bounds how many alerts each rule gives. What it holds back is counted, to be
// told in one summary. The zero value is ready; it is for one goroutine.
type Signals struct {
	windows map[string]*Held
}

// Held is what was held back of one rule in one window.
type Held struct {
	Rule        *rules.Rule
	Count       int
	First, Last time.Time // of those held back
	given       int
	until       time.Time
}

// Allow counts an alert and reports whether it may be given. The summary of the rule's
// window before, if it held anything back, comes along, to be told first.
func (s *Signals) Allow(rule *rules.Rule, at time.Time) (ok bool, before *Held) {
	w := s.windows[rule.ID]
	if w == nil || !at.Before(w.until) {
		if w != nil && w.Count > 0 {
			before = w
		}
		if s.windows == nil {
			s.windows = map[string]*Held{}
		}
		w = &Held{Rule: rule, until: at.Add(signalWindow)}
		s.windows[rule.ID] = w
	}
	if w.given < rule.MaxSignals {
		w.given++
		return true, before
	}
	if w.Count == 0 {
		w.First = at
	}
	w.Count++
	w.Last = at
	return false, before
}

// Due returns the summaries of every window that has ended; with all set, of every
// window.
func (s *Signals) Due(now time.Time, all bool) []*Held {
	var out []*Held
	for id, w := range s.windows {
		if !all && now.Before(w.until) {
			continue
		}
		delete(s.windows, id)
		if w.Count > 0 {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b *Held) int {
		return cmp.Or(a.First.Compare(b.First), strings.Compare(a.Rule.ID, b.Rule.ID))
	})
	return out
}
