package eslogger

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// gulpWait is how long lines collect in the pipe while they keep coming: each wake-up
// costs as much as decoding several of them. Alerts are that much later at most.
const gulpWait = 8 * time.Millisecond

// usualPipe is what a pipe holds in bytes on Linux, and at most on macOS.
const usualPipe = 64 << 10

// drain reads a pipe whose writer is a process that may end while another one, an heir
// of its descriptors, holds the pipe open. After finish it gives all that the writer
// left and then the end of the stream, heirs or not, however slow its reader is.
//
// It reads in gulps: what comes after a silence is read at once, what follows it closely is
// left to collect for a while, though never so long that the pipe fills up.
type drain struct {
	fd    int
	gate  *gate
	bytes int // that the pipe holds
	ended atomic.Bool

	// Used by the reader alone.
	last  time.Time     // of the last read
	pause time.Duration // from then to the next
	given int           // bytes read after the end
}

// openDrain returns a pipe as a drain, and its writing end.
func openDrain() (*drain, *os.File, error) {
	var fds [2]int
	syscall.ForkLock.RLock()
	err := unix.Pipe(fds[:])
	if err == nil {
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, os.NewSyscallError("pipe", err)
	}
	w := os.NewFile(uintptr(fds[1]), "pipe")
	d := &drain{fd: fds[0], bytes: growPipe(fds[1])}
	if err = unix.SetNonblock(d.fd, true); err == nil {
		d.gate, err = newGate(d.fd)
	}
	if err != nil {
		_ = unix.Close(d.fd)
		w.Close()
		return nil, nil, err
	}
	return d, w, nil
}

// Read implements io.Reader.
func (d *drain) Read(b []byte) (int, error) {
	for {
		// What the writer left is in the pipe once this is true.
		ended := d.ended.Load()
		if left := d.pause - time.Since(d.last); left > 0 && !ended && d.gate.sleep(left) != nil {
			continue
		}
		if ended && d.given >= d.bytes {
			return 0, io.EOF // more than that can't be the writer's
		}
		n, err := readNow(d.fd, b)
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN && ended:
			return 0, io.EOF
		case err == unix.EAGAIN:
			if err := d.gate.wait(); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				return 0, err
			}
		case err != nil:
			return 0, os.NewSyscallError("read", err)
		case n == 0:
			return 0, io.EOF
		default:
			if ended {
				n = min(n, d.bytes-d.given)
				d.given += n
			}
			d.pace(n, n == len(b))
			return n, nil
		}
	}
}

// pace says when to read again after n bytes: as soon as the pipe is a quarter full, if it
// fills on as it did. There may be more in the pipe if all of the room was used.
func (d *drain) pace(n int, isFull bool) {
	now := time.Now()
	d.pause = min(gulpWait, now.Sub(d.last)*time.Duration(d.bytes/4)/time.Duration(n))
	if isFull {
		d.pause = 0
	}
	d.last = now
}

// finish says that the writer has ended, and wakes a reader that waits.
func (d *drain) finish() {
	d.ended.Store(true)
	d.gate.open()
}

// close is called when nobody reads any more.
func (d *drain) close() {
	d.gate.close()
	_ = unix.Close(d.fd)
}
