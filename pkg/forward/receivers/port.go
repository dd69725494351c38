package receivers

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Ports of receivers: below those that systems give to connections (Linux from 32768, macOS
// from 49152). One of these could be given away while its receiver is stopped, and whoever
// dials it then may even be connected to itself.
const (
	firstPort = 20_000
	lastPort  = 32_000
)

// freePort returns a port that nobody listens on, and that no other test gets until this one
// has ended, whichever program it is in.
func freePort(t testing.TB) int {
	t.Helper()
	claims := filepath.Join(os.TempDir(), fmt.Sprintf("hooksnare-ports-%d", os.Getuid()))
	must(t, os.MkdirAll(claims, 0o700))
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		claim, err := os.OpenFile(filepath.Join(claims, fmt.Sprint(port)), os.O_CREATE|os.O_RDWR, 0o600)
		must(t, err)
		if syscall.Flock(int(claim.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
				l.Close()
				t.Cleanup(func() { claim.Close() }) // its file stays: another may be opening it
				return port
			}
		}
		claim.Close()
	}
	t.Fatal("no port is free")
	return 0
}

// listens returns nil if somebody listens on a port of this machine. It asks the system: a
// connection that is closed at once spoils the next one of some receivers (rsyslog's RELP
// ends another's while it tidies up after a handshake that failed).
func listens(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	number, err := net.LookupPort("tcp", port)
	if err != nil {
		return err
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		b, _ := os.ReadFile(table) // one is missing where there is no IPv6
		for line := range strings.Lines(string(b)) {
			fields := strings.Fields(line)
			const listening = "0A"
			if len(fields) > 3 && fields[3] == listening && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", number)) {
				return nil
			}
		}
	}
	return fmt.Errorf("nobody listens on %s", address)
}
