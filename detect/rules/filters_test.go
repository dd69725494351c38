package rules

import "testing"

// TestFilters holds that a rule whose query is not all that it asks does not run as if it
// were.
func TestFilters(t *testing.T) {
	const head = "[rule]\nrule_id=\"r\"\nname=\"n\"\ntype=\"eql\"\nquery=\"any where true\"\nseverity=\"low\"\nrisk_score=1\n"
	const why = "it has filters, which a server applies: put them into the query"
	for text, want := range map[string]string{
		"": "", "filters = []\n": "",
		"filters = [{meta = {negate = true}}]\n":             why,
		"[[rule.filters]]\n[rule.filters.meta]\nkey=\"x\"\n": why,
	} {
		r, err := Load("f.toml", []byte(head+text), nil)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if r.NotRunnable != want {
			t.Errorf("%q: got %q, want %q", text, r.NotRunnable, want)
		}
	}
}
