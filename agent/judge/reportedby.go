package judge

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
func (s reportedBy) room(file string) bool {
	return len(s) < maxSetBy/2 || len(s) < maxSetBy && detect.FileShare(file, "").Reserved()
}

// reportedBy is which alert reported that a hook was set, by file and key. It is for one goroutine.
type reportedBy map[string]string

// by returns the id of the alert that reported a hook, "" if none did.
func (s reportedBy) by(file, key string) string { return s[setByKey(file, key)] }

func setByKey(file, key string) string { return key + " " + file }

// noteAlert takes note of an alert. One that reports that a hook was run says nothing of its being set.
func (s reportedBy) noteAlert(a *alert.Alert) {
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

// ReportedBy returns which alert reported each hook, to be kept for the next start.
func (p *Judge) ReportedBy() map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.reportedBy)
}

// RestoreReportedBy takes back what SetBy returned.
func (p *Judge) RestoreReportedBy(m map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, id := range m {
		if len(p.reportedBy) < maxSetBy {
			p.reportedBy[key] = id
		}
	}
}
