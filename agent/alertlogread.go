package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// Bounds of reading a log, in bytes. The agent writes no line as long as maxLogLine, which
// is what pkg/logfile takes back of an unfinished one.
const (
	maxLogLine = 256 << 10
	logBlock   = 256 << 10 // read at a time
)

var (
	errLongLine = fmt.Errorf("longer than %d bytes", maxLogLine)
	errCutLine  = errors.New("cut short")
)

// backward reads a log's lines from the last to the first, in memory that does not grow
// with the log. A line is shown without its line break, and holds until the next call.
type backward struct {
	r      io.ReaderAt
	buf    []byte
	breaks []int // where in buf lines end
	lo, hi int   // what is read and not yet shown is buf[lo:hi]
	off    int64 // of buf[lo] in the file
	open   bool  // the end of the line is not seen yet, as of the file's last one
	long   bool  // within a line over the bound
	over   bool
}

func newBackward(r io.ReaderAt, size int64) *backward {
	room := int(min(maxLogLine+1+logBlock, size))
	return &backward{r: r, buf: make([]byte, room), lo: room, hi: room, off: size, open: true}
}

// logLine is a line of a log.
type logLine struct {
	text  []byte
	at    int64 // its place in the file
	whole bool  // it ends in a line break
	err   error // it is too long; there is no text
}

// glance reads the head of the line's document. Of a line without an end it reads all:
// it may be half a line.
func (l *logLine) glance() (docHead, error) {
	if l.err != nil || !l.whole {
		return l.check()
	}
	return readHead(l.text)
}

// check reads the head of the line's document, which must be whole.
func (l *logLine) check() (docHead, error) {
	if l.err != nil {
		return docHead{}, l.err
	}
	h, err := checkDoc(l.text)
	if err != nil && !l.whole {
		err = errCutLine
	}
	return h, err
}

// next returns the line before, io.EOF before the first.
func (b *backward) next(ctx context.Context) (logLine, error) {
	for !b.over {
		if n := len(b.breaks); n > 0 {
			end := b.breaks[n-1]
			b.breaks = b.breaks[:n-1]
			if l, ok := b.cut(end + 1); ok {
				return l, nil
			}
			continue
		}
		if b.hi-b.lo > maxLogLine {
			b.long, b.hi = true, b.lo
		}
		if b.off == 0 {
			b.over = true
			if l, ok := b.cut(b.lo); ok {
				return l, nil
			}
			break
		}
		if err := ctx.Err(); err != nil {
			return logLine{}, err
		}
		if err := b.fill(); err != nil {
			return logLine{}, err
		}
	}
	return logLine{}, io.EOF
}

// cut takes the line that begins at that place in buf, if it is not empty.
func (b *backward) cut(from int) (logLine, bool) {
	l := logLine{text: b.buf[from:b.hi], at: b.off + int64(from-b.lo), whole: !b.open}
	if b.long || len(l.text) > maxLogLine {
		l.text, l.err = nil, errLongLine
	}
	b.long, b.open = false, false
	b.hi = max(b.lo, from-1)
	return l, len(l.text) > 0 || l.err != nil
}

// fill reads the block before what is there.
func (b *backward) fill() error {
	have := copy(b.buf[len(b.buf)-(b.hi-b.lo):], b.buf[b.lo:b.hi])
	b.hi = len(b.buf)
	b.lo = b.hi - have
	n := int(min(b.off, logBlock))
	if _, err := b.r.ReadAt(b.buf[b.lo-n:b.lo], b.off-int64(n)); err != nil {
		return err // io.EOF when the file was cut meanwhile: nothing before is what it was
	}
	end := b.lo // what is behind it holds no line break
	b.lo -= n
	b.off -= int64(n)
	for at := b.lo; ; at++ { // forwards, as that is many times as fast
		next := bytes.IndexByte(b.buf[at:end], '\n')
		if next < 0 {
			return nil
		}
		at += next
		b.breaks = append(b.breaks, at)
	}
}

// forwards shows a log's lines from the first to the last, also while the log grows.
type forwards struct {
	r      io.ReaderAt
	needle []byte // show only lines that hold it; empty for every line
	buf    []byte
	skip   bool // within a line over the bound
}

// read shows the lines between two places, and returns where the first line without an
// end begins, and that line. An error of show ends it.
func (f *forwards) read(ctx context.Context, from, to int64, show func(logLine) error) (int64, []byte, error) {
	if room := int(min(maxLogLine+logBlock, to-from)); len(f.buf) < room {
		f.buf = make([]byte, room)
	}
	at, n := from, 0 // f.buf[:n] is what is read and not yet shown, from that place on
	for at+int64(n) < to {
		if err := ctx.Err(); err != nil {
			return at, nil, err
		}
		want := int(min(int64(len(f.buf)-n), to-at-int64(n)))
		got, err := f.r.ReadAt(f.buf[n:n+want], at+int64(n))
		if err == io.EOF && got == 0 {
			break // it was cut meanwhile
		}
		if err != nil && err != io.EOF {
			return at, nil, err
		}
		n += got
		end := bytes.LastIndexByte(f.buf[:n], '\n') + 1
		if err := f.lines(f.buf[:end], at, show); err != nil {
			return at, nil, err
		}
		at, n = at+int64(end), copy(f.buf, f.buf[end:n])
		if n > maxLogLine {
			if !f.skip {
				f.skip = true
				if err := show(logLine{at: at, err: errLongLine}); err != nil {
					return at, nil, err
				}
			}
			at, n = at+int64(n), 0
		}
	}
	if f.skip {
		return at + int64(n), nil, nil
	}
	return at, f.buf[:n], nil
}

// lines shows whole lines.
func (f *forwards) lines(text []byte, at int64, show func(logLine) error) error {
	for len(text) > 0 {
		if f.skip {
			f.skip = false
			end := bytes.IndexByte(text, '\n') + 1
			text, at = text[end:], at+int64(end)
			continue
		}
		hit := bytes.Index(text, f.needle)
		if hit < 0 {
			return nil
		}
		from := bytes.LastIndexByte(text[:hit], '\n') + 1
		end := from + bytes.IndexByte(text[from:], '\n')
		l := logLine{text: text[from:end], at: at + int64(from), whole: true}
		if len(l.text) > maxLogLine {
			l.text, l.err = nil, errLongLine
		}
		if len(l.text) > 0 || l.err != nil {
			if err := show(l); err != nil {
				return err
			}
		}
		text, at = text[end+1:], at+int64(end+1)
	}
	return nil
}
