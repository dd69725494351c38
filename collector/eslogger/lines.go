package eslogger

import (
	"bytes"
	"io"
)

// MaxLine bounds a line in bytes. The kernel gives one exec 1 MiB of arguments and
// environment, and JSON needs up to six bytes for one of them.
const MaxLine = 8 << 20

// linesBuffer is what the reader keeps: large enough that a read is cheap, small enough
// to stay in a core's cache.
const linesBuffer = 256 << 10

// Lines cuts a stream into lines. It never stops at a line: one longer than the bound is
// counted and passed over, and its memory is given back.
type Lines struct {
	r       io.Reader
	max     int
	buf     []byte
	start   int  // of the line to come
	scanned int  // no newline between start and here
	end     int  // of what was read
	passing bool // inside a line over the bound
	passed  int  // bytes of it
	skipped uint64
	err     error
}

// NewLines reads lines of at most max bytes from r; max 0 means MaxLine.
func NewLines(r io.Reader, max int) *Lines {
	if max <= 0 {
		max = MaxLine
	}
	return &Lines{r: r, max: max, buf: make([]byte, min(linesBuffer, max+1))}
}

// Next returns the next complete line without its newline; it holds until the next
// call. At the end of the stream it returns the reader's error, io.EOF as a rule.
func (l *Lines) Next() ([]byte, error) {
	for {
		if n := bytes.IndexByte(l.buf[l.scanned:l.end], '\n'); n >= 0 {
			line := l.buf[l.start : l.scanned+n]
			l.start, l.scanned = l.scanned+n+1, l.scanned+n+1
			if !l.passing {
				return line, nil
			}
			l.passing, l.passed = false, 0
			continue
		}
		l.scanned = l.end
		if l.err != nil {
			return nil, l.err
		}
		l.fill()
	}
}

// block returns all complete lines that are at hand, at least one, with their newlines, and
// the buffer that they lie in. It reads on with spare.
func (l *Lines) block(spare []byte) (lines, buf []byte, err error) {
	for {
		if l.passing {
			if n := bytes.IndexByte(l.buf[l.scanned:l.end], '\n'); n >= 0 {
				l.start, l.passing, l.passed = l.scanned+n+1, false, 0
			}
		}
		if n := bytes.LastIndexByte(l.buf[l.start:l.end], '\n'); !l.passing && n >= 0 {
			lines, buf = l.buf[l.start:l.start+n+1], l.buf
			l.start += n + 1
			if l.end-l.start > len(spare) {
				spare = make([]byte, len(buf))
			}
			l.move(spare)
			return lines, buf, nil
		}
		l.scanned = l.end
		if l.err != nil {
			return nil, nil, l.err
		}
		l.fill()
	}
}

// fill reads more, making room first.
func (l *Lines) fill() {
	if !l.passing && l.end-l.start > l.max {
		l.passing = true
		l.skipped++
	}
	if l.passing {
		l.passed += l.end - l.start
		l.start, l.scanned, l.end = 0, 0, 0
	}
	small := min(linesBuffer, l.max+1)
	switch pending := l.end - l.start; {
	case len(l.buf) > small && pending < small/2:
		l.move(make([]byte, small)) // a long line has passed: give its memory back
	case l.start > 0 && len(l.buf)-l.end < len(l.buf)/4:
		l.move(l.buf)
	case pending == len(l.buf):
		// In few steps, each of which leaves the one before to the garbage collector.
		l.move(make([]byte, min(8*len(l.buf), l.max+1)))
	}
	n, err := l.r.Read(l.buf[l.end:])
	l.end += n
	l.err = err
}

func (l *Lines) move(to []byte) {
	n := copy(to, l.buf[l.start:l.end])
	l.buf, l.start, l.scanned, l.end = to, 0, n, n
}

// Skipped returns how many lines were longer than the bound.
func (l *Lines) Skipped() uint64 { return l.skipped }

// Cut returns, after the end of the stream, the length in bytes of an unfinished last
// line, 0 without one.
func (l *Lines) Cut() int {
	if l.err == nil {
		return 0
	}
	return l.passed + l.end - l.start
}

// Rest returns, after the end of the stream, the unfinished last line within the bound.
func (l *Lines) Rest() []byte {
	if l.err == nil || l.passing {
		return nil
	}
	return l.buf[l.start:l.end]
}
