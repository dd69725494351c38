package prefs

import (
	"fmt"
	"os"
	"slices"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"hooksnare/pkg/safefile"
)

// watchesFiles: kqueue reports of a folder which names come and go, not what is written into a file.
const watchesFiles = true

const (
	// eventOnlyFlags open a file to be told what happens to it: a volume can still be unmounted, and
	// no link leads away and no FIFO is waited for.
	eventOnlyFlags = unix.O_EVTONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC
	// vnodeEvents are all that change a file: one that is made shorter only has other attributes.
	vnodeEvents = unix.NOTE_DELETE | unix.NOTE_WRITE | unix.NOTE_EXTEND | unix.NOTE_ATTRIB | unix.NOTE_RENAME | unix.NOTE_REVOKE
)

// kqueue watches folders and files with a descriptor for each. What happened to which does not
// matter: it is never looked at.
type kqueue struct {
	queue  int
	wake   func()
	ended  chan struct{}         // the goroutine of awaitEvents ended
	failed atomic.Pointer[error] // why it ended, if nobody closed it

	open map[string]*os.File // by path; belongs to the caller's goroutine
}

func openNotifier(wake func()) (notifier, error) {
	queue, err := unix.Kqueue() // which no child inherits
	if err != nil {
		return nil, os.NewSyscallError("kqueue", err)
	}
	k := &kqueue{queue: queue, wake: wake, ended: make(chan struct{}), open: map[string]*os.File{}}
	if err := k.register(unix.Kevent_t{Filter: unix.EVFILT_USER, Flags: unix.EV_ADD | unix.EV_CLEAR}); err != nil {
		_ = unix.Close(queue)
		return nil, err
	}
	go k.awaitEvents()
	return k, nil
}

// register makes one change to what the queue reports. A call that a signal ended has made it, and
// may make it again.
func (k *kqueue) register(change unix.Kevent_t) error {
	for {
		_, err := unix.Kevent(k.queue, []unix.Kevent_t{change}, nil, nil)
		if err != unix.EINTR {
			return os.NewSyscallError("kevent", err)
		}
	}
}

// awaitEvents wakes the watcher for whatever the queue reports, until Close triggers the queue's
// one event of a user.
func (k *kqueue) awaitEvents() {
	defer close(k.ended)
	events := make([]unix.Kevent_t, 64)
	for {
		n, err := unix.Kevent(k.queue, nil, events, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			err = fmt.Errorf("kevent: %w", err)
			k.failed.Store(&err)
			k.wake()
			return
		}
		if slices.ContainsFunc(events[:n], func(e unix.Kevent_t) bool { return e.Filter == unix.EVFILT_USER }) {
			return
		}
		k.wake()
	}
}

func (k *kqueue) startWatch(t watchTarget) (safefile.FileVersion, error) {
	if err := k.failed.Load(); err != nil {
		return safefile.FileVersion{}, *err
	}
	f, err := os.OpenFile(t.host, eventOnlyFlags, 0)
	if err != nil {
		return safefile.FileVersion{}, err
	}
	change := unix.Kevent_t{Filter: unix.EVFILT_VNODE, Flags: unix.EV_ADD | unix.EV_CLEAR, Fflags: vnodeEvents}
	change.Ident = uint64(f.Fd())
	if err := k.register(change); err != nil {
		_ = f.Close()
		return safefile.FileVersion{}, err
	}
	k.open[t.path] = f
	st, err := f.Stat()
	if err != nil {
		k.endWatch(t)
		return safefile.FileVersion{}, err
	}
	return safefile.VersionOf(st), nil
}

func (k *kqueue) isWatching(t watchTarget) bool {
	return k.open[t.path] != nil && k.failed.Load() == nil
}

// endWatch closes the descriptor, which removes it from the queue.
func (k *kqueue) endWatch(t watchTarget) {
	if f := k.open[t.path]; f != nil {
		_ = f.Close()
		delete(k.open, t.path)
	}
}

func (k *kqueue) Close() error {
	err := k.register(unix.Kevent_t{Filter: unix.EVFILT_USER, Fflags: unix.NOTE_TRIGGER})
	if err == nil {
		<-k.ended
	}
	for _, f := range k.open {
		_ = f.Close()
	}
	_ = unix.Close(k.queue)
	return err
}
