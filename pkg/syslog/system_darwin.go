package syslog

import (
	"fmt"
	"sync"

	"github.com/ebitengine/purego"
)

const (
	libSystem = "/usr/lib/libSystem.B.dylib"

	// As in syslog.h: log the pid, and the facility of every message.
	logPID    = 1
	logDaemon = 3 << 3
)

// ident is the C string that openlog(3) keeps a pointer to: it is set once and lives
// as long as the process.
var (
	identOnce sync.Once
	ident     []byte
)

// native calls syslog(3). The function is variadic, and arm64 passes variadic
// arguments on the stack, where this call puts none: the message is the format.
type native struct {
	syslog func(priority int32, format string)
}

// connect loads libSystem. Go's log/syslog writes to a socket that macOS 12 and later do
// not have: it would lose every message without an error.
func connect(tag string) (connection, error) {
	lib, err := purego.Dlopen(libSystem, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", libSystem, err)
	}
	openlog, err := purego.Dlsym(lib, "openlog")
	if err != nil {
		return nil, fmt.Errorf("%s: openlog: %w", libSystem, err)
	}
	write, err := purego.Dlsym(lib, "syslog")
	if err != nil {
		return nil, fmt.Errorf("%s: syslog: %w", libSystem, err)
	}
	var open func(ident *byte, options, facility int32)
	purego.RegisterFunc(&open, openlog)
	identOnce.Do(func() {
		ident = append([]byte(tag), 0)
		open(&ident[0], logPID, logDaemon)
	})
	n := &native{}
	purego.RegisterFunc(&n.syslog, write)
	return n, nil
}

func (n *native) send(sev Severity, text string) error {
	n.syslog(logDaemon|int32(sev), escapePercent(text))
	return nil
}

// Close leaves the connection to the process, which other writers may use.
func (*native) Close() error { return nil }
