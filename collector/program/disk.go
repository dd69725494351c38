package program

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// Bounds on one path. Every element costs a walk from the root; no hook's program that
// was ever seen lies deeper than a dozen.
const (
	maxElements = 64
	maxLinks    = 32 // as many as macOS follows
)

// errDeep is what becomes of a path, or of what its links make of it, that is too long.
var errDeep = errors.New("more than 64 elements")

// disk is a root folder, looked at once: asked again, it gives the first answer.
type disk struct {
	root  *os.Root
	plays uint32 // the user who counts as root beside root
	may   allowance
	seen  []element
	known map[string]int // index in seen
	stats []stat
}

type stat struct {
	info fs.FileInfo
	err  error
}

// newDisk looks at a root folder. Where it stands for another disk, whoever owns it plays
// root there.
func newDisk(root *os.Root, name string) *disk {
	d := &disk{root: root, known: map[string]int{}}
	if s := d.lstat("."); s.err == nil && filepath.Clean("/"+name) != "/" {
		d.plays = uid(s.info)
	}
	return d
}

// lstat looks at what is there, following no link at its end.
func (d *disk) lstat(at string) stat {
	if i, ok := d.known[at]; ok {
		return d.stats[i]
	}
	info, err := d.root.Lstat(at)
	d.known[at] = len(d.seen)
	d.seen = append(d.seen, element{at, identify(info, err)})
	d.stats = append(d.stats, stat{info, err})
	return stat{info, err}
}

// place is what a path leads to.
type place struct {
	at         string // without links, relative to the root; "" if err
	info       fs.FileInfo
	err        error
	astray     bool   // err is that links lead too far or in circles: what is there is not run, or not known
	writableBy string // the first element on the way that others can change
	foreign    bool   // a link on the way belongs to others
}

func (p place) missing() bool {
	return errors.Is(p.err, fs.ErrNotExist) || errors.Is(p.err, syscall.ENOTDIR) || errors.Is(p.err, syscall.ENAMETOOLONG)
}

// exists reports whether there is something to run or to wonder about.
func (p place) exists() bool { return p.err == nil || p.astray }

func (p place) file() bool { return p.err == nil && p.info != nil && p.info.Mode().IsRegular() }

func (p place) folder() bool { return p.err == nil && p.info != nil && p.info.IsDir() }

// rank orders places by how well they answer what a value runs: nothing, not known, not
// to be run, anything else.
func (p place) rank() int {
	switch {
	case p.missing():
		return 0
	case !p.exists():
		return 1
	case p.astray || p.folder():
		return 2
	}
	return 3
}

// walk follows a path from the root as the kernel would for a process whose root folder
// it is: links and ".." never lead out.
func (d *disk) walk(name string) place {
	p := place{at: "."}
	d.visit(&p, ".")
	links, walked := 0, 0
	for rest := elements(name); len(rest) > 0 && p.err == nil; {
		elem := rest[0]
		rest = rest[1:]
		if walked++; walked > maxElements {
			p.err, p.astray = errDeep, links > 0
			break
		}
		if elem == ".." {
			p.at = path.Dir(p.at)
			p.info = d.lstat(p.at).info
			continue
		}
		before := p.at
		d.visit(&p, path.Join(p.at, elem))
		if p.err != nil || p.info.Mode().Type() != fs.ModeSymlink {
			continue
		}
		if links++; links > maxLinks {
			p.err, p.astray = syscall.ELOOP, true
			break
		}
		target, err := d.root.Readlink(p.at)
		if err != nil {
			p.err = err
			break
		}
		if p.at = before; path.IsAbs(target) {
			p.at = "."
		}
		p.info = d.lstat(p.at).info
		rest = append(elements(target), rest...)
	}
	if p.err != nil {
		p.at = ""
	}
	return p
}

// visit takes a step of a walk.
func (d *disk) visit(p *place, at string) {
	s := d.lstat(at)
	if p.at, p.info, p.err = at, s.info, s.err; p.err != nil {
		return
	}
	link, foreign := p.info.Mode().Type() == fs.ModeSymlink, !d.trusts(p.info)
	p.foreign = p.foreign || link && foreign
	// The mode of a link means nothing: to replace it takes the right to write its folder.
	if p.writableBy == "" && (foreign || !link && p.info.Mode().Perm()&0o022 != 0) {
		p.writableBy = path.Join("/", at)
	}
}

// trusts reports whether a file belongs to root.
func (d *disk) trusts(info fs.FileInfo) bool {
	u := uid(info)
	return u == 0 || u == d.plays
}

// elements splits a path; empty elements and "." go. It looks at no more than can be used.
func elements(name string) []string {
	var out []string
	for e := range strings.SplitSeq(name, "/") {
		if e != "" && e != "." {
			out = append(out, e)
		}
		if len(out) > maxElements {
			break
		}
	}
	return out
}
