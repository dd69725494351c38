package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// The canary appends a line to a file in the folder of the program file, which the player
// makes and reads on. Without a player there is no file, and the canary is not reported, as
// an event is not before eslogger runs.
const (
	execsName = "execs"
	maxExecs  = 1 << 20 // bytes: some ten thousand canaries of one player
)

// execed is a process that was started.
type execed struct {
	PID, PPID int32
	Path      string
	Args      []string
}

// ownFolder returns the folder of the program file, links resolved, which the
// player and the canary on one disk share.
func ownFolder() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("own program file: %w", err)
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		return "", err
	}
	return filepath.Dir(self), nil
}

// reportSelf reports to the player that this process runs, with these arguments.
func reportSelf(args []string) error {
	folder, err := ownFolder()
	if err != nil {
		return err
	}
	path, err := filepath.Abs(args[0])
	if err != nil {
		return err
	}
	return reportExec(folder, execed{int32(os.Getpid()), int32(os.Getppid()), path, args})
}

// reportExec appends the process to the file. Whatever others append at the same time, its line
// stays whole.
func reportExec(folder string, e execed) error {
	f, err := os.OpenFile(filepath.Join(folder, execsName), os.O_WRONLY|os.O_APPEND|unix.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > maxExecs {
		return err
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return err
}

// openExecs makes the file of a player, empty.
func openExecs(folder string) (*os.File, error) {
	return os.OpenFile(filepath.Join(folder, execsName), os.O_RDONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW, 0o600)
}

// readExecs returns what was reported behind the offset, and the next offset. A line that
// can't be read is left out.
func readExecs(f *os.File, offset int64) ([]execed, int64, error) {
	b, err := io.ReadAll(io.NewSectionReader(f, offset, 2*maxExecs))
	var all []execed
	for line := range bytes.Lines(b) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // being written
		}
		offset += int64(len(line))
		var e execed
		if json.Unmarshal(line, &e) == nil && e.PID > 1 && e.PPID > 0 && e.PID != e.PPID && len(e.Args) > 0 {
			all = append(all, e)
		}
	}
	return all, offset, err
}
