package agent

import (
	"encoding/json"
	"slices"
	"time"

	"hooksnare/collector/prefs"
	"hooksnare/detect"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// maxTold bounds the changes of one share whose alerts are on their way. More have to wait,
// but no longer than maxToldWait: if the log can't be written, other outputs may. What is
// told then may be told once more, as another alert, if the agent is killed.
const (
	maxTold     = 32
	maxToldWait = 10 * time.Second
)

// toldChange is a change of which alerts are about to be given. It is on the disk before
// they are: an agent that is killed then knows at its next start what it may have told, and
// gives the same alerts again.
type toldChange struct {
	File   string            `json:"file"`
	Key    string            `json:"key"`
	Home   string            `json:"home,omitempty"`
	Value  *string           `json:"value"`            // nil: it was removed
	Alerts []json.RawMessage `json:"alerts,omitempty"` // none once they are in the log
}

func (c *toldChange) place() event.PreferenceKey {
	return event.PreferenceKey{File: c.File, Key: c.Key}
}

// told counts the changes of a share whose alerts are on their way.
func (w *Watch) told(share detect.Share) int {
	n := 0
	for i := range w.last.Told {
		if c := &w.last.Told[i]; detect.FileShare(c.File, c.Home) == share {
			n++
		}
	}
	return n
}

// room reports whether another change may be told.
func (w *Watch) room(ch *event.Change, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delivered()
	share := detect.FileShare(ch.File, ch.Home)
	if w.told(share) < maxTold {
		delete(w.full, share)
		return true
	}
	if _, since := w.full[share]; !since {
		w.full[share] = now
	}
	return now.Sub(w.full[share]) > maxToldWait
}

// delivered forgets the alerts of what was told, if they are all in the log. It returns
// whether it forgot any.
func (w *Watch) delivered() bool {
	if len(w.last.Told) == 0 {
		return false
	}
	judging := w.judge.Unjudged() // first: what is not in it any more is on its way to the disk
	if !w.opts.Delivered() {
		return false
	}
	if w.last.Preferences != nil {
		left := onTheWay(w.last.Told, judging)
		done := kept{Preferences: w.last.Preferences, Told: slices.DeleteFunc(slices.Clone(w.last.Told), func(c toldChange) bool {
			_, waits := judging[c.place()]
			return waits
		})}
		done.withTold()
		forgot := len(left) < len(w.last.Told)
		w.last.Told = left
		return forgot
	}
	// As long as there is no state to put it into, the last of each place stays.
	var out []toldChange
	forgot := false
	for i, c := range w.last.Told {
		if _, waits := judging[c.place()]; waits {
			out = append(out, c)
			continue
		}
		if slices.ContainsFunc(w.last.Told[i+1:], func(o toldChange) bool { return o.place() == c.place() }) {
			forgot = true
			continue
		}
		forgot = forgot || c.Alerts != nil
		c.Alerts = nil
		out = append(out, c)
	}
	w.last.Told = out
	return forgot
}

// onTheWay returns what was recorded of places where something is still being judged.
func onTheWay(told []toldChange, judging map[event.PreferenceKey]*string) []toldChange {
	var out []toldChange
	for _, c := range told {
		if _, waits := judging[c.place()]; waits {
			out = append(out, c)
		}
	}
	return out
}

// record keeps what is about to be reported of a change.
func (w *Watch) record(ch *event.Change, list []*alert.Alert) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.told(detect.FileShare(ch.File, ch.Home)) >= maxTold {
		return
	}
	c := toldChange{File: ch.File, Home: ch.Home, Key: ch.Key, Value: ch.New}
	for _, a := range list {
		if line, err := a.Line(); err == nil {
			c.Alerts = append(c.Alerts, line)
		}
	}
	w.last.Told = append(w.last.Told, c)
	if err := w.save(); err != nil {
		w.opts.Log.Warn().Err(err).Msg("state")
	}
}

// tellAgain gives the alerts that the run before may not have given.
func (w *Watch) tellAgain() {
	for _, c := range w.last.Told {
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
	if w.delivered() {
		if err := w.save(); err != nil {
			w.opts.Log.Warn().Err(err).Msg("state")
		}
	}
}

// withTold makes what was told part of the preferences that are known. Before the first of
// these were saved it returns what was reported of them by place.
func (k *kept) withTold() (early map[event.PreferenceKey]*string) {
	if k.Preferences == nil {
		early = map[event.PreferenceKey]*string{}
		for _, c := range k.Told {
			early[c.place()] = c.Value
		}
		return early
	}
	for _, c := range k.Told {
		k.Preferences.Files = withValue(k.Preferences.Files, &c)
	}
	return nil
}

func withValue(files []prefs.FileState, c *toldChange) []prefs.FileState {
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

// news compares a change with what was reported of it by an agent that was killed in its first moments.
// false says that there is nothing new.
func (w *Watch) news(ch *event.Change) bool {
	was, ok := w.early[ch.PreferenceKey()]
	if !ok {
		return true
	}
	delete(w.early, ch.PreferenceKey())
	if was != nil && ch.New != nil && *was == *ch.New {
		return false
	}
	ch.Old, ch.Since = was, event.SinceStop
	return true
}

// gone returns the hooks that such an agent reported and that are no longer there.
func (w *Watch) gone(s *prefs.State) []event.Change {
	var out []event.Change
	for at, was := range w.early {
		if slices.Contains(s.Never, at.File) {
			continue // it is not known yet
		}
		delete(w.early, at)
		if was != nil {
			out = append(out, event.Change{File: at.File, Scope: prefs.ScopeOf(at.File), Key: at.Key, Old: was, Since: event.SinceStop})
		}
	}
	return out
}
