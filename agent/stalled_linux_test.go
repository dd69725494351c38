package agent_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// stalledFolder is a folder that is mounted again as a file system that can be stopped: while it is
// stalled every operation on it waits, as on a disk or a server that does not answer. What a real disk
// does not do: a process that waits here can be killed, so that it does not outlive its test.
type stalledFolder struct {
	stallGate
	Dir string // where it is mounted

	device int // the kernel's requests
	server *fuse.ProtocolServer
	work   sync.WaitGroup // requests that are being answered
}

// mountStalled mounts the folder backing in a temporary folder until the end of the test, which it
// skips only where FUSE is unavailable. The test's own calls wait like any other.
func mountStalled(t testing.TB, backing string) *stalledFolder {
	t.Helper()
	return mountStalledAt(t, backing, filepath.Join(t.TempDir(), "mount"))
}

// mountStalledAt is mountStalled in a folder of the test's choice, which it makes where it is missing.
func mountStalledAt(t testing.TB, backing, dir string) *stalledFolder {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("it needs root to mount")
	}
	device, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("it needs FUSE: %v", err)
	}
	root, err := fs.NewLoopbackRoot(backing)
	if err != nil {
		t.Fatalf("stalled folder: %v", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	// Nothing is cached: each use of a name is an operation that can be stopped.
	o := &fs.Options{Logger: log.New(io.Discard, "", 0)}
	o.MountOptions = fuse.MountOptions{MaxWrite: maxWrite, MaxBackground: 64, Logger: o.Logger, DisabledCapabilities: fuse.CAP_PASSTHROUGH}
	f := &stalledFolder{Dir: dir, device: device, server: fuse.NewProtocolServer(fs.NewNodeFS(root, o), &o.MountOptions)}
	options := fmt.Sprintf("fd=%d,rootmode=%o,user_id=0,group_id=0,allow_other,max_read=%d", device, unix.S_IFDIR, maxWrite)
	if err := unix.Mount("stallfs", dir, "fuse.stallfs", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		t.Skipf("stalled folder: FUSE is there but can't be mounted: %v", err)
	}
	f.work.Go(f.serveRequests)
	t.Cleanup(func() { f.unmount(t) })
	if err := refusePolls(backing, dir); err != nil {
		t.Fatalf("stalled folder: %v", err)
	}
	return f
}

// refusePolls has the kernel ask once whether files can be polled: the answer is no, and holds for
// the mount. Go's runtime polls what it opens while it holds a processor, and this process has
// to answer: it could wait for itself.
func refusePolls(backing, dir string) error {
	probe, err := os.CreateTemp(backing, ".poll")
	if err != nil {
		return err
	}
	defer os.Remove(probe.Name())
	defer probe.Close()
	fd, err := unix.Open(filepath.Join(dir, filepath.Base(probe.Name())), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	return err
}

// unmount ends the file system, also when something still uses it.
func (f *stalledFolder) unmount(t testing.TB) {
	f.Resume()
	var st unix.Stat_t
	_ = unix.Stat(f.Dir, &st)
	for try := 0; unix.Unmount(f.Dir, 0) != nil; try++ {
		if try < 50 { // a process may just be ending
			time.Sleep(20 * time.Millisecond)
			continue
		}
		t.Logf("stalled folder: %s is in use: its operations are aborted", f.Dir)
		if err := unix.Unmount(f.Dir, unix.MNT_DETACH); err != nil {
			t.Errorf("stalled folder: unmount %s: %v", f.Dir, err)
		}
		// Where the control file system is not mounted, the kernel aborts them when this process ends.
		abort := fmt.Sprintf("/sys/fs/fuse/connections/%d/abort", unix.Minor(st.Dev))
		if os.WriteFile(abort, []byte("1"), 0) != nil {
			return
		}
		break
	}
	f.work.Wait()
	unix.Close(f.device)
}

// Sizes of the kernel's protocol, in bytes.
const (
	maxWrite   = 128 << 10
	maxRequest = maxWrite + 4096 // as the kernel wants to be read
	fuseHeader = 40              // length, opcode, unique, node, user, group and process of a request
)

// Operations that do not wait: the first of a mount and the last; to close or forget a file,
// which does not wait on a disk, and with which a process could not be killed; and the notice
// that a process got a signal.
var fusePassing = map[uint32]bool{2: true, 18: true, 25: true, 26: true, 29: true, 36: true, 38: true, 42: true}

const (
	fuseInterrupt = 36
	fusePoll      = 40
)

// serveRequests reads requests and answers each in the background, until the file system is unmounted.
func (f *stalledFolder) serveRequests() {
	buf := make([]byte, maxRequest)
	for {
		n, err := unix.Read(f.device, buf)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOENT): // taken back
			continue
		case err != nil || n < fuseHeader:
			return
		}
		request := bytes.Clone(buf[:n])
		opcode := binary.NativeEndian.Uint32(request[4:])
		if opcode == fuseInterrupt {
			continue // who waits finds out by itself whether its process is dying
		}
		if opcode == fusePoll {
			f.writeReply(errorReply(request, unix.ENOSYS))
			continue
		}
		if fusePassing[opcode] {
			f.answerRequest(request)
			continue
		}
		f.work.Go(func() {
			thread := binary.NativeEndian.Uint32(request[32:])
			if f.pass(func() bool { return isDying(thread) }) {
				f.answerRequest(request)
			} else {
				f.writeReply(errorReply(request, unix.EINTR))
			}
		})
	}
}

// answerRequest has a request done.
func (f *stalledFolder) answerRequest(request []byte) {
	out := make([]byte, maxRequest)
	n, status := f.server.HandleRequest([][]byte{request}, [][]byte{out})
	if !status.Ok() {
		f.writeReply(errorReply(request, unix.EIO))
	} else if n > 0 {
		f.writeReply(out[:n])
	}
}

// errorReply is the answer to a request that failed: its length, the error and the request's number.
func errorReply(request []byte, err unix.Errno) []byte {
	out := binary.NativeEndian.AppendUint32(nil, 16)
	out = binary.NativeEndian.AppendUint32(out, uint32(-int32(err)))
	return append(out, request[8:16]...)
}

// writeReply answers the kernel, which may have lost interest meanwhile.
func (f *stalledFolder) writeReply(b []byte) { _, _ = unix.Write(f.device, b) }

// isDying reports whether a thread was killed and waits for nothing but the end of a call. The
// kernel itself, which is 0, is not.
func isDying(thread uint32) bool {
	if thread == 0 {
		return false
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", thread))
	if err != nil {
		return true
	}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(line, ":")
		if name != "SigPnd" && name != "ShdPnd" {
			continue
		}
		pending, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		if err == nil && pending&(1<<(unix.SIGKILL-1)) != 0 {
			return true
		}
	}
	return false
}

// dyingCheck is how often a waiting operation checks whether its process was killed.
const dyingCheck = 20 * time.Millisecond

// pass waits until an operation may go on. It returns false if its process was killed
// meanwhile.
func (g *stallGate) pass(isDying func() bool) bool {
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	if d := time.Duration(g.slow.Load()); d > 0 && !waitUnlessDying(time.After(d), isDying) {
		return false
	}
	g.mu.Lock()
	closed := g.closed
	g.mu.Unlock()
	return closed == nil || waitUnlessDying(closed, isDying)
}

func waitUnlessDying[T any](until <-chan T, isDying func() bool) bool {
	check := time.NewTicker(dyingCheck)
	defer check.Stop()
	for {
		select {
		case <-until:
			return true
		case <-check.C:
			if isDying() {
				return false
			}
		}
	}
}
