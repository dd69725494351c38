package safefile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"
)

// Bounds on one path. macOS follows 32 links and takes 1024 bytes; what links expand to
// may be longer.
const (
	maxLinks    = 32
	maxElements = 512
)

// ErrTooDeep is the error of a path that has more elements, those of its links included,
// than a [PathWalk] follows. It is [syscall.ENAMETOOLONG], too.
var ErrTooDeep = fmt.Errorf("too many elements in a path: %w", syscall.ENAMETOOLONG)

// PathWalk follows paths as the kernel does for a process whose root folder is that of Lstat
// and Readlink: absolute links and ".." never lead above it. Both functions, which a [Tree]
// has, get names without links, relative to the root folder, which is ".".
type PathWalk struct {
	Lstat    func(at string) (FileVersion, error)
	Readlink func(at string) (string, error)
	// Visit, if not nil, is called for everything on the way, from the root folder to what the
	// path leads to, links included. An error of it ends the walk.
	Visit       func(Step) error
	Top         string // the root folder's path in errors; "" for "/"
	MaxElements int    // 0: 512
}

// Step is what a walk comes to.
type Step struct {
	At          string // without links, relative to the root folder, which is "."
	FileVersion        // of what lies there
	Target      string // of a link
	// Own is how many elements of the path itself are passed, this one included. It stands
	// still while those of a link are followed.
	Own int
}

// Follow returns what a path leads to, through all links. It takes every path as absolute. With
// an error, the step is the one that could not be taken, or what should have been a folder.
func (w PathWalk) Follow(name string) (Step, error) {
	rest := splitPath(name)
	own, links, bound := len(rest), 0, cmp.Or(w.MaxElements, maxElements)
	root, err := w.takeStep(Step{At: "."})
	if err != nil {
		return root, err
	}
	trail, left := []Step{root}, own
	for walked := 0; len(rest) > 0; walked++ {
		here, elem := trail[len(trail)-1], rest[0]
		if len(rest) == left {
			left--
		}
		rest = rest[1:]
		next := Step{At: path.Join(here.At, elem), Own: own - left}
		switch {
		case walked == bound:
			return next, w.wrapError("follow", next, ErrTooDeep)
		case !here.Mode.IsDir():
			return here, w.wrapError("follow", here, syscall.ENOTDIR)
		case elem == "..":
			trail = trail[:max(1, len(trail)-1)]
			continue
		}
		if next, err = w.takeStep(next); err != nil {
			return next, err
		}
		if !next.IsLink() {
			trail = append(trail, next)
			continue
		}
		if links++; links > maxLinks {
			return next, w.wrapError("follow", next, syscall.ELOOP)
		}
		if path.IsAbs(next.Target) {
			trail = trail[:1]
		}
		rest = append(splitPath(next.Target), rest...)
	}
	end := trail[len(trail)-1]
	end.Own = own
	return end, nil
}

// takeStep finds out what lies where a step leads to.
func (w PathWalk) takeStep(s Step) (Step, error) {
	var err error
	if s.FileVersion, err = w.Lstat(s.At); err != nil {
		return s, w.wrapError("lstat", s, err)
	}
	if s.IsLink() {
		if s.Target, err = w.Readlink(s.At); err != nil {
			return s, w.wrapError("readlink", s, err)
		}
	}
	if w.Visit != nil {
		return s, w.Visit(s)
	}
	return s, nil
}

// wrapError adds the path to an error that has none.
func (w PathWalk) wrapError(op string, s Step, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return err
	}
	return &fs.PathError{Op: op, Path: path.Join("/", w.Top, s.At), Err: err}
}

// splitPath splits a path; empty elements and "." count for nothing.
func splitPath(p string) []string {
	var out []string
	for e := range strings.SplitSeq(p, "/") {
		if e != "" && e != "." {
			out = append(out, e)
		}
	}
	return out
}
