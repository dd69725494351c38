//go:build !linux

package agent_test

import "testing"

// stalledFolder is a folder that is mounted again.
type stalledFolder struct {
	stallGate
	Dir string // where it is mounted
}

// mountStalled skips the test: there is no FUSE here.
func mountStalled(t testing.TB, backing string) *stalledFolder {
	t.Helper()
	t.Skip("it needs FUSE on Linux")
	return nil
}

// mountStalledAt skips the test, too.
func mountStalledAt(t testing.TB, backing, dir string) *stalledFolder {
	t.Helper()
	return mountStalled(t, backing)
}
