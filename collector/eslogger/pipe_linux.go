package eslogger

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pipeBytes is what the pipe should hold: a tenth of a second of a very busy machine. More
// takes a privilege.
const pipeBytes = 1 << 20

// growPipe makes a pipe larger, so that eslogger need not wait for its reader, and returns
// how many bytes it holds.
func growPipe(fd int) int {
	if n, err := unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, pipeBytes); err == nil {
		return n
	}
	return usualPipe
}

// The scheduler does not know about the system calls below, which never wait: it would wake its
// monitor thread.

// readNow reads what is there.
func readNow(fd int, b []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// napTimer sleeps with one wake-up of one thread. A timer of the runtime wakes two or three.
type napTimer struct {
	fd   int
	file *os.File // of fd, which the runtime polls
	conn syscall.RawConn
}

func newNapTimer() (*napTimer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	t := &napTimer{fd: fd, file: os.NewFile(uintptr(fd), "timer")}
	if t.conn, err = t.file.SyscallConn(); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// sleep waits for a time, which is short: nothing cuts it short.
func (t *napTimer) sleep(d time.Duration) {
	end := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	begun := false
	_ = t.conn.Read(func(fd uintptr) bool {
		if begun {
			return true
		}
		begun = true
		_, _, errno := syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&end)), 0, 0, 0)
		return errno != 0
	})
}

func (t *napTimer) close() { t.file.Close() }
