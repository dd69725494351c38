// Package service puts the agent on a Mac, removes it and runs it.
//
// Every verb may be repeated: a second install upgrades, a second uninstall finds nothing to
// do. Files appear whole or not at all, whatever the umask; a program or property list that is
// in use is replaced by rename, never overwritten. Nothing is written where someone else could
// change it, and nothing outside the root folder.
//
// kardianos/service runs the agent (see Run). Its other verbs do not suit a program that runs
// as root: install follows the umask and keeps an older property list, restart unloads the job,
// and launchctl is searched in PATH. So the verbs here install the property list of
// packaging/launchd themselves and call /bin/launchctl.
package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"hooksnare/packaging/launchd"
)

// Where things are, below the root folder.
const (
	// folder holds the program, and rules and exceptions of the site: root:wheel 0755.
	// /usr/local/bin would not do for a daemon, since users may write there.
	folder = "/Library/Application Support/Hooksnare"
	// Program is the installed program.
	Program      = launchd.Program
	propertyList = launchd.File
	// JobFile is the property list of the installed launchd job.
	JobFile = propertyList

	// stateFolder holds the spool and all else that the agent remembers: root alone, 0700.
	stateFolder = "/var/db/hooksnare"
	// logFolder holds alerts.jsonl and agent.log: root:wheel 0750. It is closed to users, and
	// its group can admit a log collector that is not root.
	logFolder = "/var/log/hooksnare"
)

var (
	errNotMac       = errors.New("launchd services exist on macOS only; use --root DIR to write the files")
	errNotRoot      = errors.New("only root may do this: run it with sudo")
	errNoLaunchd    = errors.New("there is no launchd under --root, only files")
	errNotInstalled = errors.New("not installed: run hooksnare install first")
)

// Service is the agent as launchd knows it. Errors of its methods do not name the verb.
type Service struct {
	root       string
	executable string // what Install copies: the program that is running
	launchctl  string // the program that controls launchd, "" for none
	progress   func(step string)
	pause      time.Duration // between two attempts of launchctl
	refused    error         // why this process can't change the machine
}

// New returns the service of this Mac or, with a root folder, of the disk below it: there
// Install and Uninstall only write and remove files. progress is called before each step and
// may be nil. New changes nothing.
func New(root string, progress func(step string)) (*Service, error) {
	s := &Service{root: root, progress: progress, pause: time.Second}
	if progress == nil {
		s.progress = func(string) {}
	}
	if root == "" {
		s.root, s.launchctl, s.refused = "/", "/bin/launchctl", refusal(runtime.GOOS, os.Geteuid())
	}
	var err error
	if s.executable, err = os.Executable(); err != nil {
		return nil, fmt.Errorf("own program: %w", err)
	}
	return s, nil
}

// refusal returns why a process can't install on its own machine.
func refusal(goos string, euid int) error {
	switch {
	case goos != "darwin":
		return errNotMac
	case euid != 0:
		return errNotRoot
	}
	return nil
}

// path returns the path of a name below the root.
func (s *Service) path(name string) string { return filepath.Join(s.root, name) }

// Install copies the program, writes the property list and the folders, and starts the agent.
// A running agent is replaced once the new files are in place. Install returns when launchd has
// started the agent, which need not see events yet: that takes Full Disk Access.
func (s *Service) Install(ctx context.Context) error {
	if err := errors.Join(s.refused, ctx.Err()); err != nil {
		return err
	}
	if err := s.installFiles(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil || s.launchctl == "" {
		return err
	}
	s.progress("starting " + launchd.Label)
	// Most often there is nothing to boot out. When there is and it fails, so does bootstrap,
	// with the reason.
	_ = s.runLaunchctl(ctx, "bootout", target)
	return s.load(ctx)
}

// Uninstall stops the agent and removes program and property list. State, logs, and the rules
// and exceptions beside the program stay, unless purge. Preferences belong to the administrator
// and stay in any case. When the agent can't be stopped, nothing is removed.
func (s *Service) Uninstall(ctx context.Context, purge bool) error {
	if err := errors.Join(s.refused, ctx.Err()); err != nil {
		return err
	}
	if s.launchctl != "" {
		if err := s.unload(ctx); err != nil {
			return err
		}
	}
	return s.removeFiles(purge)
}

// Start starts an installed agent that was stopped. One that runs is not touched.
func (s *Service) Start(ctx context.Context) error { return s.start(ctx, "kickstart", target) }

// Restart ends the agent and starts it again. The job stays loaded meanwhile, so that launchd
// brings the agent back even if this process is killed half-way.
func (s *Service) Restart(ctx context.Context) error {
	return s.start(ctx, "kickstart", "-k", target)
}

// start calls launchctl with kick for a job that is loaded, and loads one that is not.
func (s *Service) start(ctx context.Context, kick ...string) error {
	if err := s.needsLaunchd(ctx); err != nil {
		return err
	}
	if _, err := os.Lstat(s.path(propertyList)); errors.Is(err, os.ErrNotExist) {
		return errNotInstalled
	} else if err != nil {
		return err
	}
	loaded, err := s.loaded(ctx)
	switch {
	case err != nil:
		return err
	case loaded:
		return s.runLaunchctl(ctx, kick...)
	}
	return s.load(ctx)
}

// Stop stops the agent until the next boot, start or install. One that is not loaded is no
// error.
func (s *Service) Stop(ctx context.Context) error {
	if err := s.needsLaunchd(ctx); err != nil {
		return err
	}
	return s.unload(ctx)
}

func (s *Service) needsLaunchd(ctx context.Context) error {
	if s.refused == nil && s.launchctl == "" {
		return errNoLaunchd
	}
	return errors.Join(s.refused, ctx.Err())
}
