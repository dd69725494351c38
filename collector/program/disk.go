package program

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"hooksnare/pkg/safefile"
)

// maxElements bounds one path. No hook's program that was ever seen lies deeper than a dozen.
const maxElements = 64

// disk is a root folder during one examination: asked again, it gives the first answer.
type disk struct {
	tree  *safefile.Tree
	plays uint32 // the user who counts as root beside root
	seen  []element
	index map[string]int // in seen, by path
}

// element is a file, folder or link that an examination used, and what it was then.
type element struct {
	at      string // relative to the root
	version safefile.FileVersion
	err     error // why there is none
	listed  bool  // what is in the folder counts
}

// openDisk opens a root folder. Where it stands for another disk, whoever owns it plays root
// there.
func openDisk(root string) (*disk, error) {
	tree, err := safefile.OpenTree(cmp.Or(root, "/"))
	if err != nil {
		return nil, err
	}
	d := &disk{tree: tree, index: map[string]int{}}
	if v, err := d.lstat("."); err == nil && !isMachine(root) {
		d.plays = v.UID
	}
	return d, nil
}

// isMachine reports whether a root folder is that of the machine itself.
func isMachine(root string) bool { return filepath.Clean("/"+root) == "/" }

func (d *disk) lstat(at string) (safefile.FileVersion, error) {
	i, ok := d.index[at]
	if !ok {
		v, err := d.tree.Lstat(at)
		i = len(d.seen)
		d.index[at] = i
		d.seen = append(d.seen, element{at: at, version: v, err: err})
	}
	return d.seen[i].version, d.seen[i].err
}

// isSame reports whether what lies there now is what the element was. Of a folder its content
// does not count: others use /tmp as well.
func (e *element) isSame(v safefile.FileVersion, err error) bool {
	if e.err != nil || err != nil || e.listed || !e.version.Mode.IsDir() {
		return v == e.version && err == e.err
	}
	return v.SameFile(e.version) && v.Mode == e.version.Mode && v.UID == e.version.UID && v.GID == e.version.GID
}

// clockStep is how long after a change the next one may leave the same times behind: the
// coarsest clock of a file system (HFS+ has seconds, FAT two).
const clockStep = 2 * time.Second

// isSettled reports whether a change after the examination would show in a file's version.
func isSettled(seen []element, at time.Time, step time.Duration) bool {
	for i := range seen {
		if e := &seen[i]; e.err == nil && (e.listed || !e.version.Mode.IsDir()) && !e.version.Settled(at, step) {
			return false
		}
	}
	return true
}

// isUnmoved reports whether all that an examination used is as it was.
func isUnmoved(root string, seen []element) bool {
	lstat := func(at string) (safefile.FileVersion, error) { return safefile.Lstat("/" + at) } // nothing lies outside
	if !isMachine(root) {
		tree, err := safefile.OpenTree(root)
		if err != nil {
			return false
		}
		defer tree.Close()
		lstat = tree.Lstat
	}
	for i := range seen {
		if !seen[i].isSame(lstat(seen[i].at)) {
			return false
		}
	}
	return true
}

// location is what a path leads to.
type location struct {
	safefile.Step
	err        error
	astray     bool   // err is that links lead too far or in circles: what is there is not run, or not known
	writableBy string // the first element on the way that others can change
	foreign    bool   // a link on the way belongs to others
}

func (l location) isMissing() bool {
	return errors.Is(l.err, fs.ErrNotExist) || errors.Is(l.err, syscall.ENOTDIR) ||
		errors.Is(l.err, syscall.ENAMETOOLONG) && !errors.Is(l.err, safefile.ErrTooDeep)
}

// exists reports whether there is something to run or to wonder about.
func (l location) exists() bool { return l.err == nil || l.astray }

func (l location) isFile() bool { return l.err == nil && l.Mode.IsRegular() }

// rank orders locations by how well they answer what a value runs: nothing, not known, not
// to be run, anything else.
func (l location) rank() int {
	switch {
	case l.isMissing():
		return 0
	case !l.exists():
		return 1
	case l.astray || l.Mode.IsDir():
		return 2
	}
	return 3
}

// errForeign is the error of a path that leads into a folder in which a user other than root can mount
// something.
var errForeign = errors.New("in a folder that others can change")

// locatePath follows a path from the root.
func (d *disk) locatePath(name string) location { return d.follow(name, true) }

// follow follows a path from the root; anywhere is false for one that must not lead where others than
// root can mount what never answers.
func (d *disk) follow(name string, anywhere bool) location {
	var l location
	links, own := false, strings.Count(path.Clean(name), "/")
	l.Step, l.err = safefile.PathWalk{Lstat: d.lstat, Readlink: d.tree.Readlink, MaxElements: maxElements, Visit: func(s safefile.Step) error {
		foreign := s.UID != 0 && s.UID != d.plays
		links = links || s.IsLink()
		l.foreign = l.foreign || s.IsLink() && foreign
		if l.writableBy == "" && (foreign || s.WritableByOthers()) {
			l.writableBy = path.Join("/", s.At)
		}
		if !anywhere && s.Mode.IsDir() && (foreign || s.WritableByOthers() && s.Own < own) {
			return errForeign
		}
		return nil
	}}.Follow(name)
	l.astray = errors.Is(l.err, syscall.ELOOP) || links && errors.Is(l.err, safefile.ErrTooDeep)
	return l
}
