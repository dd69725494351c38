package main

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// movedEvery is how often the agent looks whether its log was put aside.
const movedEvery = 5 * time.Second

// agentLog writes to stderr, which launchd opens as a file once, when it starts the agent. After
// newsyslog(8) has put that file aside, it goes on in the one that has its name now: until the next
// start launchd would not, and a file that was put aside would grow and then be removed, with all
// that is written. It is for one goroutine.
type agentLog struct {
	file    *os.File // stderr
	path    string   // where stderr was opened; "" if stderr is not the file at that path
	checked time.Time
}

// newAgentLog returns the log. path is where launchd puts it.
func newAgentLog(stderr *os.File, path string) *agentLog {
	l := &agentLog{file: stderr, path: path, checked: time.Now()}
	if !l.hasItsName() {
		l.path = ""
	}
	return l
}

func (l *agentLog) Write(line []byte) (int, error) {
	if now := time.Now(); l.path != "" && now.Sub(l.checked) >= movedEvery {
		l.checked = now
		if !l.hasItsName() {
			l.reopen()
		}
	}
	return l.file.Write(line)
}

func (l *agentLog) hasItsName() bool {
	open, err := l.file.Stat()
	if err != nil || !open.Mode().IsRegular() {
		return false
	}
	named, err := os.Lstat(l.path)
	return err == nil && os.SameFile(open, named)
}

// reopen puts the file with the log's name in the place of stderr, where the runtime writes too when
// the agent crashes. What fails leaves the file that is open, and is tried again.
func (l *agentLog) reopen() {
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return
	}
	_ = unix.Dup2(int(f.Fd()), int(l.file.Fd()))
}
