package program

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// Owns reports whether the user with that id is the one an owner's name or number stands
// for on the disk below root. Where root stands for another disk, whoever owns it plays
// root there, and other names are not known: its users are not this machine's.
func Owns(root, owner string, id uint32) bool {
	if n, err := strconv.ParseUint(owner, 10, 32); err == nil {
		return uint32(n) == id
	}
	elsewhere := filepath.Clean("/"+root) != "/"
	if owner == "root" {
		return id == 0 || elsewhere && ownerOf(root) == id
	}
	if elsewhere {
		return false
	}
	u, err := user.Lookup(owner)
	return err == nil && u.Uid == strconv.FormatUint(uint64(id), 10)
}

func ownerOf(name string) uint32 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return uid(info)
}
