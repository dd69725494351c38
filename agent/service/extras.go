package service

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"
)

// maxExtra bounds a file of the extras in bytes; a completion has some 10 KB.
const maxExtra = 1 << 20

// installExtras puts in place what the agent can do without: the program on the PATH, completions,
// and the rotation of its log. What can't be put in place is noted; who can write a
// folder of everyone's, as /usr/local with Homebrew's first owner, must not keep a Mac unwatched.
func (s *Service) installExtras(d *disk) {
	try := func(name string, put func() error) {
		if err := put(); err != nil {
			s.note(fmt.Sprintf("left out %s: %v", s.path(name), err))
		}
	}
	try(rotation, func() error { return d.writeText(rel(rotation), 0o644, rotationText) })
	try(link, func() error { return d.makeLink(rel(link), Program) })
	for _, c := range completions {
		text := s.completions[c.shell]
		if len(text) == 0 {
			continue
		}
		try(c.path, func() error {
			if err := d.checkOurs(rel(c.path)); err != nil {
				return err
			}
			return d.writeText(rel(c.path), 0o644, string(text)+completionMark+"\n")
		})
	}
	try(madeFolders, func() error { return s.rememberFolders(d) })
}

// removeExtras removes what installExtras put in place, and the folders that it made.
func (s *Service) removeExtras(d *disk) error {
	errs := []error{d.removeFile(rel(rotation))}
	if target, err := d.root.Readlink(rel(link)); err == nil && target == Program {
		errs = append(errs, d.removeFile(rel(link)))
	}
	for _, c := range completions {
		if err := d.checkOurs(rel(c.path)); err == nil {
			errs = append(errs, d.removeFile(rel(c.path)))
		}
	}
	for _, name := range d.readMadeFolders() {
		if err := d.root.Remove(name); err != nil && !errors.Is(err, syscall.ENOTEMPTY) {
			errs = append(errs, unlessMissing(err))
		}
	}
	return errors.Join(append(errs, d.removeFile(rel(madeFolders)))...)
}

// rememberFolders writes down which folders install had to make, now or before.
func (s *Service) rememberFolders(d *disk) error {
	all := d.readMadeFolders()
	for _, name := range d.made {
		if slices.Contains(extraFolders(), name) {
			all = append(all, name)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return strings.Compare(b, a) }) // the deepest first
	all = slices.Compact(all)
	if len(all) == 0 {
		return nil
	}
	return d.writeText(rel(madeFolders), 0o644, "/"+strings.Join(all, "\n/")+"\n")
}

// readMadeFolders returns the folders that install made. Only those above a place of the extras
// count, whatever the list says.
func (d *disk) readMadeFolders() []string {
	text, err := d.readFile(rel(madeFolders))
	if err != nil {
		return nil
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		if name := rel(strings.TrimSpace(line)); slices.Contains(extraFolders(), name) {
			out = append(out, name)
		}
	}
	return out
}

// extraFolders are all folders above the extras, for names of the disk.
func extraFolders() []string {
	names := []string{rotation, link}
	for _, c := range completions {
		names = append(names, c.path)
	}
	var out []string
	for _, name := range names {
		for name = path.Dir(rel(name)); name != "."; name = path.Dir(name) {
			out = append(out, name)
		}
	}
	return out
}

// makeLink makes a link, unless something else has its name.
func (d *disk) makeLink(name, target string) error {
	if err := d.mkdirAll(path.Dir(name)); err != nil {
		return err
	}
	switch old, err := d.root.Readlink(name); {
	case err == nil && old == target:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return errors.New("something else has this name")
	}
	return d.root.Symlink(target, name)
}

// checkOurs refuses a name that a file has which install did not write.
func (d *disk) checkOurs(name string) error {
	text, err := d.readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !bytes.HasSuffix(text, []byte(completionMark+"\n")) {
		err = errors.New("someone else wrote it")
	}
	return err
}

// readFile returns a regular file of the extras, and refuses every other.
func (d *disk) readFile(name string) ([]byte, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxExtra {
		return nil, fmt.Errorf("not a file of at most %d bytes (%v)", maxExtra, info.Mode())
	}
	f, err := d.root.OpenFile(name, syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxExtra))
}

func (d *disk) writeText(name string, mode fs.FileMode, text string) error {
	return d.writeFile(name, mode, strings.NewReader(text), int64(len(text)))
}
