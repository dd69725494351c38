package safefile

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// folderFlags are what a folder is opened with to find out what it is and what is in it,
// which takes the right to search it, not to read it.
const folderFlags = unix.O_PATH | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC

func changeTime(s *syscall.Stat_t) time.Time { return time.Unix(s.Ctim.Unix()) }
