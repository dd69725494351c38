package rules

import (
	"slices"
	"time"

	"hooksnare/detect/baseline"
)

// Bounds of what a rule may ask to be remembered.
const (
	maxTerms  = 3                    // fields of new_terms, as in Kibana
	maxWindow = 365 * 24 * time.Hour // more than any published rule asks for
)

// NewTerms is what a rule of type new_terms has to remember: a match fires if this
// combination of values was in no other match within the window before it.
type NewTerms struct {
	Fields []string // 1 to 3
	Window time.Duration
}

// remembers reads what the rule needs beside its query.
func (d *document) remembers(r *Rule, f *file) {
	in := &f.Rule
	for _, other := range [...]struct {
		key, typ string
		there    bool
	}{
		{"threshold", thresholdType, in.Threshold != nil},
		{"new_terms", newTermsType, in.NewTerms != nil},
		{"new_terms_fields", newTermsType, in.NewTermsFields != nil},
		{"history_window_start", newTermsType, in.HistoryWindowStart != ""},
	} {
		if other.there && r.Type != other.typ {
			d.note("rule."+other.key, "%s: a rule of type %s has none", other.key, r.Type)
		}
	}
	switch r.Type {
	case newTermsType:
		r.NewTerms = d.newTerms(f)
	case thresholdType:
		r.Threshold = d.threshold(f)
	}
}

// newTerms reads the tables of published files, or the keys of Kibana's interface.
func (d *document) newTerms(f *file) *NewTerms {
	in := &f.Rule
	switch flat := in.NewTermsFields != nil || in.HistoryWindowStart != ""; {
	case in.NewTerms == nil && !flat:
		d.note("rule.new_terms", "new_terms is missing")
		return nil
	case in.NewTerms == nil:
		d.named("rule.new_terms_fields", "new_terms_fields", in.NewTermsFields, 1, maxTerms)
		return &NewTerms{in.NewTermsFields, d.window("rule.history_window_start", "history_window_start", in.HistoryWindowStart)}
	case flat:
		d.note("rule.new_terms", "new_terms: new_terms_fields or history_window_start says it too")
	}
	return d.termsTable(in.NewTerms)
}

// termsTable reads [rule.new_terms], which names the keys that it stands for.
func (d *document) termsTable(t *newTerms) *NewTerms {
	const key, list, start = "rule.new_terms", "new_terms_fields", "history_window_start"
	if t.Field != list {
		d.note(key+".field", "new_terms.field %q: want %q", t.Field, list)
	}
	d.named(key+".value", "new_terms.value", t.Value, 1, maxTerms)
	if n := len(t.History); n != 1 {
		d.note(key+"."+start, "new_terms.%s: want one entry, got %d", start, n)
		return nil
	}
	h := t.History[0]
	if h.Field != start {
		d.note(key+"."+start+".field", "new_terms.%s.field %q: want %q", start, h.Field, start)
	}
	return &NewTerms{t.Value, d.window(key+"."+start+".value", "new_terms."+start+".value", h.Value)}
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
