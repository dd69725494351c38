package service

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"hooksnare/packaging/launchd"
)

// maxProgram bounds the program to install, in bytes. A universal one has 20 MB.
const maxProgram = 256 << 20

// installFiles puts every file and folder in place, the property list last: launchd may read it
// at any time, and it names the others. It returns what there was before.
func (s *Service) installFiles() (former, error) {
	var old former
	d, err := openDisk(s.root)
	if err != nil {
		return old, err
	}
	defer d.root.Close()
	for _, f := range []struct {
		name string
		mode fs.FileMode
	}{{folder, 0o755}, {stateFolder, 0o700}, {logFolder, 0o750}} {
		s.progress("folder " + s.path(f.name))
		if err := d.makeFolder(rel(f.name), f.mode); err != nil {
			return old, err
		}
	}
	s.progress("program " + s.path(Program))
	if old, err = s.keepFormer(d); err != nil {
		return old, err
	}
	if err := s.copyProgram(d); err != nil {
		return old, err
	}
	s.installExtras(d)
	s.progress("property list " + s.path(propertyList))
	return old, d.writeText(rel(propertyList), 0o644, string(launchd.PropertyList))
}

// copyProgram copies the running program, which may be the installed one.
func (s *Service) copyProgram(d *disk) error {
	src, err := os.OpenFile(s.executable, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return err
	}
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: not a regular file", s.executable)
	case info.Size() == 0:
		return fmt.Errorf("%s: is empty", s.executable)
	case info.Size() > maxProgram:
		return fmt.Errorf("%s: has %d bytes, more than the %d that an agent may have", s.executable, info.Size(), maxProgram)
	}
	return d.writeFile(rel(Program), 0o755, src, info.Size())
}

// removeFiles removes the property list, the program and what install put beside them, and with
// purge also what the agent and the site wrote: state, logs, rules, exceptions.
func (s *Service) removeFiles(purge bool) error {
	d, err := openDisk(s.root)
	if err != nil {
		return err
	}
	defer d.root.Close()
	s.progress("removing " + s.path(propertyList))
	// The property list goes first: without it no boot starts what is being removed.
	errs := []error{
		d.removeFile(rel(propertyList)), d.removeFile(rel(Program)), d.removeFile(rel(previous)),
		d.root.RemoveAll(rel(staged)), s.removeExtras(d),
	}
	if !purge {
		if err := d.root.Remove(rel(folder)); !errors.Is(err, syscall.ENOTEMPTY) { // what the site put there stays
			errs = append(errs, unlessMissing(err))
		}
		return errors.Join(errs...)
	}
	for _, name := range []string{folder, stateFolder, logFolder} {
		s.progress("removing " + s.path(name))
		errs = append(errs, d.root.RemoveAll(rel(name)))
	}
	return errors.Join(errs...)
}

// disk changes files below a root folder, by names relative to it. It follows links that stay
// below the root, such as macOS' own /var, and no others.
type disk struct {
	root *os.Root
	euid int
	made []string // folders that had to be made
}

func openDisk(name string) (*disk, error) {
	root, err := os.OpenRoot(name)
	return &disk{root: root, euid: os.Geteuid()}, err
}

// rel returns a path of the disk as a name for os.Root.
func rel(name string) string { return strings.TrimPrefix(name, "/") }

// path returns the path of a name for errors.
func (d *disk) path(name string) string { return filepath.Join(d.root.Name(), name) }

// makeFolder makes a folder, or takes over the one that is there, with exactly this mode. Only
// its owner, or root, can replace it after the checks.
func (d *disk) makeFolder(name string, mode fs.FileMode) error {
	if err := d.makeParents(name); err != nil {
		return err
	}
	if err := d.root.Mkdir(name, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := d.root.Lstat(name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s: not a folder (%v): remove it first", d.path(name), info.Mode())
	}
	if err := d.checkOwner(name, info); err != nil {
		return err
	}
	return d.setAccess(name, mode)
}

// makeParents makes the missing folders above a name, and refuses those in which someone other
// than root could replace what is written there.
func (d *disk) makeParents(name string) error {
	parent := path.Dir(name)
	if err := d.mkdirAll(parent); err != nil {
		return err
	}
	return d.checkFolders(parent)
}

// checkFolders refuses a folder in which someone other than root could replace a name, or which is
// in one.
func (d *disk) checkFolders(name string) error {
	for ; name != "."; name = path.Dir(name) {
		info, err := d.root.Stat(name)
		if err != nil {
			return err
		}
		if err := d.checkOwner(name, info); err != nil {
			return err
		}
		if info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0 {
			return fmt.Errorf("%s: others can write there (%v) and could replace the agent: run chmod go-w on it first", d.path(name), info.Mode())
		}
	}
	return nil
}

// mkdirAll makes a folder and those above it, and remembers which were missing. It makes none where
// someone else could put a link in its place: that link's target would get owner and mode.
func (d *disk) mkdirAll(name string) error {
	var missing []string
	for above := name; above != "."; above = path.Dir(above) {
		if _, err := d.root.Stat(above); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, above)
		}
	}
	if len(missing) > 0 {
		if err := d.checkFolders(path.Dir(missing[len(missing)-1])); err != nil {
			return err
		}
	}
	if err := d.root.MkdirAll(name, 0o755); err != nil {
		return err
	}
	for _, name := range missing {
		if err := d.setAccess(name, 0o755); err != nil { // whatever the umask
			return err
		}
	}
	d.made = append(d.made, missing...)
	return nil
}

func (d *disk) checkOwner(name string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%s: its owner is not known on this system", d.path(name))
	}
	if st.Uid != 0 && int(st.Uid) != d.euid {
		return fmt.Errorf("%s: belongs to user id %d, who could replace the agent: give it to root first", d.path(name), st.Uid)
	}
	return nil
}

// setAccess gives a file or folder to root:wheel, if this process may, and sets its mode.
func (d *disk) setAccess(name string, mode fs.FileMode) error {
	if d.euid == 0 {
		if err := d.root.Chown(name, 0, 0); err != nil {
			return err
		}
	}
	return d.root.Chmod(name, mode)
}

// writeFile makes size bytes of src the content of a file, on disk before it returns. Readers
// of the name see the old file or the new one, whole.
func (d *disk) writeFile(name string, mode fs.FileMode, src io.Reader, size int64) error {
	if err := d.makeParents(name); err != nil {
		return err
	}
	temp := unfinished(name)
	if err := unlessMissing(d.root.Remove(temp)); err != nil { // of an install that was cut short
		return err
	}
	f, err := d.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(src, size+1))
	if err == nil && n != size {
		err = fmt.Errorf("%s: its source changed while it was copied (%d bytes, then %d)", d.path(name), size, n)
	}
	if err == nil {
		err = d.setAccess(temp, mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.root.Rename(temp, name)
	}
	if err != nil {
		d.root.Remove(temp) // if that fails, the next install removes it
		return err
	}
	return d.sync(path.Dir(name))
}

// removeFile removes a file and what an interrupted install left beside it. A missing file is no
// error.
func (d *disk) removeFile(name string) error {
	for _, name := range []string{unfinished(name), name} {
		if err := unlessMissing(d.root.Remove(name)); err != nil {
			return err
		}
	}
	return unlessMissing(d.sync(path.Dir(name)))
}

// unfinished returns the name of a file that is being written.
func unfinished(name string) string { return path.Join(path.Dir(name), "."+path.Base(name)+".new") }

// sync makes the names in a folder durable.
func (d *disk) sync(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func unlessMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
