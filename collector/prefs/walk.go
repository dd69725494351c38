package prefs

import (
	"errors"
	"io/fs"
	"math"
	"path"
	"strings"

	"hooksnare/pkg/safefile"
)

// route is where a path leads.
type route struct {
	real    string // without links, below the root, with a leading slash, as the disk spells it
	version safefile.FileVersion
	passed  string // how much of the path was passed, or could not be

	link      string // the path of the first link to report, "" without one
	target    string // of that link, as written in it
	linkOwner owner

	foreign bool // others than the owner of the root folder can change a folder on the way
}

// walk finds the file that the inhabitants of the disk mean by name, a clean absolute
// path. Every link is followed inside the root. The first skip elements may be links
// without being reported.
func (d *disk) walk(name string, skip int) (r route, err error) {
	start := func(elements int) string {
		end := 0
		for ; elements > 0; elements-- {
			end += 1 + strings.IndexByte(name[end+1:]+"/", '/')
		}
		return name[:end]
	}
	spelled := map[string]string{} // folders that the disk spells otherwise
	spell := func(at string) string {
		if other, ok := spelled[at]; ok {
			return other
		}
		if dir, ok := spelled[path.Dir(at)]; ok {
			return dir + "/" + path.Base(at)
		}
		return path.Join("/", at)
	}
	walk := safefile.PathWalk{
		Lstat: func(at string) (safefile.FileVersion, error) {
			on, v, err := d.lstatFolded(spell(at))
			if on != path.Join("/", at) {
				spelled[at] = on
			}
			return v, err
		},
		Readlink: func(at string) (string, error) { return d.readlink(d.root + spell(at)) },
		Visit: func(s safefile.Step) error {
			r.foreign = r.foreign || d.isForeign(s.FileVersion)
			if s.IsLink() && s.Own > skip && r.link == "" {
				r.link, r.target, r.linkOwner = start(s.Own), s.Target, d.ownerOf(s.FileVersion)
			}
			return nil
		},
	}
	s, err := walk.Follow(name)
	r.real, r.version, r.passed = spell(s.At), s.FileVersion, start(s.Own)
	return r, err
}

// enter finds what lies under a name in a folder.
func (d *disk) enter(above *route, name string) (route, error) {
	at, v, err := d.lstatFolded(path.Join(above.real, name))
	if err == nil && v.IsLink() {
		target, _ := d.readlink(d.root + at)
		r, err := d.walk(at, math.MaxInt)
		r.link, r.target, r.linkOwner = at, target, d.ownerOf(v)
		return r, err
	}
	return route{real: at, version: v, passed: at, foreign: above.foreign || d.isForeign(v)}, err
}

// isForeign reports whether others than the owner of the root folder can change a folder.
func (d *disk) isForeign(v safefile.FileVersion) bool {
	return v.UID != d.owner || v.WritableByOthers()
}

// lstatFolded returns the version of what lies at a path below the root, and the path as the disk
// spells it. Where macOS ignores case and this system does not, a name that is not there may be
// there in another spelling.
func (d *disk) lstatFolded(at string) (string, safefile.FileVersion, error) {
	v, err := d.lstat(d.root + at)
	if !d.folds || !errors.Is(err, fs.ErrNotExist) {
		return at, v, err
	}
	dir, name := path.Split(at)
	folder, e := d.lstat(d.root + dir)
	if e != nil {
		return at, v, err
	}
	entries, _, _ := d.list(d.root+dir, folder, maxEntries)
	for _, entry := range entries {
		if sameName(entry.Name(), name) {
			at = dir + entry.Name()
			v, err = d.lstat(d.root + at)
			break
		}
	}
	return at, v, err
}
