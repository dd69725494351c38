package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Disk is where the agent keeps what nobody else may change: its configuration, rules,
// secrets, state and logs. The zero value is the machine's own disk.
//
// A path is safe when every folder and link on the way belongs to root, to the user the
// process runs as, or to whoever owns Root, and when no folder on the way can be written by
// group or others. A folder with the sticky bit, such as /tmp, may be written by others:
// nobody can replace there what belongs to somebody else. Links are followed; each target is
// held to the same. All else is an *InsecureError that names the element and the remedy.
// What is missing is fs.ErrNotExist; what is there of the path is safe then.
//
// It sees owner and mode; access control lists can give more rights than these show.
type Disk struct {
	// Root is a folder that stands for the root folder. Paths are given with Root in front.
	// On a path that lies below Root a link leads nowhere else: an absolute target and ".."
	// are taken to be below Root, as they would be if it were the root folder. Paths
	// elsewhere are those of the machine.
	Root string
}

// ReadTrusted reads a regular file of at most limit bytes that the agent trusts, such as its
// configuration: the path must be safe, the owner of the file must be one that folders on it may
// have, nobody else may write the file, and it may have no second name.
func (d Disk) ReadTrusted(name string, limit int64) ([]byte, FileVersion, error) {
	return d.readGuarded(name, limit, 0o022, "go-w", "others can write it")
}

// ReadSecret reads a file that holds a secret: as ReadTrusted, and nobody else may read
// it either.
func (d Disk) ReadSecret(name string, limit int64) ([]byte, FileVersion, error) {
	return d.readGuarded(name, limit, 0o077, "600", "others can read or write it")
}

// readGuarded reads a file that gives others none of the permissions in deny.
func (d Disk) readGuarded(name string, limit int64, deny fs.FileMode, remedy, why string) ([]byte, FileVersion, error) {
	f, err := d.openParent(name)
	if err != nil {
		return nil, FileVersion{}, err
	}
	defer f.Close()
	v, err := f.lstat()
	if err != nil {
		return nil, FileVersion{}, err
	}
	b, v, err := f.read(f.at, name, v, limit)
	if err == nil {
		err = f.faultOf(v)
	}
	if err == nil && v.Mode.Perm()&deny != 0 {
		err = &InsecureError{name, fmt.Sprintf("%s (mode %04o): run chmod %s", why, v.Mode.Perm(), shellQuote(remedy, name))}
	}
	if err != nil {
		return nil, FileVersion{}, err
	}
	return b, v, nil
}

// CheckFolder reports why a folder is not safe.
func (d Disk) CheckFolder(name string) error {
	_, err := d.RealFolder(name)
	return err
}

// RealFolder returns the path of a safe folder without links, and the error of CheckFolder.
func (d Disk) RealFolder(name string) (string, error) {
	g, inner, err := d.openGuard(name)
	if err != nil {
		return "", err
	}
	defer g.Close()
	s, err := g.followFolder(inner, g.Lstat)
	if err != nil {
		return "", err
	}
	return g.shownPath(s.At), nil
}

// MakeFolder makes a folder, and those above it that are missing, with the given
// permissions, but never with any for others to write. One that is there stays as it is, also
// if somebody else made it just now: it is checked like any.
func (d Disk) MakeFolder(name string, perm fs.FileMode) error {
	g, inner, err := d.openGuard(name)
	if err != nil {
		return err
	}
	defer g.Close()
	_, err = g.followFolder(inner, func(at string) (FileVersion, error) {
		v, err := g.Lstat(at)
		if !errors.Is(err, fs.ErrNotExist) {
			return v, err
		}
		if err := g.mkdir(at, perm&^0o022); err != nil && !errors.Is(err, fs.ErrExist) {
			return v, &fs.PathError{Op: "mkdir", Path: g.shownPath(at), Err: err}
		}
		return g.Lstat(at)
	})
	return err
}

// CheckFile reports why a file is not one that the agent may append to or trust: its
// folder is not safe, it is not a regular file, it has a second name, or it belongs to
// another user. Its permissions are not checked.
func (d Disk) CheckFile(name string) error {
	f, err := d.openParent(name)
	if err != nil {
		return err
	}
	defer f.Close()
	v, err := f.lstat()
	if err != nil {
		return err
	}
	return f.faultOf(v)
}

