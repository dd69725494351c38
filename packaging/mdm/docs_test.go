package mdm_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hooksnare/agent/health"
)

// TestLinks wants every link of the README to lead somewhere, and every file to have one.
func TestLinks(t *testing.T) {
	linked := map[string]bool{}
	for _, m := range regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(read(t, "README.md"), -1) {
		if _, err := os.Stat(m[1]); err != nil {
			t.Error(err)
		}
		linked[m[1]] = true
	}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(name, ".go") && name != "README.md" && !linked[name] {
			t.Errorf("%s: README.md has no link to it", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWords holds the README and the scripts to the words that the program prints.
func TestWords(t *testing.T) {
	readme := read(t, "README.md")
	for _, word := range []string{
		health.WordHealthy, health.WordDegraded, health.WordBlind, health.WordStarting, health.WordNotRunning, health.WordNotInstalled, health.WordUnknown,
	} {
		if !strings.Contains(readme, "\n| `"+word+"` |") {
			t.Errorf("README.md: no row for the word %s", word)
		}
		for _, name := range scripts(t) {
			if text := read(t, name); strings.Contains(text, "ask health") && !strings.Contains(text, word) {
				t.Errorf("%s: does not know the word %s", name, word)
			}
		}
	}
}
