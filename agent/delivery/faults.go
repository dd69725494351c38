package delivery

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hooksnare/agent/health"
	"hooksnare/pkg/forward"
	"hooksnare/pkg/hang"
	"hooksnare/pkg/spool"
)

// Timing are the waits of an output's conditions; a zero field means its default.
// They are there for tests.
type Timing struct {
	Hang time.Duration // a delivery that lasts longer counts as failing: 10 s, and 90 s elsewhere
	// Hold is how long an output must work before its trouble is over: 60 s. The alert of
	// a condition goes to the output that it is about, too. Without a hold one that fails now
	// and then would raise alerts about its own alerts for ever.
	Hold time.Duration
	// Away is how long another machine may not answer before that is told: 5 minutes. Macs
	// sleep and travel, and every alert waits meanwhile.
	Away time.Duration
}

func (t *Timing) setDefaults() {
	for _, d := range []struct {
		of *time.Duration
		is time.Duration
	}{{&t.Hang, 10 * time.Second}, {&t.Hold, time.Minute}, {&t.Away, 5 * time.Minute}} {
		if *d.of == 0 {
			*d.of = d.is
		}
	}
}

// hangRemote is how long a request to another machine may last: the sender ends it after a
// minute.
const hangRemote = 90 * time.Second

// destinationFaults is what was told of an output. It is for one goroutine.
type destinationFaults struct {
	report   health.Report
	timing   Timing
	remote   bool
	unusable string // why there is no sender

	failing time.Time // the condition that is on, by its begin
	bad     time.Time // the last time that it was seen failing
}

// deliveryFailure is how an output fails now. The zero value: it does not.
type deliveryFailure struct {
	since time.Time
	why   string
	wait  time.Duration // before it is told
}

// currentFailure returns how the output fails.
func (o *destination) currentFailure(now time.Time) deliveryFailure {
	t := &o.faults
	if t.unusable != "" {
		since := t.failing
		if since.IsZero() {
			since = now
		}
		return deliveryFailure{since: since, why: t.unusable}
	}
	st := o.runner.Status()
	f := deliveryFailure{since: st.Health.Since, why: st.Health.Reason}
	switch st.Health.Kind {
	case forward.KindNone:
		f = deliveryFailure{}
	case forward.KindNetwork, forward.KindBusy, forward.KindThrottled:
		if t.remote {
			f.wait = t.timing.Away
		}
	}
	hang := t.timing.Hang
	if t.remote {
		hang = max(hang, hangRemote)
	}
	if began := st.Sending; f.since.IsZero() && !began.IsZero() && now.Sub(began) >= hang {
		f = deliveryFailure{since: began, why: fmt.Sprintf("no answer for %v", hang)}
	}
	return f
}

// reportChanges tells what has begun or ended, once each.
func (o *destination) reportChanges(now time.Time) {
	t, f := &o.faults, o.currentFailure(now)
	name, state := o.config.Name, health.OutputFailed.Of(o.config.Name)
	if !f.since.IsZero() {
		t.bad = now
	}
	switch {
	case t.failing.IsZero() && !f.since.IsZero() && now.Sub(f.since) >= f.wait:
		t.failing = f.since
		t.report(state, name+": "+strings.TrimPrefix(f.why, name+": "), true, t.failing, time.Time{})
	case !t.failing.IsZero() && f.since.IsZero() && now.Sub(t.bad) >= t.timing.Hold:
		since := t.failing
		t.failing = time.Time{}
		t.report(state, name+" works again", false, since, now)
	}
}

// spoolReports is what was told of the spool.
type spoolReports struct {
	elsewhere string    // why it is not where it belongs
	full      time.Time // since when the disk takes nothing
}

// Check tells of what became of outputs and of the spool. It is for one goroutine.
func (all *Outputs) Check(now time.Time) {
	for _, o := range all.destinations {
		o.reportChanges(now)
	}
	all.mu.Lock()
	refusing := all.refusing
	all.refusing = nil
	all.mu.Unlock()
	if refusing != nil {
		all.reportOnce(health.Condition{Name: health.AlertsLost}, refusing.Error(), now)
	}
	if lost := all.takeShedReport(now); lost != "" {
		all.reportOnce(health.Condition{Name: health.AlertsLost}, lost, now)
	}
	if all.reported.elsewhere != "" {
		all.report(health.Condition{Name: health.SpoolFailed}, all.reported.elsewhere, true, now, time.Time{})
		all.reported.elsewhere = ""
	}
	for _, e := range all.spool.Events() {
		all.reportSpoolEvent(e)
	}
	all.hangs.Check(all.report, all.holdHang, now)
}

// reportSpoolEvent turns an event of the spool into what people are told.
func (all *Outputs) reportSpoolEvent(e spool.Event) {
	switch e.Kind {
	case spool.Full:
		if errors.Is(e.Err, hang.ErrHangs) {
			return // that is a condition of its own
		}
		if all.reported.full.IsZero() {
			all.reported.full = e.Time
			all.report(health.Condition{Name: health.SpoolFull}, e.String(), true, e.Time, time.Time{})
		}
	case spool.Room:
		if since := all.reported.full; !since.IsZero() {
			all.reported.full = time.Time{}
			all.report(health.Condition{Name: health.SpoolFull}, "the disk takes alerts again, and all that was held is written", false, since, e.Time)
		}
	case spool.Evicted:
		all.reportOnce(health.Condition{Name: health.AlertsLost}, e.String(), e.Time)
	case spool.Damaged:
		all.reportOnce(health.Condition{Name: health.SpoolDamaged}, e.String(), e.Time)
	case spool.Refused:
		all.reportOnce(health.AlertsRefused.Of(strings.Join(slices.Sorted(maps.Keys(e.Outputs)), "_")), e.String(), e.Time)
	case spool.Renewed:
		all.reportOnce(health.Condition{Name: health.ChainRenewed}, e.String(), e.Time)
	case spool.Dropped:
		all.reportOnce(health.Condition{Name: health.LettersDropped}, e.String(), e.Time)
	}
}

// reportOnce tells of what happened and does not last.
func (all *Outputs) reportOnce(state health.Condition, detail string, at time.Time) {
	all.report(state, detail, true, at, time.Time{})
	all.report(state, "what there was to tell is told", false, at, at)
}
