package agent_test

import (
	"os/exec"
	"syscall"
)

// endWithTest has the system kill a program when the test's process dies, also where nothing of
// the test runs any more. The threads of a Go program live as long as it does.
func endWithTest(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
