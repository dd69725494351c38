package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// disk is all that a spool does to files. Names are relative to the spool's folder and
// separated by slashes. No method follows a link at the end of a name.
type disk interface {
	// Lock makes the folder where it is missing and takes it for this process: ErrLocked
	// when another has it.
	Lock() (unlock func() error, err error)
	Mkdir(name string) error
	// List shows visit every entry of a folder, with the type bits of its mode.
	List(name string, visit func(entry string, mode fs.FileMode)) error
	Lstat(name string) (fs.FileInfo, error)
	// Read returns the content of a regular file, errNotFile for anything else. Of a
	// file of more than most bytes it returns most+1. It never waits for a writer.
	Read(name string, most int) ([]byte, error)
	// Write makes a file that must not exist; it is durable no later than what SyncDir flushes after
	// it. After another error than fs.ErrExist the file may be there.
	Write(name string, content []byte) error
	Link(from, to string) error   // to must not exist
	Rename(from, to string) error // replaces a file
	Remove(name string) error     // a file, or a folder with all in it; nil when there is none
	// SyncDir makes the entries of a folder durable, after all that was synced before it.
	// With flush it waits for the drive, too; without, it may leave it to the next flush.
	SyncDir(name string, flush bool) error
	// Free is the room left, in bytes.
	Free() (int64, error)
}

// errNotFile is what Read says of a link, a folder, a pipe, a device.
var errNotFile = errors.New("not a regular file")

// systemDisk is the disk below a folder.
type systemDisk string

func (d systemDisk) path(name string) string { return filepath.Join(string(d), name) }

// openFolder opens a folder, but follows no link to one.
func openFolder(dir string) (*os.File, error) {
	return os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
}

// Lock locks the folder itself: there is no lock file that could be removed, and a full
// disk can't be in the way.
func (d systemDisk) Lock() (func() error, error) {
	if err := makeDurably(string(d)); err != nil {
		return nil, err
	}
	f, err := openFolder(string(d))
	if err != nil {
		return nil, err
	}
	if err := takeFolder(f); err != nil {
		f.Close()
		return nil, err
	}
	return f.Close, nil
}

// makeDurably makes a folder, and those above it, and syncs what they lie in.
func makeDurably(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if err := makeDurably(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.Open(parent) // which may be a link: on a Mac /tmp is one
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

func takeFolder(f *os.File) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && int(sys.Uid) != os.Geteuid() {
		return fmt.Errorf("belongs to user %d, not to %d who runs this", sys.Uid, os.Geteuid())
	}
	err = ignoringSignals(func() error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrLocked
	}
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return f.Chmod(0o700)
	}
	return nil
}

func (d systemDisk) Mkdir(name string) error { return os.Mkdir(d.path(name), 0o700) }

func (d systemDisk) List(name string, visit func(string, fs.FileMode)) error {
	f, err := openFolder(d.path(name))
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		entries, err := f.ReadDir(1024) // a hundred thousand at once would cost memory
		for _, e := range entries {
			visit(e.Name(), e.Type())
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (d systemDisk) Lstat(name string) (fs.FileInfo, error) { return os.Lstat(d.path(name)) }

func (d systemDisk) Read(name string, most int) ([]byte, error) {
	f, err := os.OpenFile(d.path(name), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.EOPNOTSUPP) {
		return nil, errNotFile
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, errNotFile
	}
	b := make([]byte, min(st.Size(), int64(most))+1)
	n, err := io.ReadFull(f, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return b[:n], err
}

func (d systemDisk) Write(name string, content []byte) error {
	f, err := os.OpenFile(d.path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(content); err == nil {
		err = barrier(f)
	}
	return errors.Join(err, f.Close())
}

func (d systemDisk) Link(from, to string) error   { return os.Link(d.path(from), d.path(to)) }
func (d systemDisk) Rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }

func (d systemDisk) Remove(name string) error {
	if err := os.RemoveAll(d.path(name)); !isMissing(err) {
		return err
	}
	return nil
}

func (d systemDisk) SyncDir(name string, flush bool) error {
	f, err := openFolder(d.path(name))
	if err != nil {
		return err
	}
	defer f.Close()
	if flush {
		return f.Sync()
	}
	return barrier(f)
}

func (d systemDisk) Free() (int64, error) {
	var st unix.Statfs_t
	err := ignoringSignals(func() error { return unix.Statfs(string(d), &st) })
	return int64(st.Bavail) * int64(st.Bsize), err
}

// InUse reports whether a process owns the spool in a folder. An Open at the very moment of asking
// may return ErrLocked, and should be tried again.
func InUse(dir string) (bool, error) {
	f, err := openFolder(dir)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = ignoringSignals(func() error { return unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// ignoringSignals makes a system call again that a signal ended before it did anything, as package
// os does for its own.
func ignoringSignals(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
