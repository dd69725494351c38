// Package logfile appends lines to a file that only its owner may read. What Append
// returned for is on the disk, whole; a line that a crash or a full disk cut short is
// taken back before the next one, so that every line is whole or absent.
package logfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"hooksnare/pkg/safefile"
)

const (
	defaultMaxBytes = 16 << 20
	DefaultKeep     = 4 // files put aside, as PATH.1 (the newest) to PATH.4
)

// maxCut bounds the unfinished line that is taken back, in bytes. No line is as long: a
// file that ends in more than this without a line break is not a log, or a damaged one, and
// is put aside whole.
const maxCut = 256 << 10

var errNotLines = fmt.Errorf("ends in %d bytes without a line break", maxCut)

// Options bound a log.
type Options struct {
	MaxBytes int64  // a file that would grow over this is put aside first; 0 for 16 MiB
	Root     string // no link of a path below this folder leads out of it; "" for the machine's own disk
}

// File is a log. It is for one goroutine.
type File struct {
	path string
	real string // path without links in its folder, since it was opened
	opts Options
	f    *os.File
	size int64
}

// Open opens the log at path and creates it, with mode 0600, and its folder where they
// are missing. A folder on the way that others can write is refused, and so is a link, a
// file with a second name, one of another user's and anything but a regular file at path.
func Open(path string, o Options) (*File, error) {
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	l := &File{path: path, opts: o}
	return l, l.Reopen()
}

// Reopen opens the file at the log's path again, as after a rotation by someone else. After an error
// none is open.
func (l *File) Reopen() error {
	_ = l.Close() // what was appended is synced
	disk, folder := safefile.Disk{Root: l.opts.Root}, filepath.Dir(l.path)
	if err := disk.MakeFolder(folder, 0o750); err != nil {
		return fmt.Errorf("log folder: %w", err)
	}
	folder, err := disk.RealFolder(folder)
	if err != nil {
		return fmt.Errorf("log folder: %w", err)
	}
	l.real = filepath.Join(folder, filepath.Base(l.path))
	f, err := disk.OpenAppend(l.path, 0o600)
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	size, err := truncateToLines(f)
	if err == nil {
		err = safefile.SyncFolder(folder)
	}
	if err == nil {
		l.f, l.size = f, size
		return nil
	}
	f.Close()
	if errors.Is(err, errNotLines) {
		return l.rotate()
	}
	return fmt.Errorf("log %s: %w", l.path, err)
}

// truncateToLines takes back a line that was cut: nobody was told that it is on the disk. It
// returns the file's size then.
func truncateToLines(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, errors.New("not a regular file")
	}
	if err := f.Chmod(0o600); err != nil {
		return 0, err
	}
	whole, err := wholeLines(f, info.Size())
	if err == nil && whole < info.Size() {
		err = f.Truncate(whole)
	}
	return whole, err
}

// wholeLines returns how much of a file of that size is whole lines.
func wholeLines(f io.ReaderAt, size int64) (int64, error) {
	tail := make([]byte, min(size, maxCut))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil {
		return 0, err
	}
	n := bytes.LastIndexByte(tail, '\n') + 1
	if n == 0 && len(tail) == maxCut {
		return 0, errNotLines
	}
	return size - int64(len(tail)-n), nil
}

// Append writes lines, each of which must end in a line break, and returns when they are
// on the disk. After an error none of them counts as written: append them again.
func (l *File) Append(lines []byte) error {
	if len(lines) == 0 {
		return nil
	}
	if lines[len(lines)-1] != '\n' {
		return errors.New("log: the text to append does not end in a line break")
	}
	if l.f == nil || l.isMoved() {
		if err := l.Reopen(); err != nil {
			return err
		}
	}
	if l.size > 0 && l.size+int64(len(lines)) > l.opts.MaxBytes {
		if err := l.rotate(); err != nil {
			return err
		}
	}
	return l.write(lines)
}

// write appends and syncs, or takes back what it wrote. After a failed sync the state of
// the file's pages is not known: the next call opens the file again.
func (l *File) write(b []byte) error {
	n, err := l.f.Write(b)
	if err == nil {
		err = l.f.Sync()
	}
	if err == nil {
		l.size += int64(n)
		return nil
	}
	err = fmt.Errorf("log %s: %w", l.path, err)
	if undo := l.f.Truncate(l.size); undo != nil {
		err = errors.Join(err, undo)
	}
	return errors.Join(err, l.Close())
}

// isMoved reports that someone else has moved or removed the file. One that was cut short in
// its place, as some rotations do, goes on from there.
func (l *File) isMoved() bool {
	at, err := os.Lstat(l.real)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	open, err := l.f.Stat()
	if err != nil || !os.SameFile(at, open) {
		return true
	}
	l.size = open.Size()
	return false
}

// rotate puts the file aside and begins a new one.
func (l *File) rotate() error {
	for n := DefaultKeep - 1; n >= 0; n-- {
		err := os.Rename(aside(l.real, n), aside(l.real, n+1))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("log rotation: %w", err)
		}
	}
	return l.Reopen()
}

// Close closes the file.
func (l *File) Close() error {
	if l.f == nil {
		return nil
	}
	f := l.f
	l.f = nil
	return f.Close()
}
