package spool

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// fBarrierFsync is F_BARRIERFSYNC of <sys/fcntl.h>: written to the drive, and by it
// before anything that comes later. Sync is F_FULLFSYNC, which empties the drive's cache
// and takes ten times as long; once for a Put is enough.
const fBarrierFsync = 85

func barrier(f *os.File) error {
	err := ignoringSignals(func() error {
		_, err := unix.FcntlInt(f.Fd(), fBarrierFsync, 0)
		return err
	})
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTTY) {
		return f.Sync() // a file system without it; after any other error Sync could lie
	}
	return err
}
