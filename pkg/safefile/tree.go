package safefile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Tree is the disk below a root folder, to be used element by element. Names are those of a
// [PathWalk]: without links, relative to the root folder, which is ".". Each folder is opened
// from the descriptor of one above, following no link, and stays open while names below it are
// used: no name leads out, and what Lstat found is what is used, whatever is renamed meanwhile.
// A Tree is for one goroutine. Errors are a [syscall.Errno] alone, or ErrChanged.
type Tree struct {
	open []openFolder // the root folder and the last on the way to that of the last name
	last Step         // that Lstat found
}

// maxOpen bounds the folders that a Tree keeps open, which are descriptors of the process: users
// can have many a Tree hang, each on a path as deep as they like.
const maxOpen = 8

type openFolder struct {
	at string
	fd int
}

// OpenTree opens a root folder, through links.
func OpenTree(root string) (*Tree, error) {
	fd, err := ignoringSignals(func() (int, error) { return unix.Open(root, folderFlags&^unix.O_NOFOLLOW, 0) })
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: root, Err: err}
	}
	return &Tree{open: []openFolder{{".", fd}}}, nil
}

// Close closes the root folder and all below.
func (t *Tree) Close() {
	t.closeFrom(0)
}

func (t *Tree) closeFrom(n int) {
	for _, f := range t.open[n:] {
		unix.Close(f.fd)
	}
	t.open = t.open[:n]
}

// Lstat returns what lies at a name. If that is a folder and names below it are used next, they
// are those of this folder, or the error is ErrChanged.
func (t *Tree) Lstat(at string) (FileVersion, error) {
	var st unix.Stat_t
	dir, err := t.folder(path.Dir(at))
	if err != nil {
		return FileVersion{}, err
	}
	if _, err = ignoringSignals(func() (int, error) { return 0, unix.Fstatat(dir, path.Base(at), &st, unix.AT_SYMLINK_NOFOLLOW) }); err != nil {
		return FileVersion{}, err
	}
	t.last = Step{At: at, FileVersion: versionOfStat(&st)}
	return t.last.FileVersion, nil
}

// Readlink returns where a link leads to.
func (t *Tree) Readlink(at string) (string, error) {
	dir, err := t.folder(path.Dir(at))
	if err != nil {
		return "", err
	}
	b := make([]byte, unix.PathMax)
	n, err := ignoringSignals(func() (int, error) { return unix.Readlinkat(dir, path.Base(at), b) })
	return string(b[:max(0, n)]), err
}

// Open opens the regular file of which Lstat returned v, to read it. If there is another by
// now the error is ErrChanged.
func (t *Tree) Open(at string, v FileVersion) (*os.File, error) {
	f, err := t.openFile(at, openFlags, 0)
	if becameOther(err) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, ErrChanged
	}
	if err != nil {
		return nil, err
	}
	if err := Unchanged(f, v); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// List returns the names in a folder, in no order, and no more than most of them.
func (t *Tree) List(at string, most int) ([]string, error) {
	dir, err := t.folder(at)
	if err != nil {
		return nil, err
	}
	fd, err := ignoringSignals(func() (int, error) { return unix.Openat(dir, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), path.Join("/", at))
	defer f.Close()
	names, err := f.Readdirnames(most)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return names, err
}

// Unchanged returns ErrChanged if an open file is not, or no longer, of that version.
func Unchanged(f *os.File, v FileVersion) error {
	info, err := f.Stat()
	if err == nil && VersionOf(info) != v {
		err = ErrChanged
	}
	return err
}

func (t *Tree) openFile(at string, flags int, perm fs.FileMode) (*os.File, error) {
	dir, err := t.folder(path.Dir(at))
	if err != nil {
		return nil, err
	}
	fd, err := ignoringSignals(func() (int, error) { return unix.Openat(dir, path.Base(at), flags, uint32(perm.Perm())) })
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path.Join("/", at)), nil
}

func (t *Tree) mkdir(at string, perm fs.FileMode) error {
	dir, err := t.folder(path.Dir(at))
	if err != nil {
		return err
	}
	_, err = ignoringSignals(func() (int, error) { return 0, unix.Mkdirat(dir, path.Base(at), uint32(perm.Perm())) })
	return err
}

// moveRoot makes a folder the root folder.
func (t *Tree) moveRoot(at string) error {
	fd, err := t.folder(at)
	if err != nil {
		return err
	}
	for _, above := range t.open[:len(t.open)-1] {
		unix.Close(above.fd)
	}
	t.open = []openFolder{{".", fd}}
	return nil
}

// folder returns the descriptor of a folder, and closes those that it does not lie in.
func (t *Tree) folder(at string) (int, error) {
	n := len(t.open)
	for !leadsTo(t.open[n-1].at, at) {
		n--
	}
	t.closeFrom(n)
	var err error
	for here := t.open[n-1]; here.at != at; {
		rest := at
		if here.at != "." {
			rest = at[len(here.at)+1:]
		}
		name, _, _ := strings.Cut(rest, "/")
		if here, err = t.enterFolder(here, name); err != nil {
			return 0, err
		}
		if len(t.open) == maxOpen {
			unix.Close(t.open[1].fd)
			t.open = slices.Delete(t.open, 1, 2)
		}
		t.open = append(t.open, here)
	}
	return t.open[len(t.open)-1].fd, nil
}

// enterFolder opens a folder in another, if it is still what Lstat found last.
func (t *Tree) enterFolder(above openFolder, name string) (openFolder, error) {
	fd, err := ignoringSignals(func() (int, error) { return unix.Openat(above.fd, name, folderFlags, 0) })
	if err != nil {
		return openFolder{}, err
	}
	f := openFolder{path.Join(above.at, name), fd}
	if f.at != t.last.At {
		return f, nil
	}
	var st unix.Stat_t
	_, err = ignoringSignals(func() (int, error) { return 0, unix.Fstat(fd, &st) })
	if v := versionOfStat(&st); err == nil && (!v.SameFile(t.last.FileVersion) || v.Mode != t.last.Mode || v.UID != t.last.UID) {
		err = ErrChanged
	}
	if err != nil {
		unix.Close(fd)
	}
	return f, err
}

// leadsTo reports whether a name is that of a folder or below it.
func leadsTo(folder, name string) bool {
	rest, below := strings.CutPrefix(name, folder)
	return folder == "." || below && (rest == "" || rest[0] == '/')
}

func ignoringSignals(do func() (int, error)) (int, error) {
	for {
		if n, err := do(); err != unix.EINTR {
			return n, err
		}
	}
}
