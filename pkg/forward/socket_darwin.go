package forward

import "golang.org/x/sys/unix"

// unsent returns how many bytes the other machine has not acknowledged, and -1 for a
// connection that failed.
func unsent(fd uintptr) int {
	if fault, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR); err != nil || fault != 0 {
		return -1
	}
	n, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_NWRITE)
	if err != nil {
		return -1
	}
	return n
}
