package safefile

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Disk is where the agent keeps what nobody else may change: its configuration, rules,
// secrets, state and logs. The zero value is the machine's own disk.
//
// A path is safe when every folder and link on the way belongs to root, to the user the
// process runs as, or to whoever owns Root, and when no folder on the way can be written by
// group or others. A folder with the sticky bit, such as /tmp, may be written by others:
// nobody can replace there what belongs to somebody else. Links are followed; each target is
// held to the same. All else is an *InsecureError that names the element and the remedy.
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
// have or one of owners, nobody else may write the file, and it may have no second name.
func (d Disk) ReadTrusted(name string, limit int64, owners ...uint32) ([]byte, FileVersion, error) {
	return d.readGuarded(name, limit, owners, 0o022, "go-w", "others can write it")
}

// ReadSecret reads a file that holds a secret: as ReadTrusted, and nobody else may read
// it either.
func (d Disk) ReadSecret(name string, limit int64, owners ...uint32) ([]byte, FileVersion, error) {
	return d.readGuarded(name, limit, owners, 0o077, "600", "others can read or write it")
}

// CheckFolder reports why a folder is not safe. owners are trusted beside the usual ones.
// What is missing is fs.ErrNotExist; what is there of the path is safe then.
func (d Disk) CheckFolder(name string, owners ...uint32) error {
	_, err := d.RealFolder(name, owners...)
	return err
}

// RealFolder returns the path of a safe folder without links, and the error of CheckFolder.
func (d Disk) RealFolder(name string, owners ...uint32) (string, error) {
	g, inner, err := d.openGuard(name, owners)
	if err != nil {
		return "", err
	}
	defer g.Close()
	s, err := g.folderAt(inner)
	if err != nil {
		return "", err
	}
	return g.shownPath(s.At), nil
}

// MakeFolder makes a folder, and those above it that are missing, with the given
// permissions, but never with any for others to write. One that is there stays as it is.
// The error is that of CheckFolder.
func (d Disk) MakeFolder(name string, perm fs.FileMode) error {
	g, inner, err := d.openGuard(name, nil)
	if err != nil {
		return err
	}
	defer g.Close()
	return g.makeFolders(inner, perm&^0o022)
}

// CheckFile reports why a file is not one that the agent may append to or trust: its
// folder is not safe, it is not a regular file, it has a second name, or it belongs to
// another user. Its permissions are not checked. What is missing is fs.ErrNotExist; what is
// there of the path is safe then.
func (d Disk) CheckFile(name string, owners ...uint32) error {
	f, err := d.openParent(name, owners)
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
	f, err := d.openParent(name, nil)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.openAppend(perm)
}

// cutRoot returns what of an absolute path lies below the root, false if it does not.
func (d Disk) cutRoot(name string) (string, bool) {
	root := filepath.Clean("/" + d.Root)
	if d.Root == "" || root == "/" {
		return "", false
	}
	name = filepath.Clean(name)
	if name == root {
		return "/", true
	}
	return strings.CutPrefix(name, root+"/")
}

// CheckProgram reports why a program of the machine is not one to run for those who trust
// only what nobody else can change: its folder is not safe, or it belongs to another user, or
// others can write it. Links are followed. What is missing is fs.ErrNotExist.
func CheckProgram(name string) error {
	g, inner, err := Disk{}.openGuard(name, nil)
	if err != nil {
		return err
	}
	defer g.Close()
	return g.checkProgram(inner)
}
