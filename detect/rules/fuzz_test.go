package rules

import (
	"strings"
	"testing"
)

// FuzzLoad takes any text for a rule file: it ends, an error names the file, and a rule
// that comes of it is whole.
func FuzzLoad(f *testing.F) {
	for _, s := range Builtin() {
		f.Add(s.Text)
	}
	for _, s := range []string{good, minimal,
		of("query", ""), "", "\xff", "[rule]\nquery = '''\nany where odd odd", "rule = { query = \"any where x ==\" }",
		"[[rule.threat]]\n[rule.threat.tactic]\nid = 1\n", "a.b.\"c.d\" = [ 1, [ 'x' ], { e = 1979-05-27 } ]\n", "\"\"\"\\\n\"\"\" = 1",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Load("r.toml", text, nil)
		if (r == nil) == (err == nil) {
			t.Fatalf("got rule %v and error %v", r, err)
		}
		if err == nil {
			wantWhole(t, r)
			return
		}
		for _, line := range strings.Split(err.Error(), "\nr.toml:") {
			if !strings.HasPrefix("r.toml:"+strings.TrimPrefix(line, "r.toml:"), "r.toml:") {
				t.Errorf("the error does not name the file: %v", err)
			}
		}
		wantPlaces(t, string(text), err)
	})
}

func wantWhole(t *testing.T, r *Rule) {
	t.Helper()
	if r.File != "r.toml" || r.ID == "" || r.Name == "" || r.Type == "" || r.Severity.Number() == 0 || r.RiskScore < 1 || r.MaxSignals < 1 {
		t.Errorf("got %+v, which lacks something", r)
	}
	ways := 0
	for _, way := range [...]bool{r.Query != nil, r.NotRunnable != ""} {
		if way {
			ways++
		}
	}
	if ways != 1 {
		t.Errorf("got %+v, want one way to run it, or why not", r)
	}
	if !uuidForm.MatchString(r.UUID()) {
		t.Errorf("%q: got UUID %s", r.ID, r.UUID())
	}
}

// wantPlaces holds that every fault has a file, and a place in it if any.
func wantPlaces(t *testing.T, text string, err error) {
	t.Helper()
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = joined.Unwrap()
	}
	lines := strings.Split(text, "\n")
	for _, err := range list {
		e, ok := err.(*Error)
		if !ok || e.File != "r.toml" || e.Why == "" {
			t.Errorf("got %#v, want an Error of the file", err)
			continue
		}
		if e.Line == 0 && e.Column == 0 {
			continue
		}
		if e.Line < 1 || e.Line > len(lines) || e.Column < 1 || e.Column > len(lines[e.Line-1])+1 {
			t.Errorf("%v: no such place in %q", e, text)
		}
	}
}
