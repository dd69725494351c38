// Package safefile opens, reads and replaces files that others control, from a process
// that runs as root. Opening never blocks, follows no link the caller did not ask for,
// and touches nothing but regular files; reading takes no more memory than the caller
// allows; what is told about a file comes from the same descriptor as its content.
package safefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// What is wrong with a file; errors.Is tells one from another, and from fs.ErrNotExist
// and fs.ErrPermission.
var (
	ErrNotRegular = errors.New("not a regular file")
	ErrTooLarge   = errors.New("file too large")
	ErrChanged    = errors.New("file changed while it was read")
)

// Info is what the descriptor of a file said when it was opened.
type Info struct {
	UID, GID   uint32
	Mode       fs.FileMode // permission, setuid, setgid and sticky bits; no type bit: it is a regular file
	Size       int64       // bytes
	ModTime    time.Time
	ChangeTime time.Time // of content, owner, mode or links; no user can set it at will
	Inode      uint64
	Dev        uint64
	Nlink      uint64
}

// openFlags let no link be followed at the end of a path, no FIFO or terminal block or
// take over the process, and no child inherit the descriptor.
const openFlags = os.O_RDONLY | syscall.O_NOFOLLOW | syscall.O_NONBLOCK | syscall.O_NOCTTY | syscall.O_CLOEXEC

// Read reads a regular file of at most max bytes. The last element of path may not be a
// symbolic link; links before it are followed.
//
// A file that does not end where it did when it was opened, or whose content was
// modified meanwhile, is refused with ErrChanged: reading it again is the caller's choice.
func Read(path string, max int64) ([]byte, Info, error) {
	return read(path, max, func() (fs.FileInfo, error) { return os.Lstat(path) },
		func() (*os.File, error) { return os.OpenFile(path, openFlags, 0) })
}

// read looks at a file before it opens it, because opening some devices has effects,
// and again after, because only the descriptor tells what was opened.
func read(path string, max int64, lstat func() (fs.FileInfo, error), open func() (*os.File, error)) ([]byte, Info, error) {
	st, err := lstat()
	if err != nil {
		return nil, Info{}, err
	}
	if err := wanted(path, st, max); err != nil {
		return nil, Info{}, err
	}
	f, err := open()
	if errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.EOPNOTSUPP) {
		return nil, Info{}, fmt.Errorf("%s: became a link or a socket: %w", path, ErrChanged)
	}
	if err != nil {
		return nil, Info{}, err
	}
	defer f.Close()
	st, err = f.Stat()
	if err != nil {
		return nil, Info{}, err
	}
	if err := wanted(path, st, max); err != nil {
		return nil, Info{}, err
	}
	b, err := content(path, f, st)
	if err != nil {
		return nil, Info{}, err
	}
	return b, info(st), nil
}

// wanted refuses what is not a regular file of at most max bytes.
func wanted(path string, st fs.FileInfo, max int64) error {
	if !st.Mode().IsRegular() {
		return fmt.Errorf("%s: %w but a %s", path, ErrNotRegular, kind(st.Mode()))
	}
	if st.Size() > max {
		return fmt.Errorf("%s: %w: %d bytes, more than the %d that are read", path, ErrTooLarge, st.Size(), max)
	}
	return nil
}

// content reads what the file held when it was opened, if it holds that still.
func content(path string, f *os.File, st fs.FileInfo) ([]byte, error) {
	b := make([]byte, st.Size()+1) // one more shows growth
	n, err := io.ReadFull(f, b)
	if err == nil {
		return nil, fmt.Errorf("%s: %w: it grew", path, ErrChanged)
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	if int64(n) < st.Size() {
		return nil, fmt.Errorf("%s: %w: it shrank", path, ErrChanged)
	}
	now, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if now.Size() != st.Size() || !now.ModTime().Equal(st.ModTime()) {
		return nil, fmt.Errorf("%s: %w", path, ErrChanged)
	}
	return b[:n:n], nil
}

// info takes over what the kernel said.
func info(st fs.FileInfo) Info {
	i := Info{Mode: st.Mode(), Size: st.Size(), ModTime: st.ModTime()}
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		i.UID, i.GID = s.Uid, s.Gid
		i.Inode, i.Dev, i.Nlink = s.Ino, uint64(s.Dev), uint64(s.Nlink)
		i.ChangeTime = changeTime(s)
	}
	return i
}

// kind names the type of a file that is not regular.
func kind(m fs.FileMode) string {
	switch m.Type() {
	case fs.ModeDir:
		return "folder"
	case fs.ModeSymlink:
		return "symbolic link"
	case fs.ModeNamedPipe:
		return "FIFO"
	case fs.ModeSocket:
		return "socket"
	}
	return "device"
}
