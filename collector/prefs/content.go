package prefs

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"

	"hooksnare/pkg/plist"
	"hooksnare/pkg/safefile"
)

const (
	// maxSearch is the largest file in which hooks are looked for, in bytes: the slowest to look through
	// takes less than answerTime. What is larger is unreadable whatever it holds. A scan
	// looks through one.
	maxSearch = 16 << 20
	// maxEvidence is how much is kept of a file that can't be read, in bytes.
	maxEvidence = 64 << 10
)

// content is what the bytes of a file come to.
type content struct {
	hash      [sha256.Size]byte
	bytes     []byte // nil for a file that was looked through
	vals      values
	uncertain bool   // they may be others
	err       error  // why there may be more
	head      []byte // the beginning, where there is an error
}

// readContent reads the content of a file; search has one that is too large to be read looked through.
func (s *scan) readContent(f *file, search bool) (c content, opened safefile.FileVersion, err error) {
	if search {
		return s.searchContent(f)
	}
	c.bytes, opened, err = s.disk.read(f.name, f.limit)
	c.hash = sha256.Sum256(c.bytes)
	return c, opened, err
}

// parse reads the values, unless they are known already.
func (c *content) parse(f *file) {
	if c.err != nil {
		return
	}
	if c.vals, c.uncertain, c.err = f.parse(c.bytes); c.err != nil {
		c.head = bytes.Clone(c.bytes[:min(len(c.bytes), maxEvidence)])
	}
}

// searchContent looks for hooks in a file that is too large to be read.
func (s *scan) searchContent(f *file) (c content, opened safefile.FileVersion, err error) {
	hash, searcher, head := sha256.New(), plist.NewSearcher(keys[:]...), &headWriter{}
	opened, err = s.disk.copy(f.name, maxSearch, io.MultiWriter(hash, searcher, head))
	hash.Sum(c.hash[:0])
	found := searcher.Found()
	c.vals, c.uncertain, c.head = valuesOf(found), found.Uncertain, head.kept
	c.err = fmt.Errorf("%w: %d bytes, more than the %d that are read", safefile.ErrTooLarge, opened.Size, f.limit)
	return c, opened, err
}

// headWriter keeps the beginning of what is written.
type headWriter struct{ kept []byte }

// Write always succeeds.
func (w *headWriter) Write(b []byte) (int, error) {
	w.kept = append(w.kept, b[:min(len(b), maxEvidence-len(w.kept))]...)
	return len(b), nil
}

// affordSearch reports whether another file may be looked through.
func (s *scan) affordSearch() bool {
	s.short = s.short || s.searched
	searched := s.searched
	s.searched = true
	return !searched
}
