package safefile

import (
	"io/fs"
	"os"
	"path/filepath"
)

// WriteAtomic makes data the content of a file. Whoever opens it, also after a crash
// or a power cut, finds the old content or the new, whole; when it returns nil, the new one
// is on disk. The file has exactly the given permissions, whatever the umask, and belongs
// to the process; a link in its place is replaced, not followed.
func WriteAtomic(name string, data []byte, perm fs.FileMode) error {
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, "."+filepath.Base(name)+".*.tmp")
	if err != nil {
		return err
	}
	if err := writeTemp(f, data, perm); err != nil {
		os.Remove(f.Name())
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		os.Remove(f.Name())
		return err
	}
	return syncDir(dir)
}

// writeTemp writes, syncs and closes a new file.
func writeTemp(f *os.File, data []byte, perm fs.FileMode) error {
	defer f.Close()
	if err := f.Chmod(perm); err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
