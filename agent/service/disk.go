package service

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// disk changes files below a root folder. It follows links that stay below it, such
// as macOS' own /var, and no other.
type disk struct {
	root *os.Root
	euid int
	name func(string) string // of a path, for error texts
}

// rel turns a path from the root folder into one that os.Root takes.
func rel(name string) string { return strings.TrimPrefix(path.Clean(name), "/") }

// folder makes the folder or takes over the one that is there, with exactly this mode.
func (d *disk) folder(name string, mode fs.FileMode) error {
	if err := d.parents(name); err != nil {
		return err
	}
	if err := d.root.Mkdir(rel(name), mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	found, err := d.root.Lstat(rel(name))
	if err != nil {
		return err
	}
	if !found.IsDir() {
		return fmt.Errorf("%s: is a %s, not a folder: remove it first", d.name(name), kind(found))
	}
	f, err := d.root.OpenFile(rel(name), os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	opened, err := f.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(found, opened) {
		return fmt.Errorf("%s: changed while it was being opened", d.name(name))
	}
	if err := d.trustedOwner(name, opened); err != nil {
		return err
	}
	return d.seal(f, mode)
}

// parents makes the folders above name where they lack, and refuses those in which
// someone other than root could swap what is laid there.
func (d *disk) parents(name string) error {
	above := path.Dir(rel(name))
	if above == "." {
		return nil
	}
	if err := d.root.MkdirAll(above, 0o755); err != nil {
		return err
	}
	for p := above; p != "."; p = path.Dir(p) {
		info, err := d.root.Stat(p)
		if err != nil {
			return err
		}
		if err := d.trustedOwner(p, info); err != nil {
			return err
		}
		if info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0 {
			return fmt.Errorf("%s: others can write there (%v) and could replace the agent: run chmod go-w on it first",
				d.name(p), info.Mode())
		}
	}
	return nil
}

func (d *disk) trustedOwner(name string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%s: owner unknown on this system", d.name(name))
	}
	if st.Uid != 0 && int(st.Uid) != d.euid {
		return fmt.Errorf("%s: belongs to user id %d, who could replace the agent: give it to root first", d.name(name), st.Uid)
	}
	return nil
}

// seal sets owner and mode through the open file, so that no name is looked up twice.
func (d *disk) seal(f *os.File, mode fs.FileMode) error {
	if d.euid == 0 {
		if err := f.Chown(0, 0); err != nil { // root:wheel
			return err
		}
	}
	return f.Chmod(mode)
}

// file puts size bytes of src in place under the name, on disk before it returns. A
// reader of the name sees the old file or the new one, never a part.
func (d *disk) file(name string, mode fs.FileMode, src io.Reader, size int64) (err error) {
	if err := d.parents(name); err != nil {
		return err
	}
	if err := d.sweep(name); err != nil {
		return err
	}
	temp := path.Join(path.Dir(rel(name)), tempPrefix(name)+rand.Text())
	f, err := d.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			d.root.Remove(temp) // what stays behind is swept by the next install
		}
	}()
	n, err := io.Copy(f, io.LimitReader(src, size+1))
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("%s: its source changed while it was copied (%d bytes, then %d)", d.name(name), size, n)
	}
	if err := d.seal(f, mode); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := d.root.Rename(temp, rel(name)); err != nil {
		return err
	}
	return d.sync(path.Dir(rel(name)))
}

// remove removes a file and what an interrupted install left beside it. A file that
// is not there is fine.
func (d *disk) remove(name string) error {
	folder := path.Dir(rel(name))
	if _, err := d.root.Lstat(folder); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := d.sweep(name); err != nil {
		return err
	}
	if err := d.root.Remove(rel(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.sync(folder)
}

// removeEmpty removes a folder that nothing is left in.
func (d *disk) removeEmpty(name string) error {
	err := d.root.Remove(rel(name))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTEMPTY) {
		return nil
	}
	return err
}

// sweep removes the unfinished files of an install that was cut short.
func (d *disk) sweep(name string) error {
	folder := path.Dir(rel(name))
	f, err := d.root.Open(folder)
	if err != nil {
		return err
	}
	names, err := f.Readdirnames(-1)
	f.Close()
	if err != nil {
		return err
	}
	for _, entry := range names {
		if !strings.HasPrefix(entry, tempPrefix(name)) {
			continue
		}
		if err := d.root.Remove(path.Join(folder, entry)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// sync makes the names in a folder durable.
func (d *disk) sync(folder string) error {
	f, err := d.root.Open(folder)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

func tempPrefix(name string) string { return "." + path.Base(name) + ".new-" }

func kind(info fs.FileInfo) string {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return "file"
	case mode&fs.ModeSymlink != 0:
		return "link"
	}
	return "special file"
}
