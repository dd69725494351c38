package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"hooksnare/agent/health"
)

// startLimit is how often Install looks for the status of the agent that it started, a pause apart.
// The agent writes one as soon as it has read the preferences.
const startLimit = 30

// former is what an installation replaces.
type former struct {
	program bool   // there was one, which is at previous now
	list    []byte // the property list
}

// keepFormer keeps the program that is installed under a second name, so that there is one to go
// back to, and its property list. One that others could have written is not kept.
func (s *Service) keepFormer(d *disk) (former, error) {
	var old former
	if err := d.removeFile(rel(previous)); err != nil {
		return old, err
	}
	info, err := d.root.Lstat(rel(Program))
	if errors.Is(err, fs.ErrNotExist) {
		return old, nil
	}
	if err != nil {
		return old, err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o022 != 0 || d.checkOwner(rel(Program), info) != nil {
		return old, nil
	}
	if old.list, err = d.readFile(rel(propertyList)); err != nil {
		return old, unlessMissing(err)
	}
	old.program = true
	return old, d.root.Link(rel(Program), rel(previous))
}

// goBack puts the former program back and starts it, and returns why that was necessary.
func (s *Service) goBack(ctx context.Context, old former, cause error) error {
	cause = fmt.Errorf("%w; see %s", cause, s.path(AgentLog))
	if !old.program {
		return fmt.Errorf("the agent is installed and does not start: %w", cause)
	}
	s.progress("putting the former program back")
	if err := s.restoreFiles(old); err != nil {
		return fmt.Errorf("the new agent does not start: %w; the former one can't be put back: %w", cause, err)
	}
	s.changed()
	if err := s.replaceAgent(ctx, s.lastStart(), ""); err != nil {
		return fmt.Errorf("the new agent does not start: %w; the former one is back and does not start either: %w", cause, err)
	}
	return fmt.Errorf("the new agent does not start, so the former one is back and runs: %w", cause)
}

func (s *Service) restoreFiles(old former) error {
	d, err := openDisk(s.root)
	if err != nil {
		return err
	}
	defer d.root.Close()
	if err := d.restoreProgram(); err != nil {
		return err
	}
	return d.writeText(rel(propertyList), 0o644, string(old.list))
}

// restoreProgram puts the former program back, if it was replaced already.
func (s *Service) restoreProgram() error {
	d, err := openDisk(s.root)
	if err != nil {
		return err
	}
	defer d.root.Close()
	s.progress("putting the former program back")
	return unlessMissing(d.restoreProgram())
}

func (d *disk) restoreProgram() error {
	if err := d.root.Rename(rel(previous), rel(Program)); err != nil {
		return err
	}
	return d.sync(rel(folder))
}

// lastStart is when the agent that wrote the status started, zero without one.
func (s *Service) lastStart() time.Time {
	st, err := health.ReadStatus(s.stateDir)
	if err != nil {
		return time.Time{}
	}
	return st.Started
}

// awaitAgent waits until an agent of a version, any for "", has written a status and still runs a
// pause later. before is the start of the agent that wrote the status until now: that launchd has
// started a process says nothing, since it starts one that ends at once again and again.
func (s *Service) awaitAgent(ctx context.Context, before time.Time, version string) error {
	s.progress("waiting for the agent's status")
	seen := 0 // process
	for range startLimit {
		st, err := health.ReadStatus(s.stateDir)
		isNew := err == nil && !st.Started.Equal(before) && (version == "" || st.Version == version) && st.HasProcess()
		switch {
		case isNew && st.PID == seen:
			return nil
		case isNew:
			seen = st.PID
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w while waiting for the agent's status", ctx.Err())
		case <-time.After(s.pause):
		}
	}
	return fmt.Errorf("no status of it in %v", startLimit*s.pause)
}

// forgetReceipts has Installer forget the agent's packages. A Mac without them, or a disk, needs
// nothing.
func (s *Service) forgetReceipts(ctx context.Context) error {
	if s.pkgutil == "" {
		return nil
	}
	var errs []error
	for _, receipt := range receipts {
		if s.run(ctx, s.pkgutil, "--pkg-info", receipt) != nil {
			continue
		}
		s.progress("forgetting the receipt " + receipt)
		errs = append(errs, s.run(ctx, s.pkgutil, "--forget", receipt))
	}
	return errors.Join(errs...)
}
