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

// openGuard is a disk on which every folder and link on a path must be safe, see [Disk].
type guard struct {
	*Tree
	top    string   // the path of the tree's root folder
	owners []uint32 // trusted beside root and the user the process runs as
}

// openGuard opens the disk that a path lies on, and returns the path from there: from d.Root if it
// lies below, else from the machine's root folder.
func (d Disk) openGuard(name string, owners []uint32) (g *guard, inner string, err error) {
	if name, err = filepath.Abs(name); err != nil {
		return nil, "", err
	}
	t, err := OpenTree("/")
	if err != nil {
		return nil, "", err
	}
	g = &guard{Tree: t, top: "/", owners: slices.Clone(owners)}
	inner, confined := d.cutRoot(name)
	if !confined {
		return g, name, nil
	}
	if err := g.enterRoot(d.Root); err != nil {
		g.Close()
		return nil, "", err
	}
	return g, inner, nil
}

// enterRoot goes on from a folder that stands for the root folder, whose owner plays root.
func (g *guard) enterRoot(root string) error {
	if info, err := os.Stat(root); err == nil {
		g.owners = append(g.owners, VersionOf(info).UID)
	}
	s, err := g.folderAt(root)
	if err != nil {
		return err
	}
	g.top = path.Join("/", s.At)
	return g.moveRoot(s.At)
}

// follow walks a path on which everything must be safe.
func (g *guard) follow(name string, lstat func(at string) (FileVersion, error)) (Step, error) {
	return PathWalk{Lstat: lstat, Readlink: g.Readlink, Visit: g.check, Top: g.top}.Follow(name)
}

// folderAt walks to a folder.
func (g *guard) folderAt(name string) (Step, error) {
	s, err := g.follow(name, g.Lstat)
	if err == nil && !s.Mode.IsDir() {
		err = &fs.PathError{Op: "open", Path: g.shownPath(s.At), Err: unix.ENOTDIR}
	}
	return s, err
}

// shownPath is the path of a name on the machine.
func (g *guard) shownPath(at string) string { return path.Join(g.top, at) }

// check reports why others could change what is in a folder, or put another folder or link in
// its place.
func (g *guard) check(s Step) error {
	at := g.shownPath(s.At)
	switch {
	case s.IsLink() && !isTrusted(s.UID, g.owners):
		return &InsecureError{at, fmt.Sprintf("is a link that belongs to user %d: remove it, or run chown -h %s", s.UID, shellQuote(ownerName(), at))}
	case !s.Mode.IsDir():
	case !isTrusted(s.UID, g.owners):
		return foreignOwner(at, s.UID)
	case s.Mode.Perm()&0o022 != 0 && s.Mode&fs.ModeSticky == 0:
		return &InsecureError{at, fmt.Sprintf("others can write this folder (mode %04o): run chmod %s", s.Permissions(), shellQuote("go-w", at))}
	}
	return nil
}

// makeFolders walks to a folder and makes what is missing of it. If somebody else is quicker,
// what is there then is checked like anything.
func (g *guard) makeFolders(name string, perm fs.FileMode) error {
	s, err := g.follow(name, func(at string) (FileVersion, error) {
		v, err := g.Lstat(at)
		if !errors.Is(err, fs.ErrNotExist) {
			return v, err
		}
		if err := g.mkdir(at, perm); err != nil && !errors.Is(err, fs.ErrExist) {
			return v, &fs.PathError{Op: "mkdir", Path: g.shownPath(at), Err: err}
		}
		return g.Lstat(at)
	})
	if err == nil && !s.Mode.IsDir() {
		err = &fs.PathError{Op: "mkdir", Path: g.shownPath(s.At), Err: unix.ENOTDIR}
	}
	return err
}

// checkProgram reports why a program is not safe to run. It may have several names, as many of
// a system's have.
func (g *guard) checkProgram(name string) error {
	s, err := g.follow(name, g.Lstat)
	if err != nil {
		return err
	}
	switch at := g.shownPath(s.At); {
	case !s.Mode.IsRegular():
		return fmt.Errorf("%s: %w but a %s", at, ErrNotRegular, kindOf(s.Mode))
	case !isTrusted(s.UID, g.owners):
		return foreignOwner(at, s.UID)
	case s.Mode.Perm()&0o022 != 0:
		return &InsecureError{at, fmt.Sprintf("others can write it (mode %04o): run chmod %s", s.Mode.Perm(), shellQuote("go-w", at))}
	case s.Mode.Perm()&0o111 == 0:
		return errors.New(at + ": is not a program: nobody may run it")
	}
	return nil
}
