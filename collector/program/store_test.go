package program

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hooksnare/pkg/safefile"
)

// holds returns what is in a store's folder, by content.
func holds(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var out []string
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
		out = append(out, string(b))
	}
	// Names are hashes: put what they hold in order.
	for i := range out {
		for j := i; j > 0 && out[j] < out[j-1]; j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return words(out)
}

// copiesOf counts the copies that a store knows.
func copiesOf(s *Store) int {
	n := 0
	s.kept.Range(func(any, any) bool { n++; return true })
	return n
}

func keep(t *testing.T, s *Store, content string) string {
	t.Helper()
	path, err := s.Keep(Root, []byte(content))
	must(t, err)
	b, err := os.ReadFile(path)
	must(t, err)
	equal(t, path, string(b), content)
	if info, err := os.Lstat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%s: mode %v, %v; want a file of 0600", path, info.Mode(), err)
	}
	return path
}

func TestStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "scripts")
	s, err := NewStore(dir, 10, 3, nil)
	must(t, err)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v; want 0700", info, err)
	}
	steps := []struct{ keep, holds string }{
		{"aa", "aa"}, {"bb", "aa bb"}, {"aa", "aa bb"}, {"cc", "aa bb cc"},
		{"dd", "aa cc dd"},                                   // bb was used the longest ago
		{"eeeeee", "cc dd eeeeee"},                           // bytes and files are full
		{"fff", "eeeeee fff"},                                // bytes
		{"0123456789", "0123456789"}, {"g", "g"}, {"", " g"}, // the largest, and nothing
	}
	for _, step := range steps {
		keep(t, s, step.keep)
		equal(t, "after "+step.keep, holds(t, dir), step.holds)
	}
	if _, err := s.Keep(Root, []byte("01234567890")); !errors.Is(err, safefile.ErrTooLarge) {
		t.Errorf("more than there is room for: %v, want %v", err, safefile.ErrTooLarge)
	}
	for _, bad := range [][2]int{{0, 1}, {1, 0}} {
		if _, err := NewStore(dir, int64(bad[0]), bad[1], nil); err == nil {
			t.Errorf("bounds of %v: no error", bad)
		}
	}
	file := filepath.Join(t.TempDir(), "f")
	put(t, file, "", 0o600)
	if _, err := NewStore(file, 1, 1, nil); err == nil {
		t.Error("a file in place of the folder: no error")
	}
}

// TestStoreAgain opens a folder that was used before, and that others were in.
func TestStoreAgain(t *testing.T) {
	dir := t.TempDir()
	s, err := NewStore(dir, 100, 10, nil)
	must(t, err)
	for i, c := range []string{"a", "b", "c"} {
		at := noon.Add(time.Duration(-i) * time.Hour) // c is the oldest
		must(t, os.Chtimes(keep(t, s, c), at, at))
	}
	put(t, filepath.Join(dir, "."+sumOf("x")+".123.tmp"), "cut off", 0o600)
	put(t, filepath.Join(dir, "README"), "not ours", 0o600)
	must(t, os.Chmod(dir, 0o755))
	s, err = NewStore(dir, 100, 2, nil)
	must(t, err)
	equal(t, "opened with less room", holds(t, dir), "a b not ours")
	keep(t, s, "d")
	equal(t, "one more", holds(t, dir), "a d not ours")
	must(t, os.RemoveAll(dir))
	keep(t, s, "e")
	equal(t, "folder removed", holds(t, dir), "e")
	equal(t, "a copy that was removed with it", s.Path(Root, sumOf("d")), "")
}

// TestStoreTampered spoils a copy in every way.
func TestStoreTampered(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"edited":  func(path string) error { return os.WriteFile(path, []byte("SCRIPT"), 0o600) },
		"longer":  func(path string) error { return os.WriteFile(path, []byte("script and more"), 0o600) },
		"cut":     func(path string) error { return os.Truncate(path, 0) },
		"open":    func(path string) error { return os.Chmod(path, 0o644) },
		"removed": os.Remove,
		"a link": func(path string) error {
			return changed(os.Remove(path), func() error { return os.Symlink("/etc/passwd", path) })
		},
		"a folder": func(path string) error {
			return changed(os.Remove(path), func() error { return os.MkdirAll(path+"/sub", 0o700) })
		},
	} {
		for _, again := range []bool{false, true} {
			dir := t.TempDir()
			s, err := NewStore(dir, 100, 10, nil)
			must(t, err)
			must(t, spoil(keep(t, s, "script")))
			if again {
				s, err = NewStore(dir, 100, 10, nil)
				must(t, err)
			}
			keep(t, s, "script")
			equal(t, name, holds(t, dir), "script")
			if copiesOf(s) != 1 {
				t.Errorf("%s: %d files counted, want 1", name, copiesOf(s))
			}
		}
	}
}

