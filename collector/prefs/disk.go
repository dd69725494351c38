package prefs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"hooksnare/pkg/event"
	"hooksnare/pkg/safefile"
)

// stamp is what lstat says about a file. Two equal ones are of a file that did not change,
// but for a change within one step of its times.
type stamp struct {
	dev, ino     uint64
	size         int64
	mtime, ctime int64 // nanoseconds
	mode         uint32
	uid, gid     uint32
}

func (s stamp) is(kind uint32) bool { return s.mode&syscall.S_IFMT == kind }

// sameFile reports whether two stamps are of one file.
func (s stamp) sameFile(o stamp) bool { return s.dev == o.dev && s.ino == o.ino }

// kind names the type of a file that is not what it should be.
func (s stamp) kind() string {
	switch s.mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		return "a file"
	case syscall.S_IFDIR:
		return "a folder"
	case syscall.S_IFLNK:
		return "a link"
	case syscall.S_IFIFO:
		return "a FIFO"
	case syscall.S_IFSOCK:
		return "a socket"
	}
	return "a device"
}

// found is what is told about a file that was not read.
func (s stamp) found() event.Found {
	return event.Found{
		UID: s.uid, GID: s.gid, Mode: s.mode & 0o7777, Size: s.size, Inode: s.ino,
		ModTime: time.Unix(0, s.mtime).UTC(), ChangeTime: time.Unix(0, s.ctime).UTC(),
	}
}

// entry is a name in a folder.
type entry struct {
	name string
	kind fs.FileMode // type bits
}

// disk is what a look needs of a file system. Its paths are the host's, except those of
// read, which are the inhabitants'.
type disk struct {
	root     string // "" for /
	owner    uint32 // of the root folder
	lstat    func(name string) (stamp, error)
	readlink func(name string) (string, error)
	list     func(name string, is stamp, max int) (all []entry, more bool, err error)
	read     func(name string, max int64) ([]byte, safefile.FileVersion, error)
}

func realDisk(root string) disk {
	return disk{
		root: root, lstat: lstat, readlink: os.Readlink, list: list,
		read: func(name string, max int64) ([]byte, safefile.FileVersion, error) {
			return safefile.ReadIn(root+"/", name, max)
		},
	}
}

// lstat is os.Lstat without what that allocates: it runs for every file in every sweep.
func lstat(name string) (stamp, error) {
	for {
		var s syscall.Stat_t
		switch err := syscall.Lstat(name, &s); err {
		case nil:
			return stampOf(&s), nil
		case syscall.EINTR:
		default:
			return stamp{}, err
		}
	}
}

// list reads up to max names of a folder.
func list(name string, is stamp, max int) (all []entry, more bool, err error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil {
		return nil, false, err
	} else if s, ok := st.Sys().(*syscall.Stat_t); ok && s.Ino != is.ino {
		return nil, false, safefile.ErrChanged
	}
	for {
		some, err := f.ReadDir(256)
		for _, e := range some {
			if len(all) == max {
				return all, true, nil
			}
			all = append(all, entry{e.Name(), e.Type()})
		}
		if errors.Is(err, io.EOF) {
			return all, false, nil
		}
		if err != nil {
			return nil, false, err
		}
	}
}
