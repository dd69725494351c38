package eslogger

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// child is one running eslogger.
type child struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed once it has ended and was waited for
	how    string        // how it ended; to be read after exited
}

// startChild runs path in a session of its own. eslogger reports no process of its own
// process group, and no stranger can join the group of another session. Its input is
// empty, and its environment holds nothing of the agent's.
func startChild(path string, events []string, out, errs *os.File) (*child, error) {
	cmd := exec.Command(path, events...)
	cmd.Env = []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin"}
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = out, errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, exited: make(chan struct{})}
	go c.wait()
	return c, nil
}

// wait ends with the process. Its owner waits for exited.
func (c *child) wait() {
	defer close(c.exited)
	err := c.cmd.Wait()
	if c.cmd.ProcessState != nil {
		c.how = c.cmd.ProcessState.String()
		return
	}
	c.how = "how is not known: " + err.Error()
}

// stop ends the process with INT, TERM and KILL, each grace after the one before, and
// returns an error when it is there still after that.
func (c *child) stop(grace time.Duration) error {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		if c.hasEnded(0) {
			return nil
		}
		// The whole group, for the sake of a program that is a script around another.
		// The leader is not waited for yet, so the group's number is still its own.
		_ = syscall.Kill(-c.cmd.Process.Pid, sig)
		if c.hasEnded(grace) {
			return nil
		}
	}
	return fmt.Errorf("eslogger, process %d: did not end after a kill", c.cmd.Process.Pid)
}

// hasEnded waits for the end at most so long.
func (c *child) hasEnded(within time.Duration) bool { return waitFor(c.exited, within) }

// waitFor waits until c is closed, at most so long, and reports whether it is.
func waitFor(c <-chan struct{}, within time.Duration) bool {
	select {
	case <-c:
		return true
	default:
	}
	if within <= 0 {
		return false
	}
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case <-c:
		return true
	case <-t.C:
		return false
	}
}
