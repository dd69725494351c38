//go:build !linux

package stallfs

import "testing"

// FS is a folder that is mounted again.
type FS struct {
	gate
	Dir string // where it is mounted
}

// Mount skips the test: there is no FUSE here.
func Mount(t testing.TB, backing string) *FS {
	t.Helper()
	t.Skip("stallfs needs FUSE on Linux")
	return nil
}

// MountAt skips the test, too.
func MountAt(t testing.TB, backing, dir string) *FS {
	t.Helper()
	return Mount(t, backing)
}
