package prefs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"hooksnare/pkg/event"
	"hooksnare/pkg/safefile"
)

// disk is what a scan needs of a file system. Its paths are the host's, except that those of
// read lie below the root.
type disk struct {
	root     string // "" for /
	folds    bool   // names that differ in case alone name one file on the disk's own system, and not on this one
	owner    uint32 // of the root folder
	lstat    func(name string) (safefile.FileVersion, error)
	readlink func(name string) (string, error)
	list     func(name string, version safefile.FileVersion, limit int) (all []fs.DirEntry, more bool, err error)
	read     func(name string, limit int64) ([]byte, safefile.FileVersion, error)
	copy     func(name string, limit int64, w io.Writer) (safefile.FileVersion, error)
}

func realDisk(root string) disk {
	return disk{
		root: root, folds: root != "", lstat: safefile.Lstat, readlink: os.Readlink, list: listFolder,
		read: func(name string, limit int64) ([]byte, safefile.FileVersion, error) {
			return safefile.ReadIn(root+"/", name, limit)
		},
		copy: func(name string, limit int64, w io.Writer) (safefile.FileVersion, error) {
			return safefile.CopyIn(root+"/", name, limit, w)
		},
	}
}

// listFolder reads up to limit names of the folder that had this version.
func listFolder(name string, version safefile.FileVersion, limit int) (all []fs.DirEntry, more bool, err error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil {
		return nil, false, err
	} else if !safefile.VersionOf(st).SameFile(version) {
		return nil, false, safefile.ErrChanged
	}
	for {
		some, err := f.ReadDir(256)
		all = append(all, some...)
		switch {
		case len(all) > limit:
			return all[:limit], true, nil
		case errors.Is(err, io.EOF):
			return all, false, nil
		case err != nil:
			return nil, false, err
		}
	}
}

// kindOf names the type of a file that is not what it should be.
func kindOf(v safefile.FileVersion) string {
	switch v.Mode.Type() {
	case 0:
		return "a file"
	case fs.ModeDir:
		return "a folder"
	case fs.ModeSymlink:
		return "a link"
	case fs.ModeNamedPipe:
		return "a FIFO"
	case fs.ModeSocket:
		return "a socket"
	}
	return "a device"
}

// foundOf returns what is reported of a file, without its hash.
func foundOf(v safefile.FileVersion) event.Found {
	return event.Found{
		UID: v.UID, GID: v.GID, Mode: v.Permissions(), Size: v.Size, Inode: v.Inode,
		ModTime: v.ModTime.UTC(), ChangeTime: v.ChangeTime.UTC(),
	}
}
