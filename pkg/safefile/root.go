package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// Bounds on one path. macOS follows 32 links and takes 1024 bytes; what links expand to
// may be longer, but every element costs a walk from the root.
const (
	maxLinks    = 32
	maxElements = 512
)

// ReadIn reads a regular file as a process would whose root folder is root: name is
// absolute there or taken so, every link on the way is followed, and a link's target
// is looked up under root as well, be it absolute or full of "..": no name leads out. The
// bounds are those of Read.
func ReadIn(root, name string, max int64) ([]byte, Info, error) {
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, Info{}, err
	}
	defer r.Close()
	real, err := resolve(r, name, nil)
	if err != nil {
		return nil, Info{}, err
	}
	// Whatever is swapped for a link from here on, r keeps the walk inside root.
	return read("/"+real, max, func() (fs.FileInfo, error) { return r.Lstat(real) },
		func() (*os.File, error) { return r.OpenFile(real, openFlags, 0) })
}

// resolve returns name without links and "..", relative to the root. It shows visit every
// element on the way, from the root folder to the file itself, links included.
func resolve(r *os.Root, name string, visit func(at string, st fs.FileInfo)) (string, error) {
	at, rest, links, walked := ".", elements(name), 0, 0
	if visit != nil {
		st, err := r.Lstat(at)
		if err != nil {
			return "", err
		}
		visit(at, st)
	}
	for len(rest) > 0 {
		elem := rest[0]
		rest = rest[1:]
		if walked++; walked > maxElements {
			return "", &fs.PathError{Op: "resolve", Path: name, Err: syscall.ENAMETOOLONG}
		}
		if elem == ".." {
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, elem)
		st, err := r.Lstat(next)
		if err != nil {
			return "", inRoot(err, next)
		}
		if visit != nil {
			visit(next, st)
		}
		if st.Mode().Type() != fs.ModeSymlink {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "resolve", Path: name, Err: syscall.ELOOP}
		}
		target, err := r.Readlink(next)
		if err != nil {
			return "", inRoot(err, next)
		}
		if path.IsAbs(target) {
			at = "."
		}
		rest = append(elements(target), rest...)
	}
	return at, nil
}

// elements splits a path; empty elements and "." go.
func elements(p string) []string {
	var out []string
	for _, e := range strings.Split(p, "/") {
		if e != "" && e != "." {
			out = append(out, e)
		}
	}
	return out
}

// inRoot names the path as the root's inhabitants know it.
func inRoot(err error, at string) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return &fs.PathError{Op: pe.Op, Path: "/" + at, Err: pe.Err}
	}
	return err
}

// WritableByOthers reports whether a user other than root (or the one the process runs
// as) could change or replace what name stands for under root, and by which element: the
// first of the root folder, the folders and links on the way and the file itself that such
// a user owns, or that group or others may write. A folder with the sticky bit, such as
// /tmp, counts too. Links are followed as by ReadIn; the path is absolute under root.
//
// It sees owner and mode; access control lists can give more rights than these show.
func WritableByOthers(root, name string) (offending string, writable bool, err error) {
	r, err := os.OpenRoot(root)
	if err != nil {
		return "", false, err
	}
	defer r.Close()
	_, err = resolve(r, name, func(at string, st fs.FileInfo) {
		if !writable && byOthers(st) {
			offending, writable = path.Join("/", at), true
		}
	})
	if writable {
		return offending, true, nil // what is missing below could be put there
	}
	return "", false, err
}

// byOthers reports whether the element of a path is in the hands of others. The mode of
// a link means nothing: replacing it takes the right to write its folder.
func byOthers(st fs.FileInfo) bool {
	if s, ok := st.Sys().(*syscall.Stat_t); !ok || !trusted(s.Uid, nil) {
		return true
	}
	return st.Mode().Type() != fs.ModeSymlink && st.Mode().Perm()&0o022 != 0
}
