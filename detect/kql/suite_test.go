package kql

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/BurntSushi/toml"

	"hooksnare/pkg/shared"
)

// TestRuleFiles parses and compiles the query of every rule for macOS in this language.
func TestRuleFiles(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "eql", "rules", "macos"), "*.toml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no rule files: %v", err)
	}
	count := map[string]int{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Rule struct{ Type, Language, Query string }
		}
		if err := toml.Unmarshal(text, &file); err != nil {
			t.Fatalf("%s: %v", filepath.Base(name), err)
		}
		if file.Rule.Language != "kuery" {
			continue
		}
		count[file.Rule.Type]++
		m := matcher(t, file.Rule.Query)
		if m.Match(record{}) {
			t.Errorf("%s: matches a record without fields", filepath.Base(name))
		}
	}
	if count["query"] == 0 || count["new_terms"] == 0 || count["threshold"] == 0 {
		t.Errorf("rules by type: got %v, want query, new_terms and threshold", count)
	}
}
