package syslog

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// loggerTimeout bounds one run; logger(1) ends at once unless the machine is in
// trouble, and an alert must not wait for that.
const loggerTimeout = 5 * time.Second

// loggerSink writes through the logger program, one run a message. The path is
// absolute, so that no PATH decides what root runs.
type loggerSink struct {
	path string
	tag  string
}

func (l loggerSink) send(sev Severity, text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), loggerTimeout)
	defer cancel()
	// The text follows "--": a message may start with a hyphen.
	cmd := exec.CommandContext(ctx, l.path, "-t", l.tag, "-p", "daemon."+severities[sev].name, "--", text)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if said := strings.TrimSpace(string(out)); said != "" {
		return fmt.Errorf("%s: %w: %s", l.path, err, Clean(said))
	}
	return fmt.Errorf("%s: %w", l.path, err)
}

func (loggerSink) Close() error { return nil }
