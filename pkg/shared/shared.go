// Package shared finds test data that belongs to other people and is therefore
// kept beside the project instead of in it. Only tests import it.
package shared

import (
	"os"
	"path/filepath"
	"testing"
)

// Path returns the path of a file or folder of the shared test data and skips the
// test where the data is absent.
func Path(t testing.TB, elem ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Skip("shared test data: no module root above the test")
		}
		dir = up
	}
	root := filepath.Join(filepath.Dir(dir), "shared")
	if _, err := os.Stat(root); err != nil {
		t.Skip("shared test data is absent: ../shared")
	}
	return filepath.Join(append([]string{root}, elem...)...)
}
