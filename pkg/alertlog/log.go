// Package alertlog reads the alerts that the agent's file outputs wrote: a log and the files
// that rotation put aside. It reads sequentially, with memory bounded for each line. Lines that
// are not documents are skipped and counted: they never end the reading.
package alertlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"hooksnare/pkg/logfile"
)

// Log is a set of logs. It keeps their files open, so that a rotation while they are read
// removes nothing. It is for one goroutine.
type Log struct {
	logs [][]*file // the files of each log, the newest first
}

// file is an open file of a log.
type file struct {
	*os.File
	name   string
	size   int64 // when it was opened
	damage Damage
}

// Damage is what of a file could not be read.
type Damage struct {
	File  string
	Lines int
	First int64  // offset of the first such line, in bytes
	Why   string // of the first
}

func (d *Damage) String() string {
	lines := "1 damaged line"
	if d.Lines != 1 {
		lines = fmt.Sprintf("%d damaged lines", d.Lines)
	}
	return fmt.Sprintf("%s: %s skipped: at byte %d: %s", d.File, lines, d.First, d.Why)
}

func (d *Damage) countLine(at int64, err error) {
	if d.Lines == 0 {
		d.First, d.Why = at, err.Error()
	}
	d.Lines++
}

// Open opens logs by their paths, each with the older files that rotation put aside. A log that
// does not exist is empty: missing names those.
func Open(paths []string) (l *Log, missing []string, err error) {
	l = &Log{}
	for _, path := range paths {
		files, err := openRotated(path)
		if err != nil {
			l.Close()
			return nil, nil, err
		}
		if len(files) == 0 {
			missing = append(missing, path)
		}
		l.logs = append(l.logs, files)
	}
	return l, missing, nil
}

// openRotated opens the files of a log that exist, the newest first.
func openRotated(path string) ([]*file, error) {
	var files []*file
	for n := range logfile.DefaultKeep + 1 {
		name := path
		if n > 0 {
			name = fmt.Sprintf("%s.%d", path, n)
		}
		f, err := openFile(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			closeFiles(files)
			return nil, err
		case slices.ContainsFunc(files, f.isSame): // it was put aside after it was opened
			f.Close()
		default:
			files = append(files, f)
		}
	}
	return files, nil
}

// openFile opens a file of a log. The agent writes regular files only, so that a link or a pipe
// in the place of one is refused.
func openFile(name string) (*file, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, explainPermission(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a regular file", name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return newFile(f, name, info.Size()), nil
}

func newFile(f *os.File, name string, size int64) *file {
	return &file{File: f, name: name, size: size, damage: Damage{File: name}}
}

// explainPermission adds what to do about a log that only root may read.
func explainPermission(err error) error {
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
		return fmt.Errorf("%w: only root may read the alerts: run it with sudo", err)
	}
	return err
}

func (f *file) isSame(other *file) bool {
	a, err := f.Stat()
	b, otherErr := other.Stat()
	return err == nil && otherErr == nil && os.SameFile(a, b)
}

// OpenFiles opens the named files, without those that rotation put aside; "-" is standard
// input. What can be read only once is first copied to a temporary file.
func OpenFiles(ctx context.Context, names []string) (*Log, error) {
	l := &Log{}
	for _, name := range names {
		f, err := openNamed(ctx, name)
		if err != nil {
			l.Close()
			return nil, err
		}
		l.logs = append(l.logs, []*file{f})
	}
	return l, nil
}

func openNamed(ctx context.Context, name string) (*file, error) {
	f := os.Stdin
	if name != "-" {
		var err error
		if f, err = os.Open(name); err != nil {
			return nil, explainPermission(err)
		}
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s: is a folder; name a log in it", name)
	}
	switch {
	case err != nil:
		f.Close()
		return nil, err
	case info.Mode().IsRegular():
		return newFile(f, name, info.Size()), nil
	}
	return copyPipe(ctx, name, f)
}

// copyPipe copies what a pipe gives to a temporary file that has no name any more.
func copyPipe(ctx context.Context, name string, from *os.File) (*file, error) {
	to, err := os.CreateTemp("", "hooksnare-alerts-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(to.Name()); err != nil {
		to.Close()
		return nil, err
	}
	in := newPipeReader(ctx, from)
	defer in.Close()
	size, err := io.Copy(to, in)
	if err != nil {
		to.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	from.Close()
	return newFile(to, name, size), nil
}

// Close closes the files.
func (l *Log) Close() {
	for _, files := range l.logs {
		closeFiles(files)
	}
}

func closeFiles(files []*file) {
	for _, f := range files {
		f.Close()
	}
}

// Damage returns, for each file, what of it could not be read so far.
func (l *Log) Damage() []Damage {
	var out []Damage
	for _, f := range slices.Concat(l.logs...) {
		if f.damage.Lines > 0 {
			out = append(out, f.damage)
		}
	}
	return out
}
