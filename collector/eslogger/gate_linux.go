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

// gate waits for a descriptor to be readable, or for time to pass, with one wake-up of one
// thread. A timer of the runtime wakes two or three. A descriptor that the runtime polls
// wakes a thread with every line, also while nobody waits for it: so the runtime polls a
// set here, in which the descriptor counts only while it is waited for. System calls that
// the scheduler knows of wake its monitor thread; it is not told of those that never wait.
type gate struct {
	fd, timer int
	set       *os.File
	conn      syscall.RawConn
}

func newGate(fd int) (*gate, error) {
	g := &gate{fd: fd, timer: -1}
	set, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create", err)
	}
	_ = unix.SetNonblock(set, true) // so that the runtime polls it
	g.set = os.NewFile(uintptr(set), "epoll")
	if g.conn, err = g.set.SyscallConn(); err == nil {
		g.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	}
	if err == nil {
		err = unix.EpollCtl(set, unix.EPOLL_CTL_ADD, g.timer, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(g.timer)})
	}
	if err == nil {
		err = unix.EpollCtl(set, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLONESHOT, Fd: int32(fd)})
	}
	if err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

// sleep waits for a time. The error is os.ErrDeadlineExceeded once the gate is open.
func (g *gate) sleep(d time.Duration) error {
	t := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, uintptr(g.timer), 0, uintptr(unsafe.Pointer(&t)), 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("timerfd_settime", errno)
	}
	return g.await(g.timer)
}

// wait waits until there is something to read, or its end.
func (g *gate) wait() error {
	var errno syscall.Errno
	err := g.conn.Control(func(set uintptr) {
		ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLONESHOT, Fd: int32(g.fd)}
		_, _, errno = syscall.RawSyscall6(syscall.SYS_EPOLL_CTL, set, unix.EPOLL_CTL_MOD, uintptr(g.fd), uintptr(unsafe.Pointer(&ev)), 0, 0)
	})
	if err == nil && errno != 0 {
		err = os.NewSyscallError("epoll_ctl", errno)
	}
	if err != nil {
		return err
	}
	return g.await(g.fd)
}

// await waits for an event of a descriptor of the set.
func (g *gate) await(fd int) error {
	return g.conn.Read(func(set uintptr) bool {
		var list [2]unix.EpollEvent
		n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, set, uintptr(unsafe.Pointer(&list[0])), uintptr(len(list)), 0, 0, 0)
		if errno != 0 {
			return errno != unix.EINTR
		}
		for _, ev := range list[:n] {
			if ev.Fd == int32(fd) {
				return true
			}
		}
		return false
	})
}

// open ends all waiting, now and later.
func (g *gate) open() { _ = g.set.SetReadDeadline(time.Unix(1, 0)) }

func (g *gate) close() {
	g.set.Close()
	if g.timer >= 0 {
		_ = unix.Close(g.timer)
	}
}

// readNow reads what is there.
func readNow(fd int, b []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
