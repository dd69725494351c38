package program

import (
	"os"
	"syscall"
	"time"
)

func changeTime(s *syscall.Stat_t) time.Time { return time.Unix(s.Ctim.Unix()) }

// quarantined is of macOS alone.
func quarantined(*os.File) bool { return false }
