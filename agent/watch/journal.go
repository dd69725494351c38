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
// but no longer than maxInFlightWait: if the log can't be written, other outputs may. What is
// reported then may be reported once more, as another alert, if the agent is killed.
const (
	maxInFlight     = 32
	maxInFlightWait = 10 * time.Second
)

// journalEntry is a change of which alerts are about to be given. It is on the disk before
// they are: an agent that is killed then knows at its next start what it may have reported, and
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

// inFlightLocked counts the changes of a share whose alerts are on their way.
func (w *Watch) inFlightLocked(share detect.Share) int {
	n := 0
	for i := range w.state.Journal {
		if c := &w.state.Journal[i]; detect.FileShare(c.File, c.Home) == share {
			n++
		}
	}
	return n
}

// hasRoom reports whether another change may be reported.
func (w *Watch) hasRoom(ch *event.Change, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dropDeliveredLocked()
	share := detect.FileShare(ch.File, ch.Home)
	if w.inFlightLocked(share) < maxInFlight {
		delete(w.fullSince, share)
		return true
	}
	if _, since := w.fullSince[share]; !since {
		w.fullSince[share] = now
	}
	return now.Sub(w.fullSince[share]) > maxInFlightWait
}

// dropDeliveredLocked forgets the alerts in the journal, if they are all in the log: what they report
// is known then. It returns whether it forgot any. As long as there is no state to put it into,
// the last of each place stays.
func (w *Watch) dropDeliveredLocked() (forgot bool) {
	if len(w.state.Journal) == 0 {
		return false
	}
	judging := w.judge.Unjudged() // first: what is not in it any more is on its way to the disk
	if !w.opts.Delivered() {
		return false
	}
	var left []journalEntry
	for i, c := range w.state.Journal {
		if _, waits := judging[c.preferenceKey()]; waits {
			left = append(left, c)
			continue
		}
		forgot = forgot || c.Alerts != nil || w.state.Preferences != nil
		switch {
		case w.state.Preferences != nil:
			w.state.Preferences.Files = setValue(w.state.Preferences.Files, &c)
		case slices.ContainsFunc(w.state.Journal[i+1:], func(o journalEntry) bool { return o.preferenceKey() == c.preferenceKey() }):
			forgot = true
		default:
			c.Alerts = nil
			left = append(left, c)
		}
	}
	w.state.Journal = left
	return forgot
}

// appendJournal keeps what is about to be reported of a change.
func (w *Watch) appendJournal(ch *event.Change, lines [][]byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.inFlightLocked(detect.FileShare(ch.File, ch.Home)) >= maxInFlight {
		return
	}
	c := journalEntry{File: ch.File, Home: ch.Home, Key: ch.Key, Value: ch.New}
	for _, line := range lines {
		if line != nil {
			c.Alerts = append(c.Alerts, line)
		}
	}
	w.state.Journal = append(w.state.Journal, c)
	w.logSaveLocked()
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
	if w.dropDeliveredLocked() {
		w.logSaveLocked()
	}
}

// mergeJournal makes what was reported part of the preferences that are known. Before the first of
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
