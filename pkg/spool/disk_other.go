//go:build !darwin

package spool

import "os"

// barrier has no cheaper form here: fsync waits for the drive.
func barrier(f *os.File) error { return f.Sync() }
