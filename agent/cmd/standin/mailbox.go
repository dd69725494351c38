package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// The mailbox is a file in the folder of the program file. The player makes it, the
// canary appends a line to it, and the player takes all lines and empties it. Both
// hold its lock meanwhile, so nothing is lost between the two. Without a player
// there is no mailbox, and what the canary has to say is lost, as an event is before
// eslogger runs.
const (
	mailboxName = "execs"
	maxMailbox  = 64 << 10 // bytes; beyond it no player is reading
)

// execed says that a process was started.
type execed struct {
	pid, ppid int32
	path      string
	args      string // a JSON list
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

// reportSelf tells the player that this process runs, with these arguments.
func reportSelf(args []string) error {
	folder, err := ownFolder()
	if err != nil {
		return err
	}
	path, err := filepath.Abs(args[0])
	if err != nil {
		return err
	}
	list, err := json.Marshal(args)
	if err != nil {
		return err
	}
	return post(folder, execed{int32(os.Getpid()), int32(os.Getppid()), path, string(list)})
}

func post(folder string, e execed) error {
	f, err := openMailbox(folder, os.O_WRONLY|os.O_APPEND)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() > maxMailbox {
		return err
	}
	_, err = fmt.Fprintf(f, "%d %d %q %s\n", e.pid, e.ppid, e.path, e.args)
	return err
}

// newMailbox makes the mailbox of a player, empty.
func newMailbox(folder string) error {
	f, err := openMailbox(folder, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Truncate(0)
}

// take returns what the mailbox holds, and empties it. A line that can't be read is
// left out.
func take(folder string) ([]execed, error) {
	info, err := os.Lstat(filepath.Join(folder, mailboxName))
	if err != nil || info.Size() == 0 {
		return nil, err
	}
	f, err := openMailbox(folder, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 2*maxMailbox))
	if err != nil {
		return nil, err
	}
	var all []execed
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		var e execed
		_, err := fmt.Sscanf(s.Text(), "%d %d %q", &e.pid, &e.ppid, &e.path)
		if _, after, ok := strings.Cut(s.Text(), " ["); err == nil && ok {
			e.args = "[" + after
		}
		if err == nil && e.pid > 1 && e.ppid > 0 && e.pid != e.ppid {
			all = append(all, e)
		}
	}
	return all, f.Truncate(0)
}

// openMailbox opens and locks the mailbox; closing it unlocks it.
func openMailbox(folder string, flags int) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(folder, mailboxName), flags|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
	}
}
