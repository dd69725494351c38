package judge

import (
	"maps"
	"slices"

	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/pkg/alert"
)

// What is kept between starts: which alert reported each hook, and of which exceptions the
// first use was reported.

// maxReportedBy bounds the hooks of which is known which alert reported them. Those in homes
// use up no more than half of it.
const maxReportedBy = 1024

// hookKey identifies a hook among those that were reported, also between starts.
func hookKey(file, key string) string { return key + " " + file }

// noteReport notes that an alert reported a hook. One that reports that a hook was run says
// nothing of its being set.
func (j *state) noteReport(a *alert.Alert) {
	if a.Hooksnare == nil || a.Hooksnare.Hook == nil || a.Hooksnare.Hook.Plist == "" || a.Hooksnare.Hook.Key == "" {
		return
	}
	k, n := a.Hooksnare.Hook, len(j.reportedBy)
	switch key := hookKey(k.Plist, k.Key); {
	case k.Operation == string(hook.Remove) && a.Hooksnare.Verdict != alert.Attempted:
		delete(j.reportedBy, key)
	case k.Operation == string(hook.Set) && a.Hooksnare.Verdict != alert.NotApplied:
		if n < maxReportedBy/2 || n < maxReportedBy && detect.FileShare(k.Plist, "").Reserved() {
			j.reportedBy[key] = a.Event.ID
		}
	}
}

// ReportedBy returns which alert reported each hook.
func (j *Judge) ReportedBy() map[string]string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return maps.Clone(j.reportedBy)
}

// RestoreReportedBy takes back what ReportedBy returned.
func (j *Judge) RestoreReportedBy(m map[string]string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for key, id := range m {
		if len(j.reportedBy) < maxReportedBy {
			j.reportedBy[key] = id
		}
	}
}

// PresetsTold returns the exceptions whose first use was reported.
func (j *Judge) PresetsTold() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Sorted(maps.Keys(j.presets))
}

// RestorePresetsTold takes back what PresetsTold returned.
func (j *Judge) RestorePresetsTold(list []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, id := range list {
		j.presets[id] = true
	}
}
