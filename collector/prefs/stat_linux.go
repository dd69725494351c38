package prefs

import "syscall"

func stampOf(s *syscall.Stat_t) stamp {
	return stamp{
		dev: uint64(s.Dev), ino: s.Ino, size: s.Size, mode: s.Mode, uid: s.Uid, gid: s.Gid,
		mtime: s.Mtim.Nano(), ctime: s.Ctim.Nano(),
	}
}
