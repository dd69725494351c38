package rules

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"hooksnare/pkg/shared"
)

// TestPublished loads the rules that others publish for macOS.
func TestPublished(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "eql", "rules", "macos"), "*.toml"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Load(file, text, nil)
		if err != nil {
			t.Error(err)
			continue
		}
		got[state(r)]++
		if r.Name == "" || r.Text == "" || r.Severity.Number() == 0 || len(r.Threat) == 0 || len(r.References)+len(r.Note)+len(r.Setup) == 0 {
			t.Errorf("%s: got %+v, which lacks something", file, r)
		}
	}
	want := map[string]int{"eql": 88, "rules of type new_terms need a history of all events: run it on the server that collects the events": 5,
		"rules of type threshold count matches over time: run it on the server that collects the events": 1, "Kibana's query language (kuery) does not run here: write the query in EQL": 1,
		"ES|QL runs on a server, over events collected there": 2}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// state says how a rule runs, or why not.
func state(r *Rule) string {
	switch {
	case r.NotRunnable != "":
		return r.NotRunnable
	case r.Type == "eql" && r.Query != nil:
		return "eql"
	}
	return "broken"
}
