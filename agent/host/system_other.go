//go:build !darwin

package host

import (
	"os"
	"strings"
)

// system returns what there is of the machine's id, macOS version and boot session.
// Elsewhere than on macOS it serves tests and recordings.
func system() (id, version, boot string) {
	return firstLine("/etc/machine-id"), "", firstLine("/proc/sys/kernel/random/boot_id")
}

func firstLine(name string) string {
	b, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line)
}
