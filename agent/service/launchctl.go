package service

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"hooksnare/packaging/launchd"
)

const (
	domain = "system"
	target = domain + "/" + launchd.Label

	// attempts and Service.pause bound the wait for launchd, which forgets a job only some
	// time after bootout returned: the agent alone has 20 seconds to end.
	attempts = 30

	runLimit   = time.Minute // of one launchctl, which waits for a job to end, or pkgutil
	maxMessage = 2 << 10     // bytes of its output that an error holds
)

// runLaunchctl runs launchctl once. The error holds what it printed.
func (s *Service) runLaunchctl(ctx context.Context, args ...string) error {
	return s.run(ctx, s.launchctl, args...)
}

// run runs a program of macOS once. The error holds what it printed.
func (s *Service) run(ctx context.Context, program string, args ...string) error {
	output := message{limit: maxMessage}
	return s.runTo(ctx, &output, program, args...)
}

// runTo runs a program of macOS once and keeps the head of what it prints.
func (s *Service) runTo(ctx context.Context, output *message, program string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = output, output
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
	what := filepath.Base(program) + " " + args[0]
	head := output.head[:min(len(output.head), maxMessage)]
	if text := strings.Join(strings.Fields(string(head)), " "); text != "" {
		return fmt.Errorf("%s: %w: %s", what, err, text)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// message keeps the first bytes written to it. It embeds no buffer, whose ReadFrom io.Copy would
// call without the bound.
type message struct {
	head  []byte
	limit int
}

func (m *message) Write(p []byte) (int, error) {
	m.head = append(m.head, p[:min(m.limit-len(m.head), len(p))]...)
	return len(p), nil
}

// loaded reports whether launchd knows the job.
func (s *Service) loaded(ctx context.Context) (bool, error) {
	err := s.runLaunchctl(ctx, "print", target)
	if exit := new(exec.ExitError); errors.As(err, &exit) && exit.Exited() {
		return false, nil // launchctl(1) documents no exit status for "not found"
	}
	return err == nil, err
}

// load makes launchd know the job and run it. launchd answers "Input/output error" as long as
// the former job is still ending.
func (s *Service) load(ctx context.Context) error {
	if err := s.runLaunchctl(ctx, "enable", target); err != nil {
		return err
	}
	err := s.retry(ctx, "waiting for launchd", func() error {
		return s.runLaunchctl(ctx, "bootstrap", domain, s.path(propertyList))
	})
	if err != nil {
		return err
	}
	return s.runLaunchctl(ctx, "kickstart", target)
}

// unload ends the job and makes launchd forget it. A job that is not loaded is not an error.
func (s *Service) unload(ctx context.Context) error {
	loaded, err := s.loaded(ctx)
	if err != nil || !loaded {
		return err
	}
	refused := s.runLaunchctl(ctx, "bootout", target)
	return s.retry(ctx, "waiting for the agent to end", func() error {
		switch loaded, err := s.loaded(ctx); {
		case err != nil || !loaded: // also when bootout reported an operation in progress
			return err
		case refused != nil:
			return refused
		}
		return fmt.Errorf("launchd still holds %s", target)
	})
}

// retry calls attempt until it succeeds, at most attempts times.
func (s *Service) retry(ctx context.Context, waiting string, attempt func() error) error {
	for n := 1; ; n++ {
		err := attempt()
		switch {
		case err == nil || ctx.Err() != nil:
			return err
		case n == attempts:
			return fmt.Errorf("%w (tried %d times)", err, attempts)
		}
		s.progress(fmt.Sprintf("%s, try %d of %d", waiting, n+1, attempts))
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w while waiting to try again: %w", ctx.Err(), err)
		case <-time.After(s.pause):
		}
	}
}
