package spool

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// smallDisk mounts a file system of so many bytes.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("spool", dir, "tmpfs", 0, "mode=0700,size="+size)
	if errors.Is(err, syscall.EPERM) {
		t.Skip("mounting a small disk needs root; TestFullFake checks the same on a disk of memory")
	}
	must(t, err)
	t.Cleanup(func() { must(t, syscall.Unmount(dir, 0)) })
	return dir
}

// TestFullTmpfs fills a real file system and frees it again.
func TestFullTmpfs(t *testing.T) {
	disk := smallDisk(t, "512k")
	other := filepath.Join(disk, "other")
	must(t, os.WriteFile(other, make([]byte, 192<<10), 0o600))
	o := Options{Dir: filepath.Join(disk, "spool"), ballast: 64 << 10, manual: true}
	fullThenFreed(t, o, func() { must(t, os.Remove(other)) })
}

// TestReadOnlyTmpfs makes a real file system read-only under a spool, and writable again.
func TestReadOnlyTmpfs(t *testing.T) {
	disk := smallDisk(t, "1m")
	o := Options{Dir: filepath.Join(disk, "spool"), ballast: 4096, manual: true}
	s, _ := open(t, o)
	putN(t, s, 3)
	remount := func(flags uintptr) {
		must(t, syscall.Mount("spool", disk, "tmpfs", syscall.MS_REMOUNT|flags, "size=1m"))
	}
	remount(syscall.MS_RDONLY)
	if err := s.Put(entry("held", 47, 0)); !errors.Is(err, ErrHeld) || !errors.Is(err, syscall.EROFS) {
		t.Errorf("Put = %v, want it held because of %v", err, syscall.EROFS)
	}
	items := waiting(t, s.Queue("a"), 10)
	if len(items) != 4 {
		t.Errorf("got %v, want four", ids(t, items))
	}
	if err := s.Queue("a").Ack(items[:1]); !errors.Is(err, syscall.EROFS) {
		t.Errorf("Ack = %v, want %v", err, syscall.EROFS)
	}
	remount(0)
	if !s.maintain() {
		t.Errorf("%+v on a disk that can be written again", s.Stats())
	}
	closeSpool(t, s)
	s, _ = open(t, o)
	if got := ids(t, drain(t, s.Queue("a"))); len(got) != 4 { // the one that was acknowledged comes again
		t.Errorf("got %v after a restart, want four", got)
	}
}
