package collectors_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLinks wants every link of the documents to lead somewhere, and every file that
// people are meant to use to be told of.
func TestLinks(t *testing.T) {
	linked := map[string]bool{}
	for _, name := range []string{"README.md", "FLEET.md"} {
		for _, m := range regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(read(t, name), -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			linked[filepath.Clean(m[1])] = true
		}
	}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".go") || name == "README.md" {
			return err
		}
		for at := name; at != "."; at = filepath.Dir(at) {
			if linked[at] {
				return nil
			}
		}
		t.Errorf("%s: no document has a link to it or to its folder", name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
