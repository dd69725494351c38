package prefs

import (
	"cmp"
	"path"
	"strings"
	"syscall"
)

// Bounds on one path, as those of package safefile.
const (
	maxLinks    = 32
	maxElements = 512
)

// walked is where a path leads.
type walked struct {
	real string // without links, below the root, with a leading slash
	st   stamp
	at   string // how much of the path was passed, or could not be
	link string // the path of the first link that counts, "" without
	to   string // where that leads, as written in it
	by   holder // of that link

	others bool // a folder on the way is not the owner's of the root alone to change
}

// walk finds the file that the inhabitants of the disk mean by name, a clean absolute
// path. Every link is followed inside the root. The first skip elements may be links
// without its being told.
func (d *disk) walk(name string, skip int) (w walked, err error) {
	rest := strings.Split(name[1:], "/")
	left := len(rest) // elements of name that are still to pass
	real, own, links := "", 0, 0
	for n := 0; len(rest) > 0; n++ {
		elem, ours := rest[0], len(rest) == left
		rest = rest[1:]
		if ours {
			left--
			own++
			w.at = name[:len(w.at)+1+len(elem)]
		}
		switch {
		case n == maxElements:
			return w, syscall.ENAMETOOLONG
		case elem == "" || elem == ".":
			continue
		case elem == "..":
			real = parent(real)
			continue
		}
		next := real + "/" + elem
		if w.st, err = d.lstat(d.root + next); err != nil {
			return w, err
		}
		w.others = w.others || w.st.uid != d.owner || w.st.mode&0o022 != 0 && !w.st.is(syscall.S_IFLNK)
		if !w.st.is(syscall.S_IFLNK) {
			if len(rest) > 0 && !w.st.is(syscall.S_IFDIR) {
				return w, syscall.ENOTDIR
			}
			real = next
			continue
		}
		to, err := d.readlink(d.root + next)
		if err != nil {
			return w, err
		}
		if links++; links > maxLinks {
			return w, syscall.ELOOP
		}
		if ours && own > skip && w.link == "" {
			w.link, w.to, w.by = w.at, to, d.holderOf(w.st)
		}
		if strings.HasPrefix(to, "/") {
			real = ""
		}
		rest = append(strings.Split(to, "/"), rest...)
	}
	w.real = real
	if links > 0 { // the last look may have been at a link
		w.st, err = d.lstat(d.root + cmp.Or(real, "/"))
	}
	return w, err
}

// parent is the folder of a clean absolute path, "" for that of the root.
func parent(p string) string { return strings.TrimSuffix(path.Dir("/"+p), "/") }
