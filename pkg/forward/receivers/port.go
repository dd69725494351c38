package receivers

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
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
	if err := os.MkdirAll(claims, 0o700); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		claim, err := os.OpenFile(filepath.Join(claims, fmt.Sprint(port)), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
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
