package program

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"hooksnare/pkg/safefile"
)

// Bounds on what is read of a program, in bytes.
const (
	maxHash    = 32 << 20  // of a file that is hashed
	maxContent = 256 << 10 // of a script that is handed out
	maxExcerpt = 2 << 10
	maxShebang = 512 // as much as macOS looks at
)

// Kinds of content, as event.Program has them.
const (
	Script    = "script" // a text: by an interpreter line, or as a shell takes it without one
	kindMachO = "mach-o"
	kindEmpty = "empty"
	kindData  = "data"
)

// content is what a file holds.
type content struct {
	kind        string
	text        []byte // the beginning of a script
	sum         string // "" if the file is too large
	read        int64  // bytes of it that were read
	short       bool   // it was not hashed because the allowance is too small
	claim       claim
	quarantined bool
}

// read reads the regular file at a location, if it is still what it was.
func (d *disk) read(at location, a allowance) (content, error) {
	f, err := d.tree.Open(at.At, at.FileVersion)
	if err != nil {
		return content{}, err
	}
	defer f.Close()
	var c content
	most := at.Size + 1 // one more shows growth
	if c.short = at.Size <= a.most && at.Size > a.bytes; c.short || at.Size > a.most {
		most = min(at.Size, maxContent)
	}
	if err := c.readFrom(f, at.Size, most, a.until); err != nil {
		return content{}, err
	}
	if c.kind == kindMachO {
		c.claim = readClaims(f, at.Size)
	}
	c.quarantined = isQuarantined(f)
	return c, safefile.Unchanged(f, at.FileVersion)
}

// readFrom reads as many bytes of a file of that size, while there is time, and hashes it if
// that is the whole.
func (c *content) readFrom(f io.Reader, size, most int64, until time.Time) error {
	r := &timedReader{f, until}
	head := make([]byte, min(most, maxContent))
	n, err := io.ReadFull(r, head)
	head, c.read = head[:n], int64(n)
	h := sha256.New()
	h.Write(head)
	if err == nil {
		n, e := io.Copy(h, io.LimitReader(r, most-c.read))
		c.read, err = c.read+n, e
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case c.read != min(size, most):
		return safefile.ErrChanged
	case most > size:
		c.sum = hex.EncodeToString(h.Sum(nil))
	}
	if c.kind = kindOf(head); c.kind == Script {
		c.text = head
	}
	return nil
}

// timedReader reads as long as somebody waits for it.
type timedReader struct {
	io.Reader
	until time.Time
}

func (r *timedReader) Read(b []byte) (int, error) {
	if time.Now().After(r.until) {
		return 0, errNoAnswer
	}
	return r.Reader.Read(b)
}

// kindOf returns what a file is by its first bytes. Without an interpreter line a text is
// what a shell runs as one: no NUL before the first line ends.
func kindOf(head []byte) string {
	head = head[:min(len(head), maxExcerpt)]
	line, _, _ := bytes.Cut(head, []byte("\n"))
	switch {
	case len(head) == 0:
		return kindEmpty
	case isMachO(head):
		return kindMachO
	case bytes.HasPrefix(head, []byte("#!")), bytes.IndexByte(line, 0) < 0:
		return Script
	}
	return kindData
}

// shebangOf returns the interpreter line of a text, without its "#!".
func shebangOf(text []byte) string {
	line, ok := bytes.CutPrefix(text[:min(len(text), maxShebang)], []byte("#!"))
	if !ok {
		return ""
	}
	if i := bytes.IndexAny(line, "\n\x00"); i >= 0 {
		line = line[:i]
	}
	return string(bytes.Trim(line, " \t"))
}
