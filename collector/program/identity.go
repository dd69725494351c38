package program

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// element is a file, folder or link that a look came by, and what it was then.
type element struct {
	at string // relative to the root
	id identity
}

// identity tells whether something is what it was, by lstat alone. Of a folder, what is
// in it does not count: others use /tmp as well.
type identity struct {
	err            syscall.Errno // why there is none
	dev, ino, size uint64
	mode           fs.FileMode
	uid, gid       uint32
	mtime, ctime   int64 // nanoseconds
}

func identify(info fs.FileInfo, err error) identity {
	var id identity
	if err != nil {
		if !errors.As(err, &id.err) {
			id.err = syscall.EIO
		}
		return id
	}
	id.mode = info.Mode()
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return id
	}
	id.dev, id.ino, id.uid, id.gid = uint64(s.Dev), s.Ino, s.Uid, s.Gid
	if !info.IsDir() {
		id.size, id.mtime, id.ctime = uint64(info.Size()), info.ModTime().UnixNano(), changeTime(s).UnixNano()
	}
	return id
}

// same reports whether all that a look came by is as it was.
func same(lstat func(at string) (os.FileInfo, error), seen []element) bool {
	for i := range seen {
		if info, err := lstat(seen[i].at); identify(info, err) != seen[i].id {
			return false
		}
	}
	return true
}

// settle is how long after a change the next one may leave the same times behind: the
// coarsest clock of a file system (HFS+ has seconds, FAT two).
const settle = 2 * time.Second

// settled reports whether a change after the look would show in the times. Two writes
// within one tick of the file system's clock leave the same.
func settled(seen []element, look time.Time, settle time.Duration) bool {
	for i := range seen {
		id := &seen[i].id
		if id.ctime == 0 {
			continue
		}
		if age := look.Sub(time.Unix(0, id.ctime)); age > -settle && age < settle {
			return false
		}
	}
	return true
}

func uid(info fs.FileInfo) uint32 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Uid
	}
	return ^uint32(0) // nobody's
}
