package eslogger

import (
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// gulpWait is how long lines collect in the pipe while they keep coming: each wake-up
	// costs as much as decoding several of them. It makes alerts later by at most that much.
	gulpWait = 15 * time.Millisecond

	// quietTime is how long the pipe has to be empty before the reader waits for the next line, which
	// costs more than a few reads of an empty pipe.
	quietTime = 250 * time.Millisecond

	// shortestSleep is the time below which a sleep is not worth its wake-up.
	shortestSleep = 200 * time.Microsecond

	// usualPipe is what a pipe holds in bytes on Linux, and at most on macOS.
	usualPipe = 64 << 10
)

// drain reads a pipe whose writer may end while a process that inherited its descriptors holds
// the pipe open. After finish it returns what the writer left and then the end of the stream,
// however slow its reader is.
//
// It reads in gulps: while lines keep coming they collect for a while, but never so long that the
// pipe fills up. What comes after a silence is read at once.
type drain struct {
	fd    int
	timer *napTimer
	bytes int // that the pipe holds
	ended atomic.Bool

	mu      sync.Mutex
	waiting *os.File // what the reader waits with, guarded by mu; nil while it does not wait

	// Used by the reader alone.
	lastRead     time.Time     // when the pipe was last read
	lastFilled   time.Time     // when something was in it
	pause        time.Duration // from lastRead to the next read
	readAfterEnd int           // bytes read after the end
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
		d.timer, err = newNapTimer()
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
		if left := d.pause - time.Since(d.lastRead); left > shortestSleep && !ended {
			d.timer.sleep(left)
			continue
		}
		if ended && d.readAfterEnd >= d.bytes {
			return 0, io.EOF // more than that can't be the writer's
		}
		n, err := readNow(d.fd, b)
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN && ended:
			return 0, io.EOF
		case err == unix.EAGAIN:
			if err := d.awaitData(); err != nil {
				return 0, err
			}
		case err != nil:
			return 0, os.NewSyscallError("read", err)
		case n == 0:
			return 0, io.EOF
		default:
			if ended {
				n = min(n, d.bytes-d.readAfterEnd)
				d.readAfterEnd += n
			}
			d.pace(n, n == len(b))
			return n, nil
		}
	}
}

// pace sets when to read again after n bytes. There may be more in the pipe if all of the
// room was used.
func (d *drain) pace(n int, isFull bool) {
	now := time.Now()
	d.pause = gulpPause(n, now.Sub(d.lastFilled), d.bytes)
	if isFull {
		d.pause = 0
	}
	d.lastRead, d.lastFilled = now, now
}

// gulpPause is how long to leave a pipe that filled with n bytes in a time: until a quarter
// of what it holds is full, if it fills on as it did.
func gulpPause(n int, in time.Duration, holds int) time.Duration {
	return time.Duration(min(float64(gulpWait), float64(in)*float64(holds/4)/float64(n)))
}

// awaitData is for an empty pipe: it lets a moment pass or, after a silence, waits until there
// is something to read, or its end. A descriptor that the runtime polls wakes a thread with
// every line, also while nobody waits for it. So it polls a copy, while it waits.
func (d *drain) awaitData() error {
	if d.lastRead = time.Now(); d.lastRead.Sub(d.lastFilled) < quietTime {
		d.pause = gulpWait
		return nil
	}
	fd, err := unix.FcntlInt(uintptr(d.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	file := os.NewFile(uintptr(fd), "pipe")
	defer file.Close()
	d.mu.Lock()
	d.waiting = file
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.waiting = nil
		d.mu.Unlock()
	}()
	conn, err := file.SyscallConn()
	if err != nil || d.ended.Load() {
		return err
	}
	d.pause = 0
	_ = conn.Read(func(fd uintptr) bool { // its only error is that finish was called
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		return n > 0 || err != nil && err != unix.EINTR
	})
	return nil
}

// finish notes that the writer has ended, and wakes a waiting reader.
func (d *drain) finish() {
	d.ended.Store(true)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting != nil {
		_ = d.waiting.SetReadDeadline(time.Unix(1, 0))
	}
}

// close is called when nobody reads any more.
func (d *drain) close() {
	d.timer.close()
	_ = unix.Close(d.fd)
}
