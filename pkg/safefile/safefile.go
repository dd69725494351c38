// Package safefile opens, reads and replaces files that others control, from a process
// that runs as root. Opening never blocks, follows no link the caller did not ask for,
// and touches nothing but regular files; reading takes no more memory than the caller
// allows; what a caller learns about a file comes from the same descriptor as its content.
package safefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// What is wrong with a file, for errors.Is, beside fs.ErrNotExist and fs.ErrPermission.
var (
	ErrNotRegular = errors.New("not a regular file")
	ErrTooLarge   = errors.New("file too large")
	ErrChanged    = errors.New("file changed while it was read")
)

// openFlags let no link be followed at the end of a path, no FIFO or terminal block or
// take over the process, and no child inherit the descriptor.
const openFlags = os.O_RDONLY | syscall.O_NOFOLLOW | syscall.O_NONBLOCK | syscall.O_NOCTTY | syscall.O_CLOEXEC

// ReadIn reads a regular file of at most limit bytes as a process would whose root folder is
// root: name is absolute there or taken so, every link on the way is followed, and a link's
// target is looked up under root as well, be it absolute or full of "..": no name leads out.
//
// A file that does not end where it did when it was opened, or whose content was
// modified meanwhile, is refused with ErrChanged: reading it again is the caller's choice.
func ReadIn(root, name string, limit int64) ([]byte, FileVersion, error) {
	var b []byte
	v, err := withFileIn(root, name, limit, func(f *os.File, v FileVersion) (err error) {
		b, err = readAll(name, f, v)
		return err
	})
	return b, v, err
}

// CopyIn is ReadIn for a file that is too large to be held: w gets the content, also of one that
// is refused with ErrChanged then.
func CopyIn(root, name string, limit int64, w io.Writer) (FileVersion, error) {
	return withFileIn(root, name, limit, func(f *os.File, v FileVersion) error {
		n, err := io.Copy(w, io.LimitReader(f, v.Size+1))
		if err == nil && n != v.Size {
			err = fmt.Errorf("%s: %w: it grew or shrank", name, ErrChanged)
		}
		if err == nil {
			err = checkUnchanged(name, f, v)
		}
		return err
	})
}

func withFileIn(root, name string, limit int64, use func(f *os.File, v FileVersion) error) (FileVersion, error) {
	t, err := OpenTree(root)
	if err != nil {
		return FileVersion{}, err
	}
	defer t.Close()
	s, err := PathWalk{Lstat: t.Lstat, Readlink: t.Readlink}.Follow(name)
	if err != nil {
		return FileVersion{}, err
	}
	return t.withFile(s.At, path.Join("/", s.At), s.FileVersion, limit, use)
}

// read reads a file of which Lstat returned v. Errors have the name.
func (t *Tree) read(at, name string, v FileVersion, limit int64) (b []byte, opened FileVersion, err error) {
	opened, err = t.withFile(at, name, v, limit, func(f *os.File, v FileVersion) error {
		b, err = readAll(name, f, v)
		return err
	})
	return b, opened, err
}

// withFile opens a file of which Lstat returned v. It is checked before it is opened, because opening
// some devices has effects, and after, because only the descriptor knows what was opened.
func (t *Tree) withFile(at, name string, v FileVersion, limit int64, use func(f *os.File, v FileVersion) error) (FileVersion, error) {
	if err := checkReadable(name, v, limit); err != nil {
		return FileVersion{}, err
	}
	f, err := t.openFile(at, openFlags, 0)
	if becameOther(err) {
		return FileVersion{}, fmt.Errorf("%s: became a link or a socket: %w", name, ErrChanged)
	}
	if err != nil {
		return FileVersion{}, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return FileVersion{}, err
	}
	v = VersionOf(info)
	if err := checkReadable(name, v, limit); err != nil {
		return FileVersion{}, err
	}
	return v, use(f, v)
}

// becameOther reports whether openFlags refused what they opened, because it is not the
// regular file any more that lstat found.
func becameOther(err error) bool {
	return errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.EOPNOTSUPP)
}

// checkReadable refuses what is not a regular file of at most limit bytes.
func checkReadable(name string, v FileVersion, limit int64) error {
	if !v.Mode.IsRegular() {
		return fmt.Errorf("%s: %w but a %s", name, ErrNotRegular, kindOf(v.Mode))
	}
	if v.Size > limit {
		return fmt.Errorf("%s: %w: %d bytes, more than the %d that are read", name, ErrTooLarge, v.Size, limit)
	}
	return nil
}

// readAll reads what the file held when it was opened, if it holds that still.
func readAll(name string, f *os.File, v FileVersion) ([]byte, error) {
	b := make([]byte, v.Size+1) // one more shows growth
	n, err := io.ReadFull(f, b)
	if err == nil {
		return nil, fmt.Errorf("%s: %w: it grew", name, ErrChanged)
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	if int64(n) < v.Size {
		return nil, fmt.Errorf("%s: %w: it shrank", name, ErrChanged)
	}
	if err := checkUnchanged(name, f, v); err != nil {
		return nil, err
	}
	return b[:n:n], nil
}

// checkUnchanged refuses a file that is not what it was when it was opened.
func checkUnchanged(name string, f *os.File, v FileVersion) error {
	now, err := f.Stat()
	if err == nil && (now.Size() != v.Size || !now.ModTime().Equal(v.ModTime)) {
		err = fmt.Errorf("%s: %w", name, ErrChanged)
	}
	return err
}

// kindOf names the type of a file that is not regular.
func kindOf(m fs.FileMode) string {
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
