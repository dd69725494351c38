package eslogger

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"
)

const (
	// drainBytes is what a pipe holds on Linux and macOS: the writer has ended, so more
	// than this can't be its.
	drainBytes = 64 << 10
	// drainTries reads in succession that give nothing, each within drainTry, mean that the
	// pipe is empty. All that the writer wrote is in it already, but a read whose deadline
	// passes before it gets the processor fails with the pipe full: one proves nothing.
	drainTries = 5
	drainTry   = 50 * time.Millisecond
	// drainWait bounds all waiting together, against an heir that dribbles.
	drainWait = time.Second
)

// drain reads a pipe whose writer is a process that may end while another one, an heir
// of its descriptors, holds the pipe open. After finish it gives all that the writer
// left and then the end of the stream, heirs or not, however slow its reader is.
type drain struct {
	file  *os.File
	ended atomic.Bool

	// Used by the reader alone, after the end.
	given  int
	waited time.Duration
}

// Read implements io.Reader.
func (d *drain) Read(b []byte) (int, error) {
	for !d.ended.Load() {
		n, err := d.file.Read(b)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		// Woken by finish. If the reader was busy for long, the deadline has passed with
		// the pipe still full, so it tells nothing.
	}
	for range drainTries {
		left := drainBytes - d.given
		if left <= 0 || d.waited >= drainWait {
			break
		}
		now := time.Now()
		if err := d.file.SetReadDeadline(now.Add(drainTry)); err != nil {
			return 0, err
		}
		n, err := d.file.Read(b[:min(left, len(b))])
		d.given += n
		d.waited += time.Since(now)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
	return 0, io.EOF
}

// finish says that the writer has ended, and wakes a reader that waits.
func (d *drain) finish() {
	d.ended.Store(true)
	// An error means that the file was closed, which ends a reader as well.
	_ = d.file.SetReadDeadline(time.Now())
}
