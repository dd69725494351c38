package program

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"hooksnare/pkg/safefile"
)

// Bounds on what is read of a program, in bytes.
const (
	maxHash    = 32 << 20  // of a file that is hashed
	maxContent = 256 << 10 // of a script that is handed out
	maxExcerpt = 2 << 10
	maxShebang = 512 // as much as macOS looks at
	chunk      = 64 << 10
)

// Kinds of content, as event.Program has them.
const (
	Script = "script" // a text: by an interpreter line, or as a shell takes it without one
	MachO  = "mach-o"
	Empty  = "empty"
	Data   = "data"
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

// openFlags let no link be followed at the end of a path, and no FIFO or terminal block or
// take over the process.
const openFlags = os.O_RDONLY | syscall.O_NOFOLLOW | syscall.O_NONBLOCK | syscall.O_NOCTTY | syscall.O_CLOEXEC

// open opens the regular file that a walk came to, or says that it is no longer there.
func (d *disk) open(p place) (*os.File, error) {
	f, err := d.root.OpenFile(p.at, openFlags, 0)
	for _, gone := range []error{fs.ErrNotExist, syscall.ELOOP, syscall.ENXIO, syscall.EOPNOTSUPP, syscall.ENOTDIR} {
		if errors.Is(err, gone) {
			return nil, fmt.Errorf("%s: %w", p.at, safefile.ErrChanged)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := unchanged(f, p.info); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// unchanged compares an open file with what it was.
func unchanged(f *os.File, was fs.FileInfo) error {
	now, err := f.Stat()
	if err != nil {
		return err
	}
	if identify(now, nil) != identify(was, nil) {
		return fmt.Errorf("%s: %w", f.Name(), safefile.ErrChanged)
	}
	return nil
}

// read reads the regular file that a walk came to, as it was then.
func (d *disk) read(p place) (content, error) {
	f, err := d.open(p)
	if err != nil {
		return content{}, err
	}
	defer f.Close()
	var c content
	size := p.info.Size()
	if c.short = size <= maxHash && size > d.may.bytes; size <= maxHash && !c.short {
		err = c.hash(f, size, d.may.until)
	} else {
		err = c.begin(f, size)
	}
	if err != nil {
		return content{}, err
	}
	if c.kind == MachO {
		c.claim = claims(f, size)
	}
	c.quarantined = quarantined(f)
	return c, unchanged(f, p.info)
}

// hash reads the whole of a file of that size, while there is time.
func (c *content) hash(f io.Reader, size int64, until time.Time) error {
	h := sha256.New()
	buf := make([]byte, min(size+1, chunk)) // one more shows growth
	for c.read <= size {
		if time.Now().After(until) {
			return errLate
		}
		n, err := io.ReadFull(f, buf[:min(int64(len(buf)), size+1-c.read)])
		c.take(h, buf[:n])
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if c.read != size {
		return safefile.ErrChanged
	}
	c.sum = hex.EncodeToString(h.Sum(nil))
	return nil
}

// begin reads the beginning of a file of that size, which is not hashed.
func (c *content) begin(f io.Reader, size int64) error {
	buf := make([]byte, min(size, maxContent))
	n, err := io.ReadFull(f, buf)
	c.take(nil, buf[:n])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return safefile.ErrChanged
	}
	return err
}

// take goes on with the next bytes of a file.
func (c *content) take(h hash.Hash, b []byte) {
	if h != nil {
		h.Write(b)
	}
	if c.read == 0 {
		c.kind = kindOf(b)
	}
	c.read += int64(len(b))
	if c.kind == Script {
		c.text = append(c.text, b[:min(len(b), maxContent-len(c.text))]...)
	}
}

// kindOf tells what a file is by its first bytes. Without an interpreter line a text is
// what a shell runs as one: no NUL before the first line ends.
func kindOf(head []byte) string {
	head = head[:min(len(head), maxExcerpt)]
	switch {
	case len(head) == 0:
		return Empty
	case isMachO(head):
		return MachO
	case bytes.HasPrefix(head, []byte("#!")):
		return Script
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if bytes.IndexByte(line, 0) < 0 {
		return Script
	}
	return Data
}

// shebang returns the interpreter line of a text, without its "#!".
func shebang(text []byte) string {
	line, ok := bytes.CutPrefix(text[:min(len(text), maxShebang)], []byte("#!"))
	if !ok {
		return ""
	}
	if i := bytes.IndexAny(line, "\n\x00"); i >= 0 {
		line = line[:i]
	}
	return string(bytes.Trim(line, " \t"))
}

// interpreter returns the program of an interpreter line.
func interpreter(shebang string) string {
	if i := strings.IndexAny(shebang, " \t"); i >= 0 {
		return shebang[:i]
	}
	return shebang
}
