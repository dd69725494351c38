package spool

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestIgnoringSignals holds that a call is made until no signal ends it, and no more often.
func TestIgnoringSignals(t *testing.T) {
	for _, want := range []error{nil, unix.EIO, unix.ENOTSUP} {
		for interrupted := range 4 {
			calls := 0
			got := ignoringSignals(func() error {
				if calls++; calls <= interrupted {
					return unix.EINTR
				}
				return want
			})
			if got != want || calls != interrupted+1 {
				t.Errorf("%d times interrupted: got %v after %d calls, want %v after %d", interrupted, got, calls, want, interrupted+1)
			}
		}
	}
}
