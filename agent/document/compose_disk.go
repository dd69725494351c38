package document

import (
	"time"

	"hooksnare/detect"
	"hooksnare/detect/hook"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/clip"
	"hooksnare/pkg/event"
)

// SetTimes says when an alert was made, and how long after the event.
func (c *Composer) SetTimes(a *alert.Alert) {
	if c.now == nil {
		return
	}
	now := c.now()
	a.Event.Created = alert.At(now)
	switch {
	case a.Timestamp == nil:
		a.Timestamp = a.Event.Created
	case a.Hooksnare.Health == nil && a.Hooksnare.HeldBack == nil:
		ms := float64(now.Sub(a.Timestamp.Time).Microseconds()) / 1000
		a.Hooksnare.LatencyMS = &ms
	}
}

// AddExamination adds to an alert what the disk has to say, and why an exception does not cover it.
func (c *Composer) AddExamination(a *alert.Alert, f *detect.Finding, x *Examination) {
	if f.Broken != "" {
		a.Hooksnare.Exception = &alert.Exception{ID: f.Broken, Failed: clip.Text(f.Why, clip.NameBytes)}
	}
	if k := f.Record.Fact; k != nil && k.HasValue && hook.RunsProgram(k.Key) {
		a.Hooksnare.Program = x.Shown(k.Value)
	}
	if x == nil {
		return
	}
	t := a.Hooksnare.Triage
	if t == nil {
		t = &alert.Triage{}
	}
	t.Packages, t.Preferences = x.Packages, x.Preferences
	if p := a.Hooksnare.Program; p != nil {
		t.KnownGood = x.Known[p.SHA256]
		if p.Modified != nil && a.Timestamp != nil {
			age := int64(a.Timestamp.Sub(p.Modified.Time) / time.Second)
			t.ProgramAge = &age
		}
	}
	if t.ProgramAge != nil || t.KnownGood != "" || t.Packages != nil || t.Preferences != nil || t.Tree != nil {
		a.Hooksnare.Triage = t
	}
}

// AddCandidates adds to the alert about a change the commands that may have to do with it.
func (c *Composer) AddCandidates(a *alert.Alert, list []*event.Process) {
	if len(list) == 0 {
		return
	}
	e := &alert.Evidence{}
	if a.Hooksnare.Evidence != nil {
		*e = *a.Hooksnare.Evidence
	}
	e.Candidates = nil
	for _, by := range list {
		e.Candidates = append(e.Candidates, c.describeCommand(by, e))
	}
	a.Hooksnare.Evidence = e
}

// Suspect makes an update one that names commands which may have to do with a change.
func (c *Composer) Suspect(u *alert.Alert, list []*event.Process) *alert.Alert {
	c.AddCandidates(u, list)
	u.Hooksnare.Reason = "a command was seen that mentions the file; that it made the change is not known"
	return u
}