// OpenAppend opens a file to read and to append to, and creates it with the given
// permissions if it is missing. Its folder must be safe; a link, a file with a second name,
// one of another user's and anything but a regular file are refused before they are opened
// or changed in any way.
func (d Disk) OpenAppend(name string, perm fs.FileMode) (*os.File, error) {
	f, err := d.openParent(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const tries = 8 // if somebody creates and removes it meanwhile
	for try := 1; ; try++ {
		file, err := f.openChecked(appendFlags|unix.O_CREAT|unix.O_EXCL, perm)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
		v, err := f.lstat()
		if err == nil {
			err = f.faultOf(v) // before it is opened: to open a device may have effects
		}
		if err == nil {
			file, err = f.openChecked(appendFlags, 0)
		}
		if !errors.Is(err, fs.ErrNotExist) || try == tries {
			return file, err
		}
	}
}

// appendFlags let no link be followed and no FIFO block.
const appendFlags = unix.O_RDWR | unix.O_APPEND | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC

// CheckProgram reports why a program of the machine is not one to run for those who trust
// only what nobody else can change: its folder is not safe, or it belongs to another user, or
// others can write it. Links are followed. It may have several names, as many of a system's have.
func CheckProgram(name string) error {
	g, inner, err := Disk{}.openGuard(name)
	if err != nil {
		return err
	}
	defer g.Close()
	s, err := g.follow(inner, g.Lstat)
	if err != nil {
		return err
	}
	switch at := g.shownPath(s.At); {
	case !s.Mode.IsRegular():
		return fmt.Errorf("%s: %w but a %s", at, ErrNotRegular, kindOf(s.Mode))
	case !isTrusted(s.UID):
		return foreignOwner(at, s.UID)
	case s.Mode.Perm()&0o022 != 0:
		return &InsecureError{at, fmt.Sprintf("others can write it (mode %04o): run chmod %s", s.Mode.Perm(), shellQuote("go-w", at))}
	case s.Mode.Perm()&0o111 == 0:
		return errors.New(at + ": is not a program: nobody may run it")
	}
	return nil
}

// guard is a disk on which every folder and link on a path must be safe, see [Disk].
type guard struct {
	*Tree
	top   string // the path of the tree's root folder
	owner uint32 // trusted beside root and the user the process runs as; of the root folder
}

// openGuard opens the disk that a path lies on, and returns the path from there: from d.Root if it
// lies below, else from the machine's root folder.
func (d Disk) openGuard(name string) (g *guard, inner string, err error) {
	if name, err = filepath.Abs(name); err != nil {
		return nil, "", err
	}
	t, err := OpenTree("/")
	if err != nil {
		return nil, "", err
	}
	g = &guard{Tree: t, top: "/"}
	root := filepath.Clean("/" + d.Root)
	inner, below := strings.CutPrefix(name+"/", root+"/")
	if root == "/" || !below {
		return g, name, nil
	}
	if err := g.enterRoot(root); err != nil {
		g.Close()
		return nil, "", err
	}
	return g, inner, nil
}

// enterRoot goes on from a folder that stands for the root folder, whose owner plays root.
func (g *guard) enterRoot(root string) error {
	if info, err := os.Stat(root); err == nil {
		g.owner = VersionOf(info).UID
	}
	s, err := g.followFolder(root, g.Lstat)
	if err != nil {
		return err
	}
	g.top = g.shownPath(s.At)
	return g.moveRoot(s.At)
}

// follow walks a path on which everything must be safe.
func (g *guard) follow(name string, lstat func(at string) (FileVersion, error)) (Step, error) {
	return PathWalk{Lstat: lstat, Readlink: g.Readlink, Visit: g.check, Top: g.top}.Follow(name)
}

// followFolder walks to a folder.
func (g *guard) followFolder(name string, lstat func(at string) (FileVersion, error)) (Step, error) {
	s, err := g.follow(name, lstat)
	if err == nil && !s.Mode.IsDir() {
		err = &fs.PathError{Op: "open", Path: g.shownPath(s.At), Err: unix.ENOTDIR}
	}
	return s, err
}

// shownPath is the path of a name on the machine.
func (g *guard) shownPath(at string) string { return path.Join(g.top, at) }

func (g *guard) trusts(uid uint32) bool { return isTrusted(uid) || uid == g.owner }

// check reports why others could change what is in a folder, or put another folder or link in
// its place.
func (g *guard) check(s Step) error {
	at := g.shownPath(s.At)
	switch {
	case s.IsLink() && !g.trusts(s.UID):
		return &InsecureError{at, fmt.Sprintf("is a link that belongs to user %d: remove it, or run chown -h %s", s.UID, shellQuote(ownerName(), at))}
	case !s.Mode.IsDir():
	case !g.trusts(s.UID):
		return foreignOwner(at, s.UID)
	case s.Mode.Perm()&0o022 != 0 && s.Mode&fs.ModeSticky == 0:
		return &InsecureError{at, fmt.Sprintf("others can write this folder (mode %04o): run chmod %s", s.Permissions(), shellQuote("go-w", at))}
	}
	return nil
}

// guardedFile is a name in a safe folder.
type guardedFile struct {
	*guard
	at   string
	name string // as the caller gave it
}

// openParent walks to the folder of a file.
func (d Disk) openParent(name string) (*guardedFile, error) {
	g, inner, err := d.openGuard(name)
	if err != nil {
		return nil, err
	}
	folder, base := path.Split(path.Clean("/" + inner))
	if base == "" {
		g.Close()
		return nil, fmt.Errorf("%s: %w but a folder", name, ErrNotRegular)
	}
	s, err := g.followFolder(folder, g.Lstat)
	if err != nil {
		g.Close()
		return nil, err
	}
	return &guardedFile{g, path.Join(s.At, base), name}, nil
}

func (f *guardedFile) lstat() (FileVersion, error) {
	v, err := f.Lstat(f.at)
	if err != nil {
		return v, &fs.PathError{Op: "stat", Path: f.name, Err: err}
	}
	return v, nil
}

// openChecked opens the file and checks what was opened.
func (f *guardedFile) openChecked(flags int, perm fs.FileMode) (*os.File, error) {
	file, err := f.openFile(f.at, flags, perm)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: f.name, Err: err}
	}
	info, err := file.Stat()
	if err == nil {
		err = f.faultOf(VersionOf(info))
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// faultOf reports why the agent must not use what is there, whatever its permissions are.
// Whoever gave a file its second name may be able to write it there, and what is done to it is
// done to another's file.
func (f *guardedFile) faultOf(v FileVersion) error {
	switch {
	case !v.Mode.IsRegular():
		return fmt.Errorf("%s: %w but a %s", f.name, ErrNotRegular, kindOf(v.Mode))
	case !f.trusts(v.UID):
		return foreignOwner(f.name, v.UID)
	case v.Nlink > 1:
		return &InsecureError{f.name, fmt.Sprintf("is a hard link, one of %d names of the same file: remove it, or put a copy in its place", v.Nlink)}
	}
	return nil
}
