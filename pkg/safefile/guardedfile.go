package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// guardedFile is a name in a safe folder.
type guardedFile struct {
	*guard
	at   string
	name string // as the caller gave it
}

// openParent walks to the folder of a file.
func (d Disk) openParent(name string, owners []uint32) (*guardedFile, error) {
	g, inner, err := d.openGuard(name, owners)
	if err != nil {
		return nil, err
	}
	rest := splitPath(inner)
	n := len(rest) - 1
	if n < 0 || rest[n] == ".." {
		g.Close()
		return nil, fmt.Errorf("%s: %w but a folder", name, ErrNotRegular)
	}
	s, err := g.folderAt(strings.Join(rest[:n], "/"))
	if err != nil {
		g.Close()
		return nil, err
	}
	return &guardedFile{g, path.Join(s.At, rest[n]), name}, nil
}

func (f *guardedFile) lstat() (FileVersion, error) {
	v, err := f.Lstat(f.at)
	if err != nil {
		return v, &fs.PathError{Op: "stat", Path: f.name, Err: err}
	}
	return v, nil
}

// open opens the file with the given flags, whatever it is.
func (f *guardedFile) open(flags int, perm fs.FileMode) (*os.File, error) {
	file, err := f.openFile(f.at, flags, perm)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: f.name, Err: err}
	}
	return file, nil
}

// faultOf reports why the agent must not use what is there, whatever its permissions are.
func (f *guardedFile) faultOf(v FileVersion) error {
	switch {
	case !v.Mode.IsRegular():
		return fmt.Errorf("%s: %w but a %s", f.name, ErrNotRegular, kindOf(v.Mode))
	case !isTrusted(v.UID, f.owners):
		return foreignOwner(f.name, v.UID)
	case v.Nlink > 1:
		return secondName(f.name, v.Nlink)
	}
	return nil
}

// appendFlags let no link be followed and no FIFO block.
const appendFlags = unix.O_RDWR | unix.O_APPEND | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC

// openAppend creates the file, or opens the one that is there. If one is created and removed
// between the two it tries again, a few times.
func (f *guardedFile) openAppend(perm fs.FileMode) (*os.File, error) {
	const tries = 8
	for try := 1; ; try++ {
		file, err := f.openChecked(appendFlags|unix.O_CREAT|unix.O_EXCL, perm)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
		v, err := f.lstat()
		if err == nil {
			err = f.faultOf(v) // before it is opened: to open a device may have effects
		}
		if err == nil {
			file, err = f.openChecked(appendFlags, 0)
		}
		if errors.Is(err, fs.ErrNotExist) && try < tries {
			continue
		}
		return file, err
	}
}

// openChecked opens the file and checks what was opened.
func (f *guardedFile) openChecked(flags int, perm fs.FileMode) (*os.File, error) {
	file, err := f.open(flags, perm)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil {
		err = f.faultOf(VersionOf(info))
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func foreignOwner(at string, uid uint32) error {
	return &InsecureError{at, fmt.Sprintf("owned by user %d: run chown -h %s", uid, shellQuote(ownerName(), at))}
}

// secondName is the fault of a file that has other names: whoever made one of them may be
// able to write it there, and what is done to it is done to another's file.
func secondName(name string, links uint64) error {
	return &InsecureError{name, fmt.Sprintf("is a hard link, one of %d names of the same file: remove it, or put a copy in its place", links)}
}
