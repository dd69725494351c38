//go:build !linux

package eslogger

import (
	"time"

	"golang.org/x/sys/unix"
)

// growPipe returns how many bytes a pipe holds. macOS gives it more room by itself as it is
// needed. A socket could have more, but macOS tells a program as the best size of its
// writes how much a socket holds: one that buffers its output would keep as much of it back.
func growPipe(int) int { return usualPipe }

// readNow reads what is there.
func readNow(fd int, b []byte) (int, error) { return unix.Read(fd, b) }

// napTimer sleeps with a timer of the runtime.
type napTimer struct{}

func newNapTimer() (*napTimer, error)   { return &napTimer{}, nil }
func (*napTimer) sleep(d time.Duration) { time.Sleep(d) }
func (*napTimer) close()                {}
