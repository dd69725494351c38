package program

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// isQuarantined reports whether a file has the attribute by which macOS remembers that it
// was downloaded; fgetxattr(2) without a buffer tells its size.
func isQuarantined(f *os.File) bool {
	name := append([]byte("com.apple.quarantine"), 0)
	e := syscall.EINTR
	for e == syscall.EINTR {
		_, _, e = syscall.Syscall6(syscall.SYS_FGETXATTR, f.Fd(), uintptr(unsafe.Pointer(&name[0])), 0, 0, 0, 0)
	}
	runtime.KeepAlive(f)
	return e == 0
}
