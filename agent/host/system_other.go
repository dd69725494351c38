//go:build !darwin

package host

import (
	"os"
	"strings"
)

// readSystem reads what there is of the machine's id and boot session. Elsewhere than on macOS it serves
// tests and recordings.
func (id *Identity) readSystem() {
	id.ID, id.Boot = firstLine("/etc/machine-id"), firstLine("/proc/sys/kernel/random/boot_id")
}

func firstLine(name string) string {
	b, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line)
}
