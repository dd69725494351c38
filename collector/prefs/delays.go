package prefs

import "time"

// delays are scans that follow something that happens, each at its time after the first and
// after the last time it happened. However often it happens, there are no more of them.
type delays struct {
	after []time.Duration
	due   []time.Time // zero: none
	last  time.Time   // when it happened last
}

func newDelays(after ...time.Duration) delays {
	return delays{after: after, due: make([]time.Time, len(after))}
}

// start takes note that it happened.
func (d *delays) start(now time.Time) {
	d.last = now
	for i, after := range d.after {
		if d.due[i].IsZero() {
			d.due[i] = now.Add(after)
		}
	}
}

// elapsed reports whether a scan is due.
func (d *delays) elapsed(now time.Time) bool {
	due := false
	for i, after := range d.after {
		if d.due[i].IsZero() || now.Before(d.due[i]) {
			continue
		}
		due = true
		if last := d.last.Add(after); last.After(d.due[i]) && last.After(now) {
			d.due[i] = last
		} else {
			d.due[i] = time.Time{}
		}
	}
	return due
}

// earliestTime returns the earlier of two times, of which zero is none.
func earliestTime(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
