package safefile

import (
	"errors"
	"fmt"
	"path"

	"golang.org/x/sys/unix"
)

// program walks to a program, through links, and looks at it. It may have other names, as
// many of a system's have.
func (w *walker) program(name string, rest []string) error {
	for {
		n := len(rest) - 1
		if n < 0 || rest[n] == ".." {
			return fmt.Errorf("%s: %w but a folder", name, ErrNotRegular)
		}
		if err := w.folders(rest[:n], nil); err != nil {
			return err
		}
		at := path.Join(w.at(), rest[n])
		st, err := w.stat(rest[n])
		if err != nil {
			return err
		}
		if uint32(st.Mode)&unix.S_IFMT != unix.S_IFLNK {
			return w.unsafeProgram(at, st)
		}
		target, err := w.step(rest[n])
		if err != nil {
			return err
		}
		if path.IsAbs(target) {
			w.toRoot()
		}
		rest = elements(target)
	}
}

func (w *walker) unsafeProgram(at string, st *unix.Stat_t) error {
	switch mode := fileMode(st); {
	case !mode.IsRegular():
		return fmt.Errorf("%s: %w but a %s", at, ErrNotRegular, kind(mode))
	case !trusted(st.Uid, w.owners):
		return foreign(at, st.Uid)
	case mode.Perm()&0o022 != 0:
		return &InsecureError{at, fmt.Sprintf("others can write it (mode %04o): run chmod %s", mode.Perm(), shellQuote("go-w", at))}
	case mode.Perm()&0o111 == 0:
		return errors.New(at + ": is not a program: nobody may run it")
	}
	return nil
}
