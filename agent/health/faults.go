package health

import "time"

// FaultCondition reports what is wrong with a part of the agent as it begins, changes and ends. It
// is for one goroutine.
type FaultCondition struct {
	Name   Name
	Report Report

	fault string    // what was wrong, "" for nothing
	since time.Time // since when
}

// Set says what is wrong now, "" for nothing.
func (f *FaultCondition) Set(fault string, now time.Time) {
	if fault == f.fault {
		return
	}
	c := Condition{Name: f.Name}
	if f.fault != "" {
		f.Report(c, "", false, f.since, now)
	}
	if fault != "" {
		f.Report(c, fault, true, now, time.Time{})
	}
	f.fault, f.since = fault, now
}
