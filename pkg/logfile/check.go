package logfile

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"hooksnare/pkg/quote"
)

// Bounds of a path, in bytes, of the file systems that Macs have and of macOS itself.
const (
	maxName = 255
	maxPath = 1023
)

// CheckPath reports why a log can't be at a path, whatever is there.
func CheckPath(path string) error {
	last := aside(path, DefaultKeep)
	switch {
	case !filepath.IsAbs(path) || filepath.Clean(path) != path || path == "/" || strings.IndexByte(path, 0) >= 0:
		return fmt.Errorf("expected the absolute path of a file, found %s", quote.Bounded(path, 80))
	case len(filepath.Base(last)) > maxName:
		return fmt.Errorf("expected a file name of at most %d bytes, found %d", maxName-len(last)+len(path), len(filepath.Base(path)))
	case slices.ContainsFunc(strings.Split(path, "/"), func(name string) bool { return len(name) > maxName }):
		return fmt.Errorf("expected folders whose names have at most %d bytes", maxName)
	case len(last) > maxPath:
		return fmt.Errorf("expected a path of at most %d bytes, found %d", maxPath-len(last)+len(path), len(path))
	}
	return nil
}

// Overlap reports whether two logs are in each other's way: they would write to the same
// file, one would put a file aside under the name of the other's, or one is where the other
// needs a folder. Case does not tell two files of a Mac apart.
func Overlap(a, b string) bool {
	for n := range DefaultKeep + 1 {
		if within(aside(a, n), b) || within(aside(b, n), a) {
			return true
		}
	}
	return false
}

// within reports whether a path is that of a file, or would lie in it.
func within(file, path string) bool {
	if len(path) > len(file) && path[len(file)] == '/' {
		path = path[:len(file)]
	}
	return strings.EqualFold(file, path)
}

// aside returns the path that a log is put aside to, n rotations ago.
func aside(path string, n int) string {
	if n == 0 {
		return path
	}
	return fmt.Sprintf("%s.%d", path, n)
}
