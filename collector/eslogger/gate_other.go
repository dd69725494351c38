//go:build !linux

package eslogger

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// growPipe returns how many bytes a pipe holds. macOS gives it more room by itself as it is
// needed. A socket could have more, but macOS tells a program as the best size of its
// writes how much a socket holds: one that buffers its output would keep as much of it back.
func growPipe(int) int { return usualPipe }

// gate waits for a descriptor to be readable.
type gate struct {
	file *os.File
	conn syscall.RawConn
}

// newGate has the runtime poll a copy of the descriptor.
func newGate(fd int) (*gate, error) {
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	g := &gate{file: os.NewFile(uintptr(own), "pipe")}
	if g.conn, err = g.file.SyscallConn(); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

// sleep returns at once: a timer costs more wake-ups than it saves while the runtime polls
// the descriptor.
func (g *gate) sleep(time.Duration) error { return nil }

// wait waits until there is something to read, or its end.
func (g *gate) wait() error {
	return g.conn.Read(func(fd uintptr) bool {
		list := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(list, 0)
		return n > 0 || err != nil && err != unix.EINTR
	})
}

// open ends all waiting, now and later.
func (g *gate) open() { _ = g.file.SetReadDeadline(time.Unix(1, 0)) }

func (g *gate) close() { g.file.Close() }

// readNow reads what is there.
func readNow(fd int, b []byte) (int, error) { return unix.Read(fd, b) }
