package prefs

import "syscall"

func stampOf(s *syscall.Stat_t) stamp {
	return stamp{
		dev: uint64(s.Dev), ino: s.Ino, size: s.Size, mode: uint32(s.Mode), uid: s.Uid, gid: s.Gid,
		mtime: s.Mtimespec.Nano(), ctime: s.Ctimespec.Nano(),
	}
}
