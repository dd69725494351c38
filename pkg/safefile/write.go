package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// WriteAtomic makes data the content of a file. Whoever opens it, also after a crash
// or a power cut, finds the old content or the new, whole; when it returns nil, the new one
// is on disk. The file has exactly the given permissions, whatever the umask, and belongs
// to the process; a link in its place is replaced, not followed.
func WriteAtomic(name string, data []byte, perm fs.FileMode) error {
	folder := filepath.Dir(name)
	f, err := os.CreateTemp(folder, "."+filepath.Base(name)+".*.tmp")
	if err != nil {
		return err
	}
	if err = f.Chmod(perm); err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	return SyncFolder(folder)
}

// SyncFolder makes the names in a folder durable, where the file system can do that.
func SyncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOTSUP) {
		return err
	}
	return nil
}
