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

// copies are those of one owner, in one folder.
type copies struct {
	owner    string
	dir      string
	maxBytes int64
	maxFiles int

	disk    sync.Mutex // held while the folder is written; taken before mu
	closed  bool       // guarded by disk: the folder is to be opened first
	removed bool       // guarded by disk: others have its room

	// mu guards what follows, of which nothing changes without disk; the disk is not waited
	// for while mu is held.
	mu    sync.Mutex
	kept  []copied // by last use, the oldest first
	bytes int64
}

// copied is one copy.
type copied struct {
	name string
	size int64
}

// open takes stock of the folder. What is in it and not a copy is left alone, but for what a
// write that was cut off left behind.
func (c *copies) open() error {
	if err := makeDir(c.dir); err != nil {
		return err
	}
	if info, err := os.Lstat(c.dir); err != nil || !info.IsDir() {
		return errors.Join(err, fmt.Errorf("%s is not a folder", c.dir))
	}
	if err := os.Chmod(c.dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	var kept []copied
	var bytes int64
	used := map[string]time.Time{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if name := e.Name(); isSum(name) {
			kept = append(kept, copied{name, info.Size()})
			bytes += info.Size()
			used[name] = info.ModTime()
		} else if len(name) > 65 && name[0] == '.' && isSum(name[1:65]) && strings.HasSuffix(name, ".tmp") {
			_ = os.Remove(filepath.Join(c.dir, name)) // tried again at the next start
		}
	}
	slices.SortStableFunc(kept, func(a, b copied) int { return used[a.name].Compare(used[b.name]) })
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept, c.bytes = kept, bytes
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

// path returns where a copy is, "" where none is kept.
func (c *copies) path(sum string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.ContainsFunc(c.kept, func(k copied) bool { return k.name == sum }) {
		return ""
	}
	return filepath.Join(c.dir, sum)
}

// keep is Keep for one owner. full says that another copy had to give way.
func (c *copies) keep(content []byte, sum string) (path string, full bool, err error) {
	name := hexSum(content)
	if sum != "" && sum != name {
		return "", false, fmt.Errorf("copy of a script: its hash is %s, not %s", name, sum)
	}
	size := int64(len(content))
	if size > c.maxBytes {
		return "", true, fmt.Errorf("copy of script %s: %w: %d bytes, more than the %d that are kept", name, safefile.ErrTooLarge, size, c.maxBytes)
	}
	c.disk.Lock()
	defer c.disk.Unlock()
	if c.removed {
		return "", true, fmt.Errorf("copy of script %s: copies of too many users are kept", name)
	}
	if c.closed {
		if err := c.open(); err != nil {
			return "", false, fmt.Errorf("copy of script %s: %w", name, err)
		}
		c.closed = false
	}
	if full, err = c.put(name, content); errors.Is(err, fs.ErrNotExist) { // the folder was removed
		if err = c.open(); err == nil {
			full, err = c.put(name, content)
		}
	}
	if err != nil {
		return "", full, fmt.Errorf("copy of script %s: %w", name, err)
	}
	return filepath.Join(c.dir, name), full, nil
}

// remove removes all of them.
func (c *copies) remove() error {
	c.disk.Lock()
	defer c.disk.Unlock()
	c.removed = true
	return os.RemoveAll(c.dir)
}

// put makes a copy the last used, and writes it if it is not there as it should be.
func (c *copies) put(name string, content []byte) (full bool, err error) {
	path, size := filepath.Join(c.dir, name), int64(len(content))
	if c.intact(path, content) {
		now := time.Now()
		c.used(name, size)
		return false, os.Chtimes(path, now, now)
	}
	c.drop(name)
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		if err := os.RemoveAll(path); err != nil {
			return false, err
		}
	}
	before := len(c.kept)
	if err := c.makeRoom(size, 1); err != nil {
		return false, err
	}
	full = len(c.kept) < before
	if err := safefile.WriteAtomic(path, content, 0o600); err != nil {
		return full, err
	}
	c.used(name, size)
	return full, nil
}

// intact reports whether a copy is there, holds what it should and is for nobody else.
func (c *copies) intact(path string, content []byte) bool {
	got, info, err := (safefile.Disk{}).ReadSecret(path, int64(len(content)))
	return err == nil && info.Mode.Perm() == 0o600 && bytes.Equal(got, content)
}

// used makes a copy the last one to go.
func (c *copies) used(name string, size int64) {
	c.drop(name)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = append(c.kept, copied{name, size})
	c.bytes += size
}

// drop takes a copy from the count.
func (c *copies) drop(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.IndexFunc(c.kept, func(k copied) bool { return k.name == name }); i >= 0 {
		c.bytes -= c.kept[i].size
		c.kept = slices.Delete(c.kept, i, i+1)
	}
}

// makeRoom removes the oldest copies until there is room for that much.
func (c *copies) makeRoom(size int64, files int) error {
	for len(c.kept) > 0 && (c.bytes+size > c.maxBytes || len(c.kept)+files > c.maxFiles) {
		oldest := c.kept[0]
		if err := os.RemoveAll(filepath.Join(c.dir, oldest.name)); err != nil {
			return err
		}
		c.drop(oldest.name)
	}
	return nil
}
