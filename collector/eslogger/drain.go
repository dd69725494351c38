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
	// drainQuiet is how long the pipe must give nothing to count as empty. All that the
	// writer wrote is in the pipe already: this only has to outlast a busy scheduler.
	drainQuiet = 250 * time.Millisecond
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
	if d.given >= drainBytes || d.waited >= drainWait {
		return 0, io.EOF
	}
	now := time.Now()
	if err := d.file.SetReadDeadline(now.Add(drainQuiet)); err != nil {
		return 0, err
	}
	n, err := d.file.Read(b)
	d.given += n
	d.waited += time.Since(now)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = io.EOF
	}
	return n, err
}

// finish says that the writer has ended, and wakes a reader that waits.
func (d *drain) finish() {
	d.ended.Store(true)
	// An error means that the file was closed, which ends a reader as well.
	_ = d.file.SetReadDeadline(time.Now())
}
