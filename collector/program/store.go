package program

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"hooksnare/pkg/safefile"
)

// Store keeps copies of scripts as evidence, in a folder of its own: one file of mode 0600
// for each content, named by its SHA-256. A copy that Keep returned is on disk, until
// newer ones take its room. It is for any number of goroutines, in one process.
type Store struct {
	dir      string
	maxBytes int64
	maxFiles int

	mu    sync.Mutex
	kept  []copied // by last use, the oldest first
	bytes int64
}

// Path returns where the copy of a content is, "" where none is kept.
func (s *Store) Path(sum string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.ContainsFunc(s.kept, func(c copied) bool { return c.name == sum }) {
		return ""
	}
	return filepath.Join(s.dir, sum)
}

type copied struct {
	name string
	size int64
}

// NewStore opens the folder, and makes it if need be. It holds at most that many bytes and
// files from now on.
func NewStore(dir string, maxBytes int64, maxFiles int) (*Store, error) {
	if maxBytes < 1 || maxFiles < 1 {
		return nil, fmt.Errorf("store of scripts %s: bounds of %d bytes and %d files hold nothing", dir, maxBytes, maxFiles)
	}
	s := &Store{dir: dir, maxBytes: maxBytes, maxFiles: maxFiles}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("store of scripts: %w", err)
	}
	return s, s.makeRoom(0, 0)
}

// open takes stock of the folder. What is in it and not the store's is left alone, but for
// what a write that was cut off left behind.
func (s *Store) open() error {
	if err := makeDir(s.dir); err != nil {
		return err
	}
	if info, err := os.Lstat(s.dir); err != nil || !info.IsDir() {
		return errors.Join(err, fmt.Errorf("%s is not a folder", s.dir))
	}
	if err := os.Chmod(s.dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	used := map[string]time.Time{}
	s.kept, s.bytes = nil, 0
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if name := e.Name(); isSum(name) {
			s.kept = append(s.kept, copied{name, info.Size()})
			s.bytes += info.Size()
			used[name] = info.ModTime()
		} else if len(name) > 65 && name[0] == '.' && isSum(name[1:65]) && strings.HasSuffix(name, ".tmp") {
			_ = os.Remove(filepath.Join(s.dir, name)) // tried again at the next start
		}
	}
	slices.SortStableFunc(s.kept, func(a, b copied) int { return used[a.name].Compare(used[b.name]) })
	return nil
}

// makeDir makes a folder that a power cut does not undo.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	parent, err := os.Open(filepath.Dir(dir))
	if err != nil {
		return err
	}
	defer parent.Close()
	return parent.Sync()
}

// isSum reports whether a file's name is a SHA-256.
func isSum(name string) bool {
	return len(name) == 64 && strings.Trim(name, "0123456789abcdef") == ""
}

// Keep returns the path of a copy of a script. Sum is the content's SHA-256 in lower-case
// hex, or "" for Keep to work it out; another content's is refused. The oldest copies by
// last use give way, and a copy that no longer holds what its name says is replaced.
func (s *Store) Keep(content []byte, sum string) (path string, err error) {
	name := hexSum(content)
	if sum != "" && sum != name {
		return "", fmt.Errorf("copy of a script: its hash is %s, not %s", name, sum)
	}
	size := int64(len(content))
	if size > s.maxBytes {
		return "", fmt.Errorf("copy of script %s: %w: %d bytes, more than the %d that are kept", name, safefile.ErrTooLarge, size, s.maxBytes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err = s.put(name, content); errors.Is(err, fs.ErrNotExist) { // the folder was removed
		if err = s.open(); err == nil {
			err = s.put(name, content)
		}
	}
	if err != nil {
		return "", fmt.Errorf("copy of script %s: %w", name, err)
	}
	return filepath.Join(s.dir, name), nil
}

// put makes a copy the last used, and writes it if it is not there as it should be.
func (s *Store) put(name string, content []byte) error {
	path, size := filepath.Join(s.dir, name), int64(len(content))
	if s.intact(path, content) {
		now := time.Now()
		s.used(name, size)
		return os.Chtimes(path, now, now)
	}
	s.drop(name)
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	if err := s.makeRoom(size, 1); err != nil {
		return err
	}
	if err := safefile.WriteAtomic(path, content, 0o600); err != nil {
		return err
	}
	s.used(name, size)
	return nil
}

// intact reports whether a copy is there, holds what it should and is for nobody else.
func (s *Store) intact(path string, content []byte) bool {
	got, info, err := safefile.ReadSecret(path, int64(len(content)))
	return err == nil && info.Mode.Perm() == 0o600 && bytes.Equal(got, content)
}

// used makes a copy the last one to go.
func (s *Store) used(name string, size int64) {
	s.drop(name)
	s.kept = append(s.kept, copied{name, size})
	s.bytes += size
}

// drop takes a copy from the count.
func (s *Store) drop(name string) {
	if i := slices.IndexFunc(s.kept, func(c copied) bool { return c.name == name }); i >= 0 {
		s.bytes -= s.kept[i].size
		s.kept = slices.Delete(s.kept, i, i+1)
	}
}

// makeRoom removes the oldest copies until there is room for that much.
func (s *Store) makeRoom(size int64, files int) error {
	for len(s.kept) > 0 && (s.bytes+size > s.maxBytes || len(s.kept)+files > s.maxFiles) {
		oldest := s.kept[0]
		if err := os.RemoveAll(filepath.Join(s.dir, oldest.name)); err != nil {
			return err
		}
		s.drop(oldest.name)
	}
	return nil
}
