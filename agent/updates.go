package agent

import (
	"fmt"
	"time"

	"hooksnare/detect"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/redact"
)

// update returns a copy of an alert as its next update. The copy shares what it does not
// change: nobody changes an alert that was given.
func update(a *alert.Alert, at time.Time) *alert.Alert {
	u, h := *a, *a.Hooksnare
	u.Hooksnare = &h
	u.Event.Sequence++
	h.LatencyMS = nil
	u.Event.Created = alert.At(at)
	return &u
}

// brief returns a copy of an alert without its bulk, to make updates of: whoever gets an
// update has had the alert, and hundreds are kept for as long as repeats are counted.
func brief(a *alert.Alert) *alert.Alert {
	b, h := *a, *a.Hooksnare
	b.Hooksnare, h.Evidence, h.Triage = &h, nil, nil
	if a.Process != nil {
		p := *a.Process
		p.Parent, p.Ext = nil, nil
		args, cut := bounded(p.Args, wordBytes)
		if p.Args = args; cut {
			p.CommandLine, h.Truncated = redact.CommandLine(args), truncatedArgs
		}
		b.Process = &p
	}
	return &b
}

// repeated returns the update of how often an alert came again.
func repeated(a *alert.Alert, count int, first, last time.Time) *alert.Alert {
	u := update(a, last)
	u.Event.End = alert.At(last)
	u.Hooksnare.Repeat = &alert.Repeat{Count: count, First: alert.At(first), Last: alert.At(last)}
	u.Message = fmt.Sprintf("%s (%d more times)", a.Message, count)
	if count == 1 {
		u.Message = a.Message + " (once more)"
	}
	return u
}

// ended tells that a condition is over.
func (c *composer) ended(a *alert.Alert, detail string, until time.Time) *alert.Alert {
	u := update(a, until)
	u.Event.End = alert.At(until)
	health := *a.Hooksnare.Health
	health.Active, health.Until = false, alert.At(until)
	if detail != "" {
		health.Detail = detail
	}
	u.Hooksnare.Health = &health
	u.Message = fmt.Sprintf("%s: %s has ended", a.Rule.Name, health.State)
	if health.Since != nil && !until.IsZero() {
		u.Message += " after " + until.Sub(health.Since.Time).Round(time.Millisecond).String()
	}
	return u
}

// held tells how many alerts a rule's max_signals kept back.
func (c *composer) held(h *detect.Held) *alert.Alert {
	a := c.frame(h.Rule)
	a.Timestamp, a.Event.Created = alert.At(h.Last), alert.At(h.Last)
	a.Event.Start, a.Event.End = alert.At(h.First), alert.At(h.Last)
	a.Event.Category, a.Event.Type, a.Event.Action = []string{"process"}, []string{"info"}, "signals-held-back"
	a.Event.ID = digest("held", c.host.ID, h.Rule.ID, h.First.UTC().Format(time.RFC3339Nano))
	a.Hooksnare.Verdict = alert.Observed
	a.Hooksnare.HeldBack = &alert.HeldBack{
		Count: h.Count, MaxSignals: h.Rule.MaxSignals, First: alert.At(h.First), Last: alert.At(h.Last),
	}
	a.Message = fmt.Sprintf("%s: %d more alerts within 5 minutes were held back, over the rule's %d", h.Rule.Name, h.Count, h.Rule.MaxSignals)
	return a
}
