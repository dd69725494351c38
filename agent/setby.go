package agent

import (
	"maps"

	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/pkg/alert"
)

// maxSetBy bounds the hooks of which is known which alert reported them. Those in homes use up
// no more than half of it.
const maxSetBy = 1024

// room reports whether another hook may be noted.
func (s setBy) room(file string) bool {
	return len(s) < maxSetBy/2 || len(s) < maxSetBy && detect.FileShare(file, "").Reserved()
}

// setBy is which alert reported that a hook was set, by file and key. It is for one goroutine.
type setBy map[string]string

// by returns the id of the alert that reported a hook, "" if none did.
func (s setBy) by(file, key string) string { return s[setByKey(file, key)] }

func setByKey(file, key string) string { return key + " " + file }

// note takes note of an alert. One that reports that a hook was run says nothing of its being set.
func (s setBy) note(a *alert.Alert) {
	if a.Hooksnare == nil || a.Hooksnare.Hook == nil || a.Hooksnare.Hook.Plist == "" || a.Hooksnare.Hook.Key == "" {
		return
	}
	k := a.Hooksnare.Hook
	switch key := setByKey(k.Plist, k.Key); {
	case k.Operation == string(hook.Remove) && a.Hooksnare.Verdict != alert.Attempted:
		delete(s, key)
	case k.Operation == string(hook.Set) && a.Hooksnare.Verdict != alert.NotApplied && s.room(k.Plist):
		s[key] = a.Event.ID
	}
}

// SetBy returns which alert reported each hook, to be kept for the next start.
func (p *Pipeline) SetBy() map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.setBy)
}

// RestoreSetBy takes back what SetBy returned.
func (p *Pipeline) RestoreSetBy(m map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, id := range m {
		if len(p.setBy) < maxSetBy {
			p.setBy[key] = id
		}
	}
}
