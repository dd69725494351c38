package service

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"hooksnare/packaging/launchd"
)

// programMax bounds the program to install, in bytes. A universal one has 20 MB.
const programMax = 256 << 20

// disk opens the root folder for one verb; the caller closes it.
func (s *Service) disk() (*disk, func() error, error) {
	root, err := os.OpenRoot(s.root)
	if err != nil {
		return nil, nil, err
	}
	return &disk{root: root, euid: s.euid, name: s.path}, root.Close, nil
}

// layFiles puts every file and folder in place, what is pointed to before what points
// to it: launchd may read the property list at any time.
func (s *Service) layFiles() error {
	d, done, err := s.disk()
	if err != nil {
		return err
	}
	defer done()
	for _, f := range []struct {
		name string
		mode fs.FileMode
	}{{Folder, 0o755}, {StateFolder, 0o700}, {LogFolder, 0o750}} {
		s.progress("folder " + s.path(f.name))
		if err := d.folder(f.name, f.mode); err != nil {
			return err
		}
	}
	s.progress("program " + s.path(Program))
	if err := s.layProgram(d); err != nil {
		return err
	}
	s.progress("property list " + s.path(PropertyList))
	list := launchd.PropertyList
	return d.file(PropertyList, 0o644, bytes.NewReader(list), int64(len(list)))
}

// layProgram copies the program. Its source may be the installed one itself.
func (s *Service) layProgram(d *disk) error {
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
		return fmt.Errorf("%s: is no regular file", s.executable)
	case info.Size() == 0:
		return fmt.Errorf("%s: is empty", s.executable)
	case info.Size() > programMax:
		return fmt.Errorf("%s: has %d bytes, more than the %d of any agent", s.executable, info.Size(), programMax)
	}
	return d.file(Program, 0o755, src, info.Size())
}

// removeFiles removes the program and the property list, and with purge also what
// the agent and its owner wrote: state, logs, rules, exceptions.
func (s *Service) removeFiles(purge bool) error {
	d, done, err := s.disk()
	if err != nil {
		return err
	}
	defer done()
	s.progress("removing " + s.path(PropertyList))
	// The property list goes first: without it no boot starts what is being removed.
	errs := []error{d.remove(PropertyList), d.remove(Program)}
	if !purge {
		return errors.Join(append(errs, d.removeEmpty(Folder))...)
	}
	for _, name := range []string{Folder, StateFolder, LogFolder} {
		s.progress("removing " + s.path(name))
		errs = append(errs, d.root.RemoveAll(rel(name)))
	}
	return errors.Join(errs...)
}

// installed says whether the property list is in place.
func (s *Service) installed() error {
	d, done, err := s.disk()
	if err != nil {
		return err
	}
	defer done()
	if _, err := d.root.Lstat(rel(PropertyList)); errors.Is(err, fs.ErrNotExist) {
		return errors.New("not installed: run hooksnare install first")
	} else if err != nil {
		return err
	}
	return nil
}
