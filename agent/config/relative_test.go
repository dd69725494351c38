package config

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRelativeRoot names the disk as seen from the working directory: a change of its file is seen, and
// a fault is that file's.
func TestRelativeRoot(t *testing.T) {
	t.Chdir(t.TempDir())
	file := filepath.Join("disk", LocalFile)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	o := Options{Root: "disk"}
	before := o.Versions()
	if err := os.WriteFile(file, []byte("no property list"), 0o644); err != nil {
		t.Fatal(err)
	}
	if o.Versions() == before {
		t.Errorf("Versions below %q: got the same after %s was written, want another", o.Root, file)
	}
	_, err := Read(o)
	if got := FaultsOfFiles(o, err); len(got) != 1 {
		t.Errorf("faults of files below %q: got %q of %v, want one", o.Root, got, err)
	}
}