func TestStoreConcurrent(t *testing.T) {
	dir := t.TempDir()
	s, err := NewStore(dir, 1000, 5, nil)
	must(t, err)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 10 {
				if _, err := s.Keep(Root, fmt.Append(nil, "script ", (i+j)%12)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 5 || copiesOf(s) != 5 {
		t.Errorf("%d files, %d counted, %v; want 5", len(entries), copiesOf(s), err)
	}
}

// TestStoreShares has users keep more than their share: nobody else's copies go.
func TestStoreShares(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "scripts")
	shares := NewShares()
	s, err := NewStore(dir, 160, 48, shares) // 10 bytes and 3 files for a user
	must(t, err)
	kept := func(owner, content, at string) {
		t.Helper()
		path, err := s.Keep(owner, []byte(content))
		must(t, err)
		if want := filepath.Join(dir, at, sumOf(content)); path != want || s.Path(owner, sumOf(content)) != want {
			t.Errorf("%s: %q is kept at %s, want %s", owner, content, path, want)
		}
	}
	const ofMallory = "user-%2FUsers%2Fmallory"
	kept(Root, "root", "")
	kept(System, "system", "")
	kept(mallory, "root", ofMallory) // the same content, each with a copy of its own
	if got := shares.listTransitions(noon); got != nil {
		t.Errorf("shares: %+v, want none used up", got)
	}
	for i := range 100 {
		kept(mallory, fmt.Sprint(i), ofMallory)
		kept("/Users/ann", "ann", "user-%2FUsers%2Fann")
	}
	equal(t, "mallory's", holds(t, filepath.Join(dir, ofMallory)), "97 98 99")
	if _, err := s.Keep(mallory, []byte("01234567890")); !errors.Is(err, safefile.ErrTooLarge) {
		t.Errorf("more than the share: %v, want %v", err, safefile.ErrTooLarge)
	}
	if got := shares.listTransitions(noon); len(got) != 1 || got[0].Owner != mallory || got[0].What != ShareCopies {
		t.Errorf("shares: %+v, want that mallory's of copies is used up", got)
	}
	long := "/Users/" + strings.Repeat("x", 300) + "/../%"
	kept(long, "long", "user-"+sumOf(long))
	kept("..", "dots", "user-..")
	for i := range maxUserFolders - 4 {
		kept(fmt.Sprint("/Users/", i), "a", fmt.Sprint("user-%2FUsers%2F", i))
	}
	kept("/Users/ann", "ann", "user-%2FUsers%2Fann")
	kept("/Users/one more", "a", "user-%2FUsers%2Fone%20more") // in place of mallory's
	for _, again := range []bool{false, true} {
		if again {
			s, err = NewStore(dir, 160, 48, shares)
			must(t, err)
		}
		if got := s.Path(mallory, sumOf("99")); got != "" {
			t.Errorf("opened again %v: mallory's oldest copies are still at %s", again, got)
		}
		kept("/Users/ann", "ann", "user-%2FUsers%2Fann")
		for _, c := range []struct{ owner, content string }{{Root, "root"}, {"", "system"}, {Managed, "root"}, {"/Users/one more", "a"}, {long, "long"}} {
			if s.Path(c.owner, sumOf(c.content)) == "" {
				t.Errorf("opened again %v: no copy of %q for %s", again, c.content, c.owner)
			}
		}
		if got := s.Path("/Users/ann", sumOf("root")); got != "" {
			t.Errorf("a copy of another's at %s", got)
		}
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	if len(entries) != maxUserFolders+2 {
		t.Errorf("%d files and folders, want two copies and %d folders", len(entries), maxUserFolders)
	}
}

// TestStorePathWaitsForNothing asks for a copy while the disk hangs.
func TestStorePathWaitsForNothing(t *testing.T) {
	s, err := NewStore(t.TempDir(), 100, 10, nil)
	must(t, err)
	path := keep(t, s, "script")
	_, err = s.Keep(mallory, []byte("script"))
	must(t, err)
	s.disk.Lock() // as a write that never ends does
	for _, owner := range []string{Root, mallory} {
		if got := s.Path(owner, sumOf("script")); filepath.Base(got) != filepath.Base(path) {
			t.Errorf("%s: got %q, want the copy", owner, got)
		}
	}
}
