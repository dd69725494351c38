package document

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"hooksnare/agent/host"
	"hooksnare/detect"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/clip"
	"hooksnare/pkg/quote"
	"hooksnare/pkg/redact"
)

// Update returns a copy of an alert to make its next update of. The copy shares what it does not
// change: nobody changes an alert that was given.
func Update(a *alert.Alert, at time.Time) *alert.Alert {
	u, h := *a, *a.Hooksnare
	u.Hooksnare = &h
	h.LatencyMS = nil
	u.Event.Created = alert.At(at)
	return &u
}

// Brief returns a copy of an alert without its bulk, to make updates of: whoever gets an
// update has had the alert, and hundreds are kept for as long as repeats are counted.
func Brief(a *alert.Alert) *alert.Alert {
	b, h := *a, *a.Hooksnare
	b.Hooksnare, h.Evidence, h.Triage = &h, nil, nil
	if a.Process != nil {
		p := *a.Process
		p.Parent, p.Ext = nil, nil
		args, cut := clip.Args(p.Args, clip.WordBytes)
		if p.Args = args; cut {
			p.CommandLine, h.Truncated = redact.CommandLine(args), TruncatedArgs
		}
		b.Process = &p
	}
	return &b
}

// CountRepeats makes an update one of how often an alert came again.
func CountRepeats(u *alert.Alert, count int, first, last time.Time) *alert.Alert {
	u.Event.End = alert.At(last)
	u.Hooksnare.Repeat = &alert.Repeat{Count: count, First: alert.At(first), Last: alert.At(last)}
	if count == 1 {
		u.Message += " (once more)"
	} else {
		u.Message = fmt.Sprintf("%s (%d more times)", u.Message, count)
	}
	return u
}

// ConditionAgain makes an update one that a condition has begun once more.
func (c *Composer) ConditionAgain(u *alert.Alert, detail string, since time.Time, again int) *alert.Alert {
	health := *u.Hooksnare.Health
	health.Active, health.Until, health.Since, health.Detail = true, nil, alert.At(since), clip.Text(detail, clip.NameBytes)
	u.Hooksnare.Health = &health
	u.Event.End = nil
	u.Hooksnare.Repeat = &alert.Repeat{Count: again, First: u.Event.Start, Last: alert.At(since)}
	u.Message = fmt.Sprintf("%s: %s (comes and goes: %d more times)", u.Rule.Name, health.State, again)
	return u
}

// ConditionEnded makes an update one that a condition is over.
func (c *Composer) ConditionEnded(u *alert.Alert, detail string, until time.Time) *alert.Alert {
	u.Event.End = alert.At(until)
	health := *u.Hooksnare.Health
	health.Active, health.Until = false, alert.At(until)
	if detail != "" {
		health.Detail = detail
	}
	u.Hooksnare.Health = &health
	u.Message = fmt.Sprintf("%s: %s has ended", u.Rule.Name, health.State)
	if health.Since != nil && !until.IsZero() {
		u.Message += " after " + until.Sub(health.Since.Time).Round(time.Millisecond).String()
	}
	return u
}

// Summarize tells how much of a share was held back, and shows the newest and the most severe.
func (c *Composer) Summarize(h *detect.Held) *alert.Alert {
	a := c.newAlert(h.Rule)
	a.Timestamp, a.Event.Created = alert.At(h.Last), alert.At(h.Last)
	a.Event.Start, a.Event.End = alert.At(h.First), alert.At(h.Last)
	a.Event.Category, a.Event.Type, a.Event.Action = []string{"process"}, []string{"info"}, "signals-held-back"
	a.Event.ID = host.StableID("held", c.host.ID, string(h.Share), h.Rule.ID, h.First.UTC().Format(time.RFC3339Nano))
	a.Hooksnare.Verdict = alert.Observed
	a.Hooksnare.HeldBack = &alert.HeldBack{
		Count: h.Count, MaxSignals: h.Rule.MaxSignals, First: alert.At(h.First), Last: alert.At(h.Last),
		Share: clip.Text(h.Share.String(), clip.WordBytes), Rules: heldRules(h.Rules), Newest: heldItems(h.Newest), Severest: heldItems(h.Severest),
	}
	a.Message = fmt.Sprintf("%s: %d more alerts of %s within 5 minutes were held back", h.Rule.Name, h.Count, quote.Printable(clip.Text(h.Share.String(), clip.WordBytes)))
	return a
}

// maxHeldRules bounds the rules that a summary names.
const maxHeldRules = 32

func heldRules(count map[string]int) []alert.HeldRule {
	var out []alert.HeldRule
	for _, id := range slices.Sorted(maps.Keys(count)) {
		if len(out) < maxHeldRules {
			out = append(out, alert.HeldRule{Rule: clip.Text(id, clip.WordBytes), Count: count[id]})
		}
	}
	return out
}

func heldItems(list []detect.Item) []alert.HeldItem {
	out := make([]alert.HeldItem, len(list))
	for i, x := range list {
		out[i] = alert.HeldItem{
			Rule: x.Rule, Severity: x.Severity, File: clip.Text(x.File, clip.WordBytes), Key: clip.Text(x.Key, clip.WordBytes), Value: clip.Text(x.Value, clip.WordBytes), User: x.User,
		}
	}
	return out
}
