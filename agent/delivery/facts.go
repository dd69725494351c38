package delivery

import (
	"time"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/clip"
)

// AddFacts adds how the outputs stand.
func (all *Outputs) AddFacts(f *alert.HeartbeatFacts, now time.Time) {
	st := all.spool.Stats()
	f.Spool = alert.SpoolFacts{Alerts: st.Waiting, Bytes: st.Bytes, Held: st.Held}
	for _, o := range all.destinations {
		q := o.queue.Stats()
		facts := alert.OutputFacts{
			Name: o.config.Name, Type: o.config.Type, Healthy: true,
			Depth: q.Depth, Bytes: q.Bytes, Delivered: q.Delivered, Refused: q.Dead, Lost: q.Lost,
		}
		if !q.Oldest.IsZero() {
			facts.OldestAge = max(0, float64(now.Sub(q.Oldest).Milliseconds())/1000)
		}
		if fail := o.currentFailure(now); !fail.since.IsZero() {
			facts.Healthy, facts.Error = false, clip.Text(fail.why, clip.NameBytes)
		}
		if o.runner != nil {
			facts.LastDelivery = alert.At(o.runner.Status().LastDelivery)
		}
		f.Outputs = append(f.Outputs, facts)
	}
}
