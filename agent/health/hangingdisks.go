package health

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// HangingDisks gathers what waits for a disk that does not answer, for the condition of that name.
// Parts of the agent note it from any goroutine; check, which tells, is for one.
type HangingDisks struct {
	Changed chan struct{} // something was noted

	mu    sync.Mutex
	on    map[string]string // what hangs, by who noted it
	since time.Time         // when something began to hang, while something does
	bad   time.Time         // when the last was over

	reported time.Time // the begin of the condition that is on
}

func NewHangingDisks() *HangingDisks {
	return &HangingDisks{Changed: make(chan struct{}, 1), on: map[string]string{}}
}

// ReportFrom returns what a part calls as its disk begins and ends to hang.
func (d *HangingDisks) ReportFrom(part string) func(hangs bool, what string) {
	return func(hangs bool, what string) {
		d.mu.Lock()
		if hangs {
			if len(d.on) == 0 {
				d.since = time.Now()
			}
			d.on[part] = what
		} else if delete(d.on, part); len(d.on) == 0 {
			d.bad = time.Now()
		}
		d.mu.Unlock()
		select {
		case d.Changed <- struct{}{}:
		default:
		}
	}
}

// Check tells that a disk hangs, and after hold that it does no more: one that hangs now and
// then is one condition.
func (d *HangingDisks) Check(tell Report, hold time.Duration, now time.Time) {
	d.mu.Lock()
	since, bad, hangs := d.since, d.bad, len(d.on) > 0
	var parts []string
	for _, part := range slices.Sorted(maps.Keys(d.on)) {
		parts = append(parts, part+": "+d.on[part])
	}
	d.mu.Unlock()
	switch {
	case hangs && d.reported.IsZero():
		d.reported = since
		tell(Condition{Name: DiskHangs}, "the disk does not answer: "+strings.Join(parts, "; "), true, since, time.Time{})
	case !hangs && !d.reported.IsZero() && now.Sub(bad) >= hold:
		was := d.reported
		d.reported = time.Time{}
		tell(Condition{Name: DiskHangs}, "the disk answers again", false, was, bad)
	}
}
