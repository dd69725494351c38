package safefile

import "golang.org/x/sys/unix"

// openFolder are the flags that a folder is opened with to look at it and at what is in it,
// which takes the right to search it, not to read it.
const openFolder = unix.O_PATH | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
