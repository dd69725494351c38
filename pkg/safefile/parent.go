package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"time"

	"golang.org/x/sys/unix"
)

// parent is a file's name in its folder, which is safe and open.
type parent struct {
	*walker
	name string
	path string // as it was asked for
}

// parent walks to the folder of a file.
func (d Disk) parent(name string, owners []uint32) (*parent, error) {
	w, err := d.walk(name, owners)
	if err != nil {
		return nil, err
	}
	n := len(w.rest) - 1
	if n < 0 || w.rest[n] == ".." {
		w.close()
		return nil, fmt.Errorf("%s: %w but a folder", name, ErrNotRegular)
	}
	if err := w.folders(w.rest[:n], nil); err != nil {
		w.close()
		return nil, err
	}
	return &parent{w, w.rest[n], name}, nil
}

// stat looks at the file, not through a link.
func (p *parent) stat() (*unix.Stat_t, error) { return p.walker.stat(p.name) }

// fault reports why the agent must not use what is there, whatever its permissions are.
func (p *parent) fault(st *unix.Stat_t) error {
	switch mode := fileMode(st); {
	case !mode.IsRegular():
		return fmt.Errorf("%s: %w but a %s", p.path, ErrNotRegular, kind(mode))
	case !trusted(st.Uid, p.owners):
		return foreign(p.path, st.Uid)
	case st.Nlink > 1:
		return secondName(p.path, uint64(st.Nlink))
	}
	return nil
}

// secondName is the fault of a file that has other names: whoever made one of them may be
// able to write it there, and what is done to it is done to another's file.
func secondName(path string, links uint64) error {
	return &InsecureError{path, fmt.Sprintf("is a hard link, one of %d names of the same file: remove it, or put a copy in its place", links)}
}

// open opens the file to read it.
func (p *parent) open() (*os.File, error) {
	fd, err := ignoringSignals(func() (int, error) { return unix.Openat(p.here().fd, p.name, openFlags, 0) })
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: p.path, Err: err}
	}
	return os.NewFile(uintptr(fd), p.path), nil
}

// lstat is stat for those who want a fs.FileInfo.
func (p *parent) lstat() (fs.FileInfo, error) {
	st, err := p.stat()
	if err != nil {
		return nil, err
	}
	return seen{p.name, st}, nil
}

// appendFlags let no link be followed and no FIFO block.
const appendFlags = unix.O_RDWR | unix.O_APPEND | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC

// openAppend creates the file, or opens the one that is there. Of one that comes and goes
// between the two it tries again, not for ever.
func (p *parent) openAppend(perm fs.FileMode) (*os.File, error) {
	const tries = 8
	for try := 1; ; try++ {
		f, err := p.openWith(appendFlags|unix.O_CREAT|unix.O_EXCL, perm)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
		st, err := p.stat()
		if err == nil {
			err = p.fault(st) // before it is opened: to open a device may have effects
		}
		if err == nil {
			f, err = p.openWith(appendFlags, 0)
		}
		if errors.Is(err, fs.ErrNotExist) && try < tries {
			continue
		}
		return f, err
	}
}

// openWith opens the file and looks at what was opened.
func (p *parent) openWith(flags int, perm fs.FileMode) (*os.File, error) {
	fd, err := ignoringSignals(func() (int, error) {
		return unix.Openat(p.here().fd, p.name, flags, uint32(perm.Perm()))
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: p.path, Err: err}
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil {
		err = p.fault(&st)
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), p.path), nil
}

// seen is what the kernel says of a file, as a fs.FileInfo.
type seen struct {
	name string
	st   *unix.Stat_t
}

func (s seen) Name() string       { return path.Base(s.name) }
func (s seen) Size() int64        { return s.st.Size }
func (s seen) Mode() fs.FileMode  { return fileMode(s.st) }
func (s seen) ModTime() time.Time { return time.Unix(s.st.Mtim.Unix()) }
func (s seen) IsDir() bool        { return s.Mode().IsDir() }
func (s seen) Sys() any           { return s.st }

// fileMode returns type and permissions.
func fileMode(st *unix.Stat_t) fs.FileMode {
	mode := fs.FileMode(st.Mode) & fs.ModePerm
	switch uint32(st.Mode) & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		mode |= fs.ModeDir
	case unix.S_IFLNK:
		mode |= fs.ModeSymlink
	case unix.S_IFIFO:
		mode |= fs.ModeNamedPipe
	case unix.S_IFSOCK:
		mode |= fs.ModeSocket
	default:
		mode |= fs.ModeDevice
	}
	return mode
}
