package prefs

import (
	"path"
	"strings"

	"hooksnare/pkg/safefile"
)

// route is where a path leads.
type route struct {
	real    string // without links, below the root, with a leading slash
	version safefile.FileVersion
	passed  string // how much of the path was passed, or could not be

	link      string // the path of the first link to report, "" without one
	target    string // of that link, as written in it
	linkOwner owner

	foreign bool   // others than the owner of the root folder can change a folder on the way
	steps   []step // to what the path leads to, which is the last
}

// step is a folder or a link that a walk passed.
type step struct {
	host    string
	version safefile.FileVersion
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
	walk := safefile.PathWalk{
		Lstat:    func(at string) (safefile.FileVersion, error) { return d.lstat(d.root + path.Join("/", at)) },
		Readlink: func(at string) (string, error) { return d.readlink(d.root + path.Join("/", at)) },
		Visit: func(s safefile.Step) error {
			r.foreign = r.foreign || s.UID != d.owner || s.WritableByOthers()
			r.steps = append(r.steps, step{d.root + path.Join("/", s.At), s.FileVersion})
			if s.IsLink() && s.Own > skip && r.link == "" {
				r.link, r.target, r.linkOwner = start(s.Own), s.Target, d.ownerOf(s.FileVersion)
			}
			return nil
		},
	}
	s, err := walk.Follow(name)
	r.real, r.version, r.passed = path.Join("/", s.At), s.FileVersion, start(s.Own)
	return r, err
}

// stepsUnchanged reports whether a walk would pass the same steps again, and renews their versions:
// a sweep allocates nothing for a path that did not change.
func (d *disk) stepsUnchanged(steps []step) bool {
	for i := range steps {
		was := steps[i].version
		v, err := d.lstat(steps[i].host)
		if err != nil || !v.SameFile(was) || v.Mode != was.Mode || v.UID != was.UID || v.IsLink() && v != was {
			return false
		}
		steps[i].version = v
	}
	return len(steps) > 0
}
