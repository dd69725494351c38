package safefile

import "golang.org/x/sys/unix"

// openFolder are the flags that a folder is opened with to look at it and at what is in it.
const openFolder = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NONBLOCK
