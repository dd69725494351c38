package rules

import (
	"cmp"
	"slices"
	"time"

	"hooksnare/detect/baseline"
)

// Bounds of what a rule may ask to be counted.
const (
	maxCount    = 1_000_000_000
	maxCounters = 16                   // fields to group by, and fields whose values are counted
	maxWindow   = 365 * 24 * time.Hour // more than any published rule asks for
)

// When a rule does not say, as in Kibana.
const (
	defaultFrom     = "now-6m"
	defaultInterval = "5m"
)

// Threshold is what a rule of type threshold has to count: it fires when that many
// matches with the same values of the fields are within the window, and among them as
// many different values as Distinct wants.
type Threshold struct {
	Fields   []string   // none: all matches are one group
	AtLeast  int        // 1 to a billion: more than there is memory to count with
	Distinct []Distinct // of fields that are not among Fields
	Window   time.Duration
}

// Distinct is how many different values a field must have.
type Distinct struct {
	Field   string
	AtLeast int
}

// threshold reads the table, which has the same form everywhere, and the window.
func (d *document) threshold(f *file) *Threshold {
	in, t := &f.Rule, f.Rule.Threshold
	window := d.window("rule.from", "from", cmp.Or(in.From, defaultFrom))
	if _, err := baseline.Interval(cmp.Or(in.Interval, defaultInterval)); err != nil {
		d.note("rule.interval", "interval: %v", err)
	}
	if t == nil {
		d.note("rule.threshold", "threshold is missing")
		return nil
	}
	if d.find("rule.threshold.field") == nil {
		d.note("rule.threshold.field", "threshold: field is missing: [] makes one group of all matches")
	}
	d.named("rule.threshold.field", "threshold.field", t.Field, 0, maxCounters)
	if !countable(t.Value) {
		d.note("rule.threshold.value", "threshold.value %d: want 1 to %d", t.Value, maxCount)
	}
	return &Threshold{t.Field, t.Value, d.distinct(t), window}
}

func countable(n int) bool { return n >= 1 && n <= maxCount }

// distinct reads the entries of cardinality.
func (d *document) distinct(t *threshold) []Distinct {
	const key, what = "rule.threshold.cardinality", "threshold.cardinality"
	if n := len(t.Cardinality); n > maxCounters {
		d.note(key, "%s: want at most %d fields, got %d", what, maxCounters, n)
		return nil
	}
	var out []Distinct
	fields, values := 0, 0 // there are in the entries before, which may lack some
	for i, c := range t.Cardinality {
		var e Distinct
		if c.Field == nil {
			d.noteNth(key, i, "%s: field is missing", what)
		} else {
			e.Field = *c.Field
			if why := uncounted(e.Field, t.Field); why != "" {
				d.noteNth(key+".field", fields, "%s.field %q: %s", what, e.Field, why)
			}
			fields++
		}
		if c.Value == nil {
			d.noteNth(key, i, "%s: value is missing", what)
		} else {
			if e.AtLeast = *c.Value; !countable(e.AtLeast) {
				d.noteNth(key+".value", values, "%s.value %d: want 1 to %d", what, e.AtLeast, maxCount)
			}
			values++
		}
		out = append(out, e)
	}
	return out
}

// uncounted returns why the values of a field can't be counted, "" if they can.
func uncounted(field string, groupBy []string) string {
	switch {
	case field == "":
		return "the name of a field is missing"
	case slices.Contains(groupBy, field):
		return "matches are grouped by it, so it has one value in each group"
	}
	return ""
}

// named checks a list of names of fields.
func (d *document) named(key, what string, list []string, least, most int) {
	switch {
	case len(list) < least || len(list) > most:
		d.note(key, "%s: want %d to %d fields, got %d", what, least, most, len(list))
	case slices.Contains(list, ""):
		d.note(key, "%s: the name of a field is missing", what)
	}
}

// window reads how long before now something begins.
func (d *document) window(key, what, text string) time.Duration {
	w, err := baseline.Ago(text)
	switch {
	case err != nil:
		d.note(key, "%s: %v", what, err)
	case w <= 0 || w > maxWindow:
		d.note(key, "%s %q: want more than nothing and at most 365d", what, text)
	}
	return w
}
