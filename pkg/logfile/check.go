package logfile

import (
	"fmt"
	"path/filepath"
	"strings"
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
		return fmt.Errorf("expected the absolute path of a file, found %.80q", path)
	case len(filepath.Base(last)) > maxName:
		return fmt.Errorf("expected a file name of at most %d bytes, found %d", maxName-len(last)+len(path), len(filepath.Base(path)))
	case len(last) > maxPath:
		return fmt.Errorf("expected a path of at most %d bytes, found %d", maxPath-len(last)+len(path), len(path))
	}
	return nil
}

// Overlap reports whether two logs would write to the same file, or one would put a file
// aside under the name of the other's. Case does not tell two files of a Mac apart.
func Overlap(a, b string) bool {
	for n := range DefaultKeep + 1 {
		if strings.EqualFold(aside(a, n), b) || strings.EqualFold(a, aside(b, n)) {
			return true
		}
	}
	return false
}

// aside returns the path that a log is put aside to, n rotations ago.
func aside(path string, n int) string {
	if n == 0 {
		return path
	}
	return fmt.Sprintf("%s.%d", path, n)
}
