package document

import (
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
)

// Examination is what was found on the disk for one event. It is nil where nothing was.
type Examination struct {
	Programs    map[string]ExaminedProgram // by the hook's value
	Packages    []alert.Lately
	Preferences []alert.Lately
	Known       map[string]string // exceptions that name a program's SHA-256, by that
	Jamf        bool              // this Mac showed before the event that Jamf manages it
}

// ExaminedProgram is what a value points to, as found and as an alert shows it.
type ExaminedProgram struct {
	Found event.Program
	Shown *alert.Program
}

// Program returns what a value points to, nil if it was not examined.
func (x *Examination) Program(value string) *event.Program {
	if x == nil {
		return nil
	}
	if p, ok := x.Programs[value]; ok {
		return &p.Found
	}
	return nil
}

// Shown returns what an alert says of a value, nil if that was not examined.
func (x *Examination) Shown(value string) *alert.Program {
	if x == nil {
		return nil
	}
	return x.Programs[value].Shown
}

// Confirmation is a change as the alert of its command reports it.
type Confirmation struct {
	*event.Change
	Seen *Examination
}
