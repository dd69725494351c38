package stallfs

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// FS is a folder that is mounted again.
type FS struct {
	gate
	Dir string // where it is mounted

	server *fuse.Server
}

// Mount mounts the folder backing in a temporary folder until the end of the test, which it
// skips only where FUSE is unavailable. The test's own calls wait like any other.
func Mount(t testing.TB, backing string) *FS {
	t.Helper()
	return MountAt(t, backing, filepath.Join(t.TempDir(), "mount"))
}

// MountAt is Mount in a folder of the test's choice, which it makes where it is missing.
func MountAt(t testing.TB, backing, dir string) *FS {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("stallfs needs root to mount")
	}
	device, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("stallfs needs FUSE: %v", err)
	}
	device.Close()
	root, err := fs.NewLoopbackRoot(backing)
	if err != nil {
		t.Fatalf("stallfs: %v", err)
	}
	f := &FS{Dir: dir}
	if err := os.MkdirAll(f.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	// Nothing is cached: each look at a name is an operation that can be stopped.
	o := &fs.Options{Logger: log.New(io.Discard, "", 0)}
	o.MountOptions = fuse.MountOptions{
		AllowOther: true, DirectMountStrict: true, FsName: backing, Name: "stallfs",
		MaxBackground: 64, Logger: o.Logger,
	}
	f.server, err = fuse.NewServer(&stallable{fs.NewNodeFS(root, o), &f.gate}, f.Dir, &o.MountOptions)
	if err != nil {
		t.Skipf("stallfs: FUSE is there but can't be mounted: %v", err)
	}
	go f.server.Serve()
	t.Cleanup(func() { f.unmount(t) })
	if err := f.server.WaitMount(); err != nil {
		t.Fatalf("stallfs: %v", err)
	}
	return f
}

// unmount ends the file system, also when something still uses it.
func (f *FS) unmount(t testing.TB) {
	f.Resume()
	device := deviceOf(f.Dir)
	for range 50 { // a process may just be ending
		if f.server.Unmount() == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Logf("stallfs: %s is in use: its operations are aborted", f.Dir)
	if err := unix.Unmount(f.Dir, unix.MNT_DETACH); err != nil {
		t.Errorf("stallfs: unmount %s: %v", f.Dir, err)
	}
	// Where the control file system is not mounted, the kernel aborts them when this process ends.
	_ = os.WriteFile(fmt.Sprintf("/sys/fs/fuse/connections/%d/abort", device), []byte("1"), 0)
}

// deviceOf returns the number of the connection under which a file system is controlled.
func deviceOf(dir string) uint32 {
	var st unix.Stat_t
	if unix.Stat(dir, &st) != nil {
		return 0
	}
	return unix.Minor(st.Dev)
}

// isDying reports whether a thread was killed and waits for nothing but the end of a call.
func isDying(thread uint32) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", thread))
	if err != nil {
		return true
	}
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		name, value, _ := bytes.Cut(lines.Bytes(), []byte(":"))
		if string(name) != "SigPnd" && string(name) != "ShdPnd" {
			continue
		}
		pending, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 16, 64)
		if err == nil && pending&(1<<(unix.SIGKILL-1)) != 0 {
			return true
		}
	}
	return false
}
