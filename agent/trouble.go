package agent

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

// outputTiming are the waits of an output's conditions; a zero field means its default.
// They are there for tests.
type outputTiming struct {
	hang time.Duration // a delivery that lasts longer counts as failing: 10 s, and 90 s elsewhere
	// hold is how long an output must work before its trouble is over: 60 s. The alert of
	// a condition goes to the output that it is about, too. Without a hold one that fails now
	// and then would raise alerts about its own alerts for ever.
	hold time.Duration
	// away is how long another machine may not answer before that is told: 5 minutes. Macs
	// sleep and travel, and every alert waits meanwhile.
	away time.Duration
}

func (t *outputTiming) fill() {
	for _, d := range []struct {
		of *time.Duration
		is time.Duration
	}{{&t.hang, 10 * time.Second}, {&t.hold, time.Minute}, {&t.away, 5 * time.Minute}} {
		if *d.of == 0 {
			*d.of = d.is
		}
	}
}

// hangRemote is how long a request to another machine may last: the sender ends it after a
// minute.
const hangRemote = 90 * time.Second

// trouble is what was told of an output. It is for one goroutine.
type trouble struct {
	health   condition
	timing   outputTiming
	remote   bool
	unusable string // why there is no sender

	failing time.Time // the condition that is on, by its begin
	bad     time.Time // the last time that it was seen failing
}

// failure is how an output fails now. The zero value: it does not.
type failure struct {
	since time.Time
	why   string
	wait  time.Duration // before it is told
}

// failure returns how the output fails.
func (o *output) failure(now time.Time) failure {
	t := &o.trouble
	if t.unusable != "" {
		since := t.failing
		if since.IsZero() {
			since = now
		}
		return failure{since: since, why: t.unusable}
	}
	st := o.runner.Status()
	f := failure{since: st.Health.Since, why: st.Health.Reason}
	switch st.Health.Kind {
	case forward.KindNone:
		f = failure{}
	case forward.KindNetwork, forward.KindBusy, forward.KindThrottled:
		if t.remote {
			f.wait = t.timing.away
		}
	}
	hang := t.timing.hang
	if t.remote {
		hang = max(hang, hangRemote)
	}
	if began := o.sender.since(); f.since.IsZero() && !began.IsZero() && now.Sub(began) >= hang {
		f = failure{since: began, why: fmt.Sprintf("no answer for %v", hang)}
	}
	return f
}

// check tells what has begun or ended, once each.
func (o *output) check(now time.Time) {
	t, f := &o.trouble, o.failure(now)
	name, state := o.config.Name, health.OutputFailed.Of(o.config.Name)
	if !f.since.IsZero() {
		t.bad = now
	}
	switch {
	case t.failing.IsZero() && !f.since.IsZero() && now.Sub(f.since) >= f.wait:
		t.failing = f.since
		t.health(state, name+": "+strings.TrimPrefix(f.why, name+": "), true, t.failing, time.Time{})
	case !t.failing.IsZero() && f.since.IsZero() && now.Sub(t.bad) >= t.timing.hold:
		since := t.failing
		t.failing = time.Time{}
		t.health(state, name+" works again", false, since, now)
	}
}

// spoolTold is what was told of the spool.
type spoolTold struct {
	elsewhere string    // why it is not where it belongs
	full      time.Time // since when the disk takes nothing
}

// Check tells of what became of outputs and of the spool. It is for one goroutine.
func (all *Outputs) Check(now time.Time) {
	for _, o := range all.list {
		o.check(now)
	}
	all.mu.Lock()
	refusing := all.refusing
	all.refusing = nil
	all.mu.Unlock()
	if refusing != nil {
		all.once(health.Condition{Name: health.AlertsLost}, refusing.Error(), now)
	}
	if lost := all.takeShed(now); lost != "" {
		all.once(health.Condition{Name: health.AlertsLost}, lost, now)
	}
	if all.told.elsewhere != "" {
		all.health(health.Condition{Name: health.SpoolFailed}, all.told.elsewhere, true, now, time.Time{})
		all.told.elsewhere = ""
	}
	for _, e := range all.spool.Events() {
		all.tell(e)
	}
	all.hangs.check(all.health, all.holdHang, now)
}

// tell turns an event of the spool into what people are told.
func (all *Outputs) tell(e spool.Event) {
	switch e.Kind {
	case spool.Full:
		if errors.Is(e.Err, hang.ErrHangs) {
			return // that is a condition of its own
		}
		if all.told.full.IsZero() {
			all.told.full = e.Time
			all.health(health.Condition{Name: health.SpoolFull}, e.String(), true, e.Time, time.Time{})
		}
	case spool.Room:
		if since := all.told.full; !since.IsZero() {
			all.told.full = time.Time{}
			all.health(health.Condition{Name: health.SpoolFull}, "the disk takes alerts again, and all that was held is written", false, since, e.Time)
		}
	case spool.Evicted:
		all.once(health.Condition{Name: health.AlertsLost}, e.String(), e.Time)
	case spool.Damaged:
		all.once(health.Condition{Name: health.SpoolDamaged}, e.String(), e.Time)
	case spool.Refused:
		all.once(health.AlertsRefused.Of(strings.Join(slices.Sorted(maps.Keys(e.Outputs)), "_")), e.String(), e.Time)
	case spool.Renewed:
		all.once(health.Condition{Name: health.ChainRenewed}, e.String(), e.Time)
	case spool.Dropped:
		all.once(health.Condition{Name: health.LettersDropped}, e.String(), e.Time)
	}
}

// once tells of what happened and does not last.
func (all *Outputs) once(state health.Condition, detail string, at time.Time) {
	all.health(state, detail, true, at, time.Time{})
	all.health(state, "what there was to tell is told", false, at, at)
}
