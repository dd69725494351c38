package logfile

import (
	"io"
	"sync"
	"time"
)

// Bounds of what waits for a Background's writer. Beyond them lines are lost, and counted.
const (
	maxLines      = 1000
	maxLinesBytes = 256 << 10
)

// Background writes for those who must not wait: its writer, as a file on a disk that hangs,
// may take as long as it likes. Its methods may be called from any goroutine.
type Background struct {
	w    io.Writer
	lost func(n int) []byte

	mu      sync.Mutex // guards what follows
	lines   [][]byte
	bytes   int
	missing int           // lines that were lost since the last that was written
	ended   chan struct{} // closed when the goroutine that writes has nothing more to do; nil when none does
}

// NewBackground returns a writer of lines to w. lost returns the line that says how many were
// lost.
func NewBackground(w io.Writer, lost func(n int) []byte) *Background {
	return &Background{w: w, lost: lost}
}

// Write takes a line, and returns at once. It never fails.
func (b *Background) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.lines) >= maxLines || b.bytes+len(line) > maxLinesBytes {
		b.missing++
		return len(line), nil
	}
	b.lines = append(b.lines, append([]byte(nil), line...))
	b.bytes += len(line)
	if b.ended == nil {
		b.ended = make(chan struct{})
		go b.run()
	}
	return len(line), nil
}

// run writes until nothing is left.
func (b *Background) run() {
	for {
		var line []byte
		b.mu.Lock()
		switch {
		case len(b.lines) > 0:
			line = b.lines[0]
			b.lines = b.lines[1:]
			b.bytes -= len(line)
		case b.missing > 0:
			line = b.lost(b.missing)
			b.missing = 0
		default:
			close(b.ended)
			b.lines, b.ended = nil, nil
			b.mu.Unlock()
			return
		}
		b.mu.Unlock()
		_, _ = b.w.Write(line) // an error has nowhere to go
	}
}

// Flush waits until all is written, for so long at most, and reports whether it is.
func (b *Background) Flush(limit time.Duration) bool {
	b.mu.Lock()
	ended := b.ended
	b.mu.Unlock()
	if ended == nil {
		return true
	}
	select {
	case <-ended:
		return true
	case <-time.After(limit):
		return false
	}
}
