package service

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

const (
	domain = "system"
	target = domain + "/" + Label

	// tries and launchctl.pause bound the wait for launchd, which forgets a job only
	// some time after bootout returned: the agent alone has 20 seconds to end.
	tries = 30

	// runTimeout bounds one launchctl, which waits for a job to end.
	runTimeout = time.Minute

	// saidMax bounds what is kept of launchctl's output, in bytes.
	saidMax = 2 << 10
)

// launchctl drives launchd. The zero path means there is none.
type launchctl struct {
	path  string
	pause time.Duration // between two tries
}

// run runs launchctl once and reports what it said when it failed.
func (l launchctl) run(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	var said head
	cmd := exec.CommandContext(ctx, l.path, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin"}
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if text := strings.Join(strings.Fields(string(said.kept)), " "); text != "" {
		return fmt.Errorf("launchctl %s: %w: %s", args[0], err, text)
	}
	return fmt.Errorf("launchctl %s: %w", args[0], err)
}

// loaded says whether launchd knows the job.
func (l launchctl) loaded(ctx context.Context) (bool, error) {
	err := l.run(ctx, "print", target)
	if err == nil {
		return true, nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return false, nil // launchctl(1) documents no exit status for "not found"
	}
	return false, err
}

// load makes launchd know the job and run it. launchd answers "Input/output error" as
// long as it is still busy with the job's former self.
func (l launchctl) load(ctx context.Context, propertyList string, progress func(string)) error {
	if err := l.run(ctx, "enable", target); err != nil {
		return err
	}
	err := l.retry(ctx, func(n int) error {
		if n > 1 {
			progress(fmt.Sprintf("waiting for launchd, try %d of %d", n, tries))
		}
		return l.run(ctx, "bootstrap", domain, propertyList)
	})
	if err != nil {
		return err
	}
	return l.run(ctx, "kickstart", target)
}

// unload ends the job and makes launchd forget it. A job that is not loaded is fine.
func (l launchctl) unload(ctx context.Context, progress func(string)) error {
	was, err := l.loaded(ctx)
	if err != nil || !was {
		return err
	}
	refused := l.run(ctx, "bootout", target)
	return l.retry(ctx, func(n int) error {
		switch still, err := l.loaded(ctx); {
		case err != nil:
			return err
		case !still:
			return nil // also when bootout spoke of an operation in progress
		}
		progress(fmt.Sprintf("waiting for the agent to end, try %d of %d", n, tries))
		if refused != nil {
			return refused
		}
		return fmt.Errorf("launchd still holds %s", target)
	})
}

// retry calls try until it succeeds, the tries are spent or the context ends.
func (l launchctl) retry(ctx context.Context, try func(n int) error) error {
	for n := 1; ; n++ {
		err := try(n)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if n == tries {
			return fmt.Errorf("%w (tried %d times)", err, tries)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w while waiting to try again: %w", ctx.Err(), err)
		case <-time.After(l.pause):
		}
	}
}

// head keeps the first saidMax bytes written to it. It embeds no buffer: io.Copy would
// find the buffer's ReadFrom and pass the bound by.
type head struct{ kept []byte }

func (h *head) Write(p []byte) (int, error) {
	h.kept = append(h.kept, p[:min(saidMax-len(h.kept), len(p))]...)
	return len(p), nil
}
