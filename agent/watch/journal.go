package watch

import (
	"encoding/json"
	"slices"
	"time"

	"hooksnare/collector/prefs"
	"hooksnare/detect"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// maxInFlight bounds the changes of one share whose alerts are on their way. More have to wait,
// but no longer than maxToldWait: if the log can't be written, other outputs may. What is
// told then may be told once more, as another alert, if the agent is killed.
const (
	maxInFlight     = 32
	maxInFlightWait = 10 * time.Second
)

// journalEntry is a change of which alerts are about to be given. It is on the disk before
// they are: an agent that is killed then knows at its next start what it may have told, and
// gives the same alerts again.
type journalEntry struct {
	File   string            `json:"file"`
	Key    string            `json:"key"`
	Home   string            `json:"home,omitempty"`
	Value  *string           `json:"value"`            // nil: it was removed
	Alerts []json.RawMessage `json:"alerts,omitempty"` // none once they are in the log
}

func (c *journalEntry) preferenceKey() event.PreferenceKey {
	return event.PreferenceKey{File: c.File, Key: c.Key}
}

// inFlight counts the changes of a share whose alerts are on their way.
func (w *Watch) inFlight(share detect.Share) int {
	n := 0
	for i := range w.state.Journal {
		if c := &w.state.Journal[i]; detect.FileShare(c.File, c.Home) == share {
			n++
		}
	}
	return n
}

// hasRoom reports whether another change may be told.
func (w *Watch) hasRoom(ch *event.Change, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dropDelivered()
	share := detect.FileShare(ch.File, ch.Home)
	if w.inFlight(share) < maxInFlight {
		delete(w.fullSince, share)
		return true
	}
	if _, since := w.fullSince[share]; !since {
		w.fullSince[share] = now
	}
	return now.Sub(w.fullSince[share]) > maxInFlightWait
}

// dropDelivered forgets the alerts of what was told, if they are all in the log. It returns
// whether it forgot any.
func (w *Watch) dropDelivered() bool {
	if len(w.state.Journal) == 0 {
		return false
	}
	judging := w.judge.Unjudged() // first: what is not in it any more is on its way to the disk
	if !w.opts.Delivered() {
		return false
	}
	if w.state.Preferences != nil {
		left := stillJudged(w.state.Journal, judging)
		done := savedState{Preferences: w.state.Preferences, Journal: slices.DeleteFunc(slices.Clone(w.state.Journal), func(c journalEntry) bool {
			_, waits := judging[c.preferenceKey()]
			return waits
		})}
		done.mergeJournal()
		forgot := len(left) < len(w.state.Journal)
		w.state.Journal = left
		return forgot
	}
	// As long as there is no state to put it into, the last of each place stays.
	var out []journalEntry
	forgot := false
	for i, c := range w.state.Journal {
		if _, waits := judging[c.preferenceKey()]; waits {
			out = append(out, c)
			continue
		}
		if slices.ContainsFunc(w.state.Journal[i+1:], func(o journalEntry) bool { return o.preferenceKey() == c.preferenceKey() }) {
			forgot = true
			continue
		}
		forgot = forgot || c.Alerts != nil
		c.Alerts = nil
		out = append(out, c)
	}
	w.state.Journal = out
	return forgot
}

// stillJudged returns what was recorded of places where something is still being judged.
func stillJudged(told []journalEntry, judging map[event.PreferenceKey]*string) []journalEntry {
	var out []journalEntry
	for _, c := range told {
		if _, waits := judging[c.preferenceKey()]; waits {
			out = append(out, c)
		}
	}
	return out
}

// appendJournal keeps what is about to be reported of a change.
func (w *Watch) appendJournal(ch *event.Change, lines [][]byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.inFlight(detect.FileShare(ch.File, ch.Home)) >= maxInFlight {
		return
	}
	c := journalEntry{File: ch.File, Home: ch.Home, Key: ch.Key, Value: ch.New}
	for _, line := range lines {
		if line != nil {
			c.Alerts = append(c.Alerts, line)
		}
	}
	w.state.Journal = append(w.state.Journal, c)
	if err := w.saveState(); err != nil {
		w.opts.Log.Warn().Err(err).Msg("state")
	}
}

// sendAgain gives the alerts that the run before may not have given.
func (w *Watch) sendAgain() {
	for _, c := range w.state.Journal {
		for _, line := range c.Alerts {
			a := new(alert.Alert)
			if json.Unmarshal(line, a) == nil {
				w.judge.SendAgain(a)
			}
		}
	}
}

// Save saves what the outputs have delivered since, as the agent ends.
func (w *Watch) Save() {
	w.savePrograms()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dropDelivered() {
		if err := w.saveState(); err != nil {
			w.opts.Log.Warn().Err(err).Msg("state")
		}
	}
}

// mergeJournal makes what was told part of the preferences that are known. Before the first of
// these were saved it returns what was reported of them by place.
func (k *savedState) mergeJournal() (early map[event.PreferenceKey]*string) {
	if k.Preferences == nil {
		early = map[event.PreferenceKey]*string{}
		for _, c := range k.Journal {
			early[c.preferenceKey()] = c.Value
		}
		return early
	}
	for _, c := range k.Journal {
		k.Preferences.Files = setValue(k.Preferences.Files, &c)
	}
	return nil
}

func setValue(files []prefs.FileState, c *journalEntry) []prefs.FileState {
	i := slices.IndexFunc(files, func(f prefs.FileState) bool { return f.File == c.File })
	if i < 0 {
		i = len(files)
		files = append(files, prefs.FileState{File: c.File, Values: map[string]string{}})
	}
	if c.Value != nil {
		files[i].Values[c.Key] = *c.Value
	} else {
		delete(files[i].Values, c.Key)
	}
	return files
}

// isNew compares a change with what was reported of it by an agent that was killed in its first moments.
// false says that there is nothing new.
func (w *Watch) isNew(ch *event.Change) bool {
	was, ok := w.reportedEarly[ch.PreferenceKey()]
	if !ok {
		return true
	}
	delete(w.reportedEarly, ch.PreferenceKey())
	if was != nil && ch.New != nil && *was == *ch.New {
		return false
	}
	ch.Old, ch.Since = was, event.SinceStop
	return true
}

// removedSince returns the hooks that such an agent reported and that are no longer there.
func (w *Watch) removedSince(s *prefs.State) []event.Change {
	var out []event.Change
	for at, was := range w.reportedEarly {
		if slices.Contains(s.Never, at.File) {
			continue // it is not known yet
		}
		delete(w.reportedEarly, at)
		if was != nil {
			out = append(out, event.Change{File: at.File, Scope: prefs.ScopeOf(at.File), Key: at.Key, Old: was, Since: event.SinceStop})
		}
	}
	return out
}
