package eslogger

import (
	"context"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"hooksnare/pkg/event"
)

// probe is the program that is run as a canary, and how to know it in the stream.
type probe struct {
	path   string
	seenAs []string // executables under which it is reported
	parent int32    // this process
}

func newProbe(o Options, pid int) probe {
	p := probe{path: o.CanaryPath, seenAs: append([]string{o.CanaryPath}, o.CanarySeenAs...), parent: int32(pid)}
	if real, err := filepath.EvalSymlinks(o.CanaryPath); err == nil && !slices.Contains(p.seenAs, real) {
		p.seenAs = append(p.seenAs, real)
	}
	return p
}

// isCanary tells whether m is the exec of a canary. Its parent can't be claimed by a
// stranger: nobody but this process can have children of this process.
func (p *probe) isCanary(m *Message) bool {
	if m.Kind != event.ExecKind || m.Target.Parent.PID != p.parent && m.Target.PPID != p.parent {
		return false
	}
	for _, path := range p.seenAs {
		if string(m.Target.Executable) == path {
			return true
		}
	}
	return false
}

// runCanary runs one canary, for at most limit: it calls started, or returns why it could not
// be started. It stays in this process's group: eslogger does not report those of its own.
func (p *probe) runCanary(ctx context.Context, limit time.Duration, started func()) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.path)
	cmd.Env = []string{}
	cmd.Dir = "/"
	if err := cmd.Start(); err != nil {
		return err
	}
	started()
	// How it ends does not matter: it was started, so its exec is to be seen.
	_ = cmd.Wait()
	return nil
}
