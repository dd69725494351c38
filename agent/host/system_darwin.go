package host

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"
)

// readSystem reads the hardware's UUID and serial number, the version of macOS and the id of the boot
// session.
func (id *Identity) readSystem() {
	id.Version, _ = unix.Sysctl("kern.osproductversion")
	id.Build, _ = unix.Sysctl("kern.osversion")
	boot, _ := unix.Sysctl("kern.bootsessionuuid")
	id.Boot = strings.TrimSpace(boot)
	id.ID, id.Serial = hardwareUUID(), serialNumber()
}

// hardwareUUID asks gethostuuid(2), which returns what the rest of macOS calls the
// platform UUID.
func hardwareUUID() string {
	lib, err := purego.Dlopen("/usr/lib/libSystem.B.dylib", purego.RTLD_LAZY|purego.RTLD_GLOBAL)
	if err != nil {
		return ""
	}
	f, err := purego.Dlsym(lib, "gethostuuid")
	if err != nil {
		return ""
	}
	var uuid [16]byte
	wait := unix.Timespec{Sec: 1}
	r, _, _ := purego.SyscallN(f, uintptr(unsafe.Pointer(&uuid)), uintptr(unsafe.Pointer(&wait)))
	if int32(r) != 0 {
		return ""
	}
	return strings.ToUpper(fmt.Sprintf("%x-%x-%x-%x-%x", uuid[0:4], uuid[4:6], uuid[6:8], uuid[8:10], uuid[10:]))
}
