package service

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

const (
	maxPrint  = 64 << 10 // bytes of what launchctl prints about a job, its environment too
	lookLimit = 10 * time.Second
)

// View is what anyone may see of the agent, root or not. It says that a job runs, never that the agent
// sees anything.
type View struct {
	Program  bool   `json:"program_installed"`
	Job      bool   `json:"job_installed"` // the job's property list
	Launchd  bool   `json:"launchd_asked"` // what follows is not known otherwise
	Loaded   bool   `json:"job_loaded"`
	Running  bool   `json:"job_running"`
	PID      int    `json:"pid,omitempty"`
	LastExit string `json:"last_exit,omitempty"` // in launchd's words
}

// Look returns what anyone may see. Below a root folder there is no launchd to ask.
func (s *Service) Look(ctx context.Context) View {
	v := View{Program: s.exists(Program), Job: s.exists(propertyList)}
	if s.launchctl == "" {
		return v
	}
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	output := message{limit: maxPrint}
	err := s.runTo(ctx, &output, s.launchctl, "print", target)
	refused := new(exec.ExitError)
	v.Launchd = err == nil || errors.As(err, &refused) && refused.Exited()
	if err == nil {
		v.Loaded = true
		v.readJob(string(output.head))
	}
	return v
}

// exists reports whether a file of the disk is there, or may be: only what is surely missing is not
// installed.
func (s *Service) exists(name string) bool {
	_, err := os.Lstat(s.path(name))
	return !errors.Is(err, os.ErrNotExist)
}

// readJob reads launchctl's description of a job. Its own lines have one tab before them; what has more
// belongs to a part, such as the environment.
func (v *View) readJob(text string) {
	for line := range strings.Lines(text) {
		line, own := strings.CutPrefix(strings.TrimRight(line, "\n"), "\t")
		name, value, found := strings.Cut(line, " = ")
		if !own || !found {
			continue
		}
		switch name {
		case "state":
			v.Running = value == "running"
		case "pid":
			v.PID, _ = strconv.Atoi(value)
		case "last exit code":
			v.LastExit = value
		}
	}
}
