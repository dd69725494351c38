package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// walker goes down a path one element at a time, each from the descriptor of the one
// above, so that what was looked at is what is used, whatever is renamed meanwhile.
type walker struct {
	owners []uint32 // trusted beside root and the user the process runs as
	open   []folder // from the root folder to where it stands
	rest   []string // elements of the path that was asked for
	links  int
	walked int
}

// folder is an open folder that was found safe.
type folder struct {
	fd   int
	path string
}

// walk begins a path at its root: the machine's, or d.Root where the path lies below that.
func (d Disk) walk(name string, owners []uint32) (*walker, error) {
	name, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	w := &walker{owners: slices.Clone(owners)}
	if err := w.enter(unix.AT_FDCWD, "/", "/"); err != nil {
		return nil, err
	}
	inner, confined := d.below(name)
	if !confined {
		w.rest = elements(name)
		return w, nil
	}
	if st, err := os.Stat(d.Root); err == nil {
		w.owners = append(w.owners, info(st).UID) // plays root
	}
	if err := w.folders(elements(d.Root), nil); err != nil {
		w.close()
		return nil, err
	}
	for _, above := range w.open[:len(w.open)-1] {
		unix.Close(above.fd)
	}
	w.open = w.open[len(w.open)-1:]
	w.links, w.walked, w.rest = 0, 0, elements(inner)
	return w, nil
}

// at is the path of the folder where the walker stands, without links.
func (w *walker) at() string { return w.here().path }

func (w *walker) here() *folder { return &w.open[len(w.open)-1] }

func (w *walker) close() {
	for _, f := range w.open {
		unix.Close(f.fd)
	}
	w.open = nil
}

// enter opens a folder and steps into it, if it is safe.
func (w *walker) enter(from int, name, at string) error {
	fd, err := ignoringSignals(func() (int, error) { return unix.Openat(from, name, openFolder, 0) })
	if err != nil {
		return &fs.PathError{Op: "open", Path: at, Err: err}
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return &fs.PathError{Op: "stat", Path: at, Err: err}
	}
	if err := w.unsafeFolder(at, &st); err != nil {
		unix.Close(fd)
		return err
	}
	w.open = append(w.open, folder{fd, at})
	return nil
}

// unsafeFolder reports why others could change what is in a folder, or put another in its
// place.
func (w *walker) unsafeFolder(at string, st *unix.Stat_t) error {
	mode := uint32(st.Mode)
	switch {
	case !trusted(st.Uid, w.owners):
		return foreign(at, st.Uid)
	case mode&0o022 != 0 && mode&unix.S_ISVTX == 0:
		return &InsecureError{at, fmt.Sprintf("others can write this folder (mode %04o): run chmod %s", mode&0o7777, shellQuote("go-w", at))}
	}
	return nil
}

func foreign(at string, uid uint32) error {
	return &InsecureError{at, fmt.Sprintf("owned by user %d: run chown -h %s", uid, shellQuote(ownerName(), at))}
}

// folders steps into folder after folder. create, if there is one, is called for each that
// is missing in the one where the walker stands.
func (w *walker) folders(rest []string, create func(name string) error) error {
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		if w.walked++; w.walked > maxElements {
			return &fs.PathError{Op: "open", Path: path.Join(w.at(), name), Err: unix.ENAMETOOLONG}
		}
		if name == ".." {
			w.leave()
			continue
		}
		target, err := w.step(name)
		if create != nil && errors.Is(err, fs.ErrNotExist) {
			if err := create(name); err != nil {
				return err
			}
			target, err = w.step(name)
		}
		if err != nil {
			return err
		}
		if path.IsAbs(target) {
			w.toRoot()
		}
		rest = append(elements(target), rest...)
	}
	return nil
}

// leave goes back to the folder above; above the root folder is the root folder.
func (w *walker) leave() {
	if n := len(w.open) - 1; n > 0 {
		unix.Close(w.open[n].fd)
		w.open = w.open[:n]
	}
}

// toRoot goes back to the root folder.
func (w *walker) toRoot() {
	for len(w.open) > 1 {
		w.leave()
	}
}

// step steps into a folder, or returns the target of a link.
func (w *walker) step(name string) (target string, err error) {
	at := path.Join(w.at(), name)
	st, err := w.stat(name)
	if err != nil {
		return "", err
	}
	switch uint32(st.Mode) & unix.S_IFMT {
	case unix.S_IFDIR:
		return "", w.enter(w.here().fd, name, at)
	case unix.S_IFLNK:
	default:
		return "", &fs.PathError{Op: "open", Path: at, Err: unix.ENOTDIR}
	}
	if !trusted(st.Uid, w.owners) {
		return "", &InsecureError{at, fmt.Sprintf("is a link that belongs to user %d: remove it, or run chown -h %s", st.Uid, shellQuote(ownerName(), at))}
	}
	if w.links++; w.links > maxLinks {
		return "", &fs.PathError{Op: "open", Path: at, Err: unix.ELOOP}
	}
	b := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(w.here().fd, name, b)
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: at, Err: err}
	}
	return string(b[:n]), nil
}

// stat looks at an element of the folder where the walker stands, not through a link.
func (w *walker) stat(name string) (*unix.Stat_t, error) {
	var st unix.Stat_t
	_, err := ignoringSignals(func() (int, error) { return 0, unix.Fstatat(w.here().fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: path.Join(w.at(), name), Err: err}
	}
	return &st, nil
}

// makeFolder makes a folder where the walker stands. Somebody else may be quicker: what is
// there then is looked at as any other.
func (w *walker) makeFolder(name string, perm fs.FileMode) error {
	err := unix.Mkdirat(w.here().fd, name, uint32(perm.Perm()))
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return &fs.PathError{Op: "mkdir", Path: path.Join(w.at(), name), Err: err}
	}
	return nil
}

func ignoringSignals(do func() (int, error)) (int, error) {
	for {
		if n, err := do(); !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
