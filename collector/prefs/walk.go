package prefs

import (
	"cmp"
	"path"
	"strings"
	"syscall"

	"hooksnare/pkg/safefile"
)

// Bounds on one path, as those of package safefile.
const (
	maxLinks    = 32
	maxElements = 512
)

// route is where a path leads.
type route struct {
	real    string // without links, below the root, with a leading slash
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
	rest := strings.Split(name[1:], "/")
	left := len(rest) // elements of name that are still to pass
	real, own, links := "", 0, 0
	for n := 0; len(rest) > 0; n++ {
		elem, ours := rest[0], len(rest) == left
		rest = rest[1:]
		if ours {
			left--
			own++
			r.passed = name[:len(r.passed)+1+len(elem)]
		}
		switch {
		case n == maxElements:
			return r, syscall.ENAMETOOLONG
		case elem == "" || elem == ".":
			continue
		case elem == "..":
			real = parent(real)
			continue
		}
		next := real + "/" + elem
		if r.version, err = d.lstat(d.root + next); err != nil {
			return r, err
		}
		r.foreign = r.foreign || r.version.UID != d.owner || !r.version.IsLink() && r.version.Mode.Perm()&0o022 != 0
		if !r.version.IsLink() {
			if len(rest) > 0 && !r.version.Mode.IsDir() {
				return r, syscall.ENOTDIR
			}
			real = next
			continue
		}
		target, err := d.readlink(d.root + next)
		if err != nil {
			return r, err
		}
		if links++; links > maxLinks {
			return r, syscall.ELOOP
		}
		if ours && own > skip && r.link == "" {
			r.link, r.target, r.linkOwner = r.passed, target, d.ownerOf(r.version)
		}
		if strings.HasPrefix(target, "/") {
			real = ""
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	r.real = real
	if links > 0 { // the last version may be a link's
		r.version, err = d.lstat(d.root + cmp.Or(real, "/"))
	}
	return r, err
}

// parent is the folder of a clean absolute path, "" for that of the root.
func parent(p string) string { return strings.TrimSuffix(path.Dir("/"+p), "/") }
