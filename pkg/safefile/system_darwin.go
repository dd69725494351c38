package safefile

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// folderFlags are what a folder is opened with to find out what it is and what is in it.
const folderFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NONBLOCK

func changeTime(s *syscall.Stat_t) time.Time { return time.Unix(s.Ctimespec.Unix()) }
