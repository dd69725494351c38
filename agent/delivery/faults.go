package delivery

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hooksnare/agent/health"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/clip"
	"hooksnare/pkg/forward"
	"hooksnare/pkg/hang"
	"hooksnare/pkg/spool"
)

const (
	hangLocal  = 10 * time.Second // a delivery that lasts longer counts as failing
	hangRemote = 90 * time.Second // the same of one to another machine, which the sender ends after a minute
	// awayLimit is how long another machine may not answer before that is reported. Macs
	// sleep and travel, and every alert waits meanwhile.
	awayLimit = 5 * time.Minute
)

// deliveryFailure is how an output fails now. The zero value: it does not.
type deliveryFailure struct {
	since time.Time
	why   string
	wait  time.Duration // before it is reported
}

// currentFailure returns how the output fails.
func (d *destination) currentFailure(now time.Time) deliveryFailure {
	if d.runner == nil {
		since := d.failing
		if since.IsZero() {
			since = now
		}
		return deliveryFailure{since: since, why: d.unusable}
	}
	limit, wait := hangLocal, time.Duration(0)
	if isRemote(d.config.Type) {
		limit, wait = hangRemote, awayLimit
	}
	st := d.runner.Status()
	switch st.Health.Kind {
	case forward.KindNone:
		if !st.Sending.IsZero() && now.Sub(st.Sending) >= limit {
			return deliveryFailure{since: st.Sending, why: fmt.Sprintf("no answer for %v", limit)}
		}
		return deliveryFailure{}
	case forward.KindNetwork, forward.KindBusy, forward.KindThrottled:
	default:
		wait = 0
	}
	return deliveryFailure{since: st.Health.Since, why: st.Health.Reason, wait: wait}
}

// AddFacts adds how the outputs stand.
func (o *Outputs) AddFacts(f *alert.HeartbeatFacts, now time.Time) {
	n := o.current.Load()
	st := n.spool.Stats()
	f.Spool = alert.SpoolFacts{Alerts: st.Waiting, Bytes: st.Bytes, Held: st.Held}
	for _, d := range n.destinations {
		q, past := d.queue.Stats(), o.pastOf(d.config.Name)
		facts := alert.OutputFacts{
			Name: d.config.Name, Type: d.config.Type, Healthy: true,
			Depth: q.Depth, Bytes: q.Bytes, Delivered: past.delivered + q.Delivered, Refused: past.refused + q.Dead, Lost: past.lost + q.Lost,
			LastDelivery: alert.At(past.last),
		}
		if !q.Oldest.IsZero() {
			facts.OldestAge = max(0, float64(now.Sub(q.Oldest).Milliseconds())/1000)
		}
		if fail := d.currentFailure(now); !fail.since.IsZero() {
			facts.Healthy, facts.Error = false, clip.Text(fail.why, clip.NameBytes)
		}
		if d.runner != nil {
			if last := d.runner.Status().LastDelivery; !last.IsZero() {
				facts.LastDelivery = alert.At(last)
			}
		}
		f.Outputs = append(f.Outputs, facts)
	}
}

// spoolReports is what was reported of the spool. The exchange of Outputs guards it.
type spoolReports struct {
	elsewhere string    // why it is not where it belongs, until that is reported
	full      time.Time // since when the disk takes nothing
}

// Check reports what became of outputs and of the spool, and of their disks alone while the outputs
// are exchanged. It is for one goroutine.
func (o *Outputs) Check(now time.Time) {
	if o.exchange.TryLock() {
		o.checkLocked(now)
		o.exchange.Unlock()
	}
	o.opts.Disks.Check(o.opts.Report, o.opts.Hold, now)
}

func (o *Outputs) checkLocked(now time.Time) {
	n := o.current.Load()
	for _, d := range n.destinations {
		o.checkDestination(d, now)
	}
	if o.reported.elsewhere != "" {
		o.opts.Report(health.Condition{Name: health.SpoolFailed}, o.reported.elsewhere, true, now, time.Time{})
		o.reported.elsewhere = ""
	}
	for _, e := range n.spool.Events() {
		o.reportSpoolEvent(e)
	}
}

// checkDestination reports what has begun or ended of an output, once each.
func (o *Outputs) checkDestination(d *destination, now time.Time) {
	f := d.currentFailure(now)
	name, state := d.config.Name, health.OutputFailed.Of(d.config.Name)
	if !f.since.IsZero() {
		d.seenBad = now
	}
	switch {
	case d.failing.IsZero() && !f.since.IsZero() && now.Sub(f.since) >= f.wait:
		d.failing = f.since
		o.opts.Report(state, name+": "+strings.TrimPrefix(f.why, name+": "), true, d.failing, time.Time{})
	case !d.failing.IsZero() && f.since.IsZero() && now.Sub(d.seenBad) >= o.opts.Hold:
		since := d.failing
		d.failing = time.Time{}
		o.opts.Report(state, name+" works again", false, since, now)
	}
}

// spoolConditions are the events of the spool that do not last.
var spoolConditions = map[spool.Kind]health.Name{
	spool.Evicted: health.AlertsLost, spool.Damaged: health.SpoolDamaged, spool.Refused: health.AlertsRefused,
	spool.Renewed: health.ChainRenewed, spool.Dropped: health.LettersDropped,
}

// reportSpoolEvent reports an event of the spool.
func (o *Outputs) reportSpoolEvent(e spool.Event) {
	since, full := o.reported.full, health.Condition{Name: health.SpoolFull}
	switch {
	case e.Kind == spool.Full:
		if since.IsZero() && !errors.Is(e.Err, hang.ErrHangs) { // which is a condition by itself
			o.reported.full = e.Time
			o.opts.Report(full, e.String(), true, e.Time, time.Time{})
		}
	case e.Kind == spool.Room:
		if !since.IsZero() {
			o.reported.full = time.Time{}
			o.opts.Report(full, "the disk takes alerts again, and all that was held is written", false, since, e.Time)
		}
	default:
		c := health.Condition{Name: spoolConditions[e.Kind]}
		if e.Kind == spool.Refused {
			c.Subject = strings.Join(slices.Sorted(maps.Keys(e.Outputs)), "_")
		}
		o.reportOnce(c, e.String(), e.Time)
	}
}

// reportOnce reports what happened and does not last.
func (o *Outputs) reportOnce(c health.Condition, detail string, at time.Time) {
	o.opts.Report(c, detail, true, at, time.Time{})
	o.opts.Report(c, "it happened once and does not last", false, at, at)
}
