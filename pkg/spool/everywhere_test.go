package spool

import (
	"os"
	"path/filepath"
	"testing"
)

// TestEverywhereAfterCrash has a process end between the sync of tmp/ and the links: what
// was to go to every output still does, as its number is spent and would be a gap.
func TestEverywhereAfterCrash(t *testing.T) {
	o := Options{Dir: t.TempDir(), Outputs: []Output{{Name: "a", MinSeverity: 21}, {Name: "b", MinSeverity: 21}}}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	beat := entry("beat", 0, 100)
	beat.Everywhere = true
	put(t, s, beat)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, linked := range []int{0, 1} { // outputs that had their link when the process ended
		names, err := os.ReadDir(filepath.Join(o.Dir, "out/a"))
		if err != nil || len(names) != 1 {
			t.Fatalf("out/a: got %v, %v", names, err)
		}
		name := names[0].Name()
		steps := []error{
			os.Rename(filepath.Join(o.Dir, "head", name), filepath.Join(o.Dir, "tmp", name+".1")),
			os.Remove(filepath.Join(o.Dir, "out/b", name)),
		}
		if linked == 0 {
			steps = append(steps, os.Remove(filepath.Join(o.Dir, "out/a", name)))
		}
		for _, err := range steps {
			if err != nil {
				t.Fatal(err)
			}
		}
		if s, err = Open(o); err != nil {
			t.Fatal(err)
		}
		for _, q := range s.Stats().Queues {
			if q.Depth != 1 {
				t.Errorf("%d links were made: output %s: got %d waiting, want 1", linked, q.Output, q.Depth)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
