package main

import (
	"bytes"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// hostCanary is what this machine has for /usr/bin/true on a Mac.
const hostCanary = "/usr/bin/true"

// hostWatch notices that the machine's own program is run as the canary. An agent on a fake
// disk runs no program of the disk that nobody named, so the canary of the disk can't tell.
// The kernel says that the program was opened, not by whom: only below an agent, and there
// everybody's runs count.
type hostWatch struct {
	fd   int
	ppid int32
	next int32 // process id of the next canary: its real one is not known
}

// watchHost begins to watch, nil where there is no agent to run a canary.
func watchHost() *hostWatch {
	ppid := os.Getppid()
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", ppid))
	if err != nil || string(bytes.TrimSpace(name)) != "hooksnare" {
		return nil
	}
	return newHostWatch(hostCanary, ppid)
}

func newHostWatch(program string, ppid int) *hostWatch {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil
	}
	if _, err := unix.InotifyAddWatch(fd, program, unix.IN_OPEN); err != nil {
		unix.Close(fd)
		return nil
	}
	return &hostWatch{fd: fd, ppid: int32(ppid), next: 90_000}
}

// take returns the canaries that ran since it was last asked.
func (w *hostWatch) take() []execed {
	if w == nil {
		return nil
	}
	var b [64 * unix.SizeofInotifyEvent]byte
	n, err := unix.Read(w.fd, b[:])
	if err != nil || n < unix.SizeofInotifyEvent {
		return nil
	}
	if w.next++; w.next >= 99_999 { // the last process id of a Mac
		w.next = 90_000
	}
	return []execed{{pid: w.next, ppid: w.ppid, path: hostCanary, args: `["` + hostCanary + `"]`}}
}

func (w *hostWatch) close() {
	if w != nil {
		unix.Close(w.fd)
	}
}
