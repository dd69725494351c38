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

var (
	errNotMac       = errors.New("launchd services exist on macOS only; use --root DIR to write the files")
	errNotRoot      = errors.New("only root may do this: run it with sudo")
	errNoLaunchd    = errors.New("there is no launchd under --root, only files")
	errNotInstalled = errors.New("not installed: run hooksnare install first")
)

// Options say what is installed, and where.
type Options struct {
	Root     string // folder that plays the disk, "" for this Mac
	StateDir string // where the agent writes its status
	Version  string // of this program, as its status has it
	// Completions are the texts for each shell: bash, fish, zsh.
	Completions map[string][]byte
	// Progress is called before each step, and Note for what is left out, with the reason. Both may be
	// nil.
	Progress, Note func(text string)
	// Changed is called each time that Install has changed files and is about to end the agent, which
	// reports what no verb did; it may be nil.
	Changed func()
}

// Service is the agent as launchd knows it. Errors of its methods do not name the verb.
type Service struct {
	root        string
	executable  string // what Install copies: the program that is running
	version     string // of it
	stateDir    string
	completions map[string][]byte
	launchctl   string // the program that controls launchd, "" for none
	pkgutil     string // the program that knows receipts
	progress    func(step string)
	note        func(text string)
	changed     func()
	pause       time.Duration // between two attempts of launchctl, and two looks at the status
	refused     error         // why this process can't change the machine
}

// New returns the service of this Mac or, with a root folder, of the disk below it: there
// Install and Uninstall only write and remove files. New changes nothing.
func New(o Options) (*Service, error) {
	s := &Service{
		root: o.Root, version: o.Version, stateDir: o.StateDir, completions: o.Completions, progress: o.Progress, note: o.Note,
		changed: o.Changed, pause: time.Second,
	}
	if o.Note == nil {
		s.note = func(string) {}
	}
	if o.Progress == nil {
		s.progress = func(string) {}
	}
	if o.Changed == nil {
		s.changed = func() {}
	}
	if o.Root == "" {
		s.root, s.launchctl, s.pkgutil = "/", "/bin/launchctl", "/usr/sbin/pkgutil"
		s.refused = refusal(runtime.GOOS, os.Geteuid())
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

// Install copies the program, writes the property list and the folders, and starts the agent. A
// running agent is replaced once the new files are in place. Install returns when the new agent has
// written its status, which need not see events yet: that takes Full Disk Access. When it does not,
// the former program is put back and started, and the error says so.
func (s *Service) Install(ctx context.Context) error {
	if err := errors.Join(s.refused, ctx.Err()); err != nil {
		return err
	}
	before := s.lastStart()
	old, err := s.installFiles()
	if err != nil && old.program {
		err = errors.Join(err, s.restoreProgram()) // else the next boot would start what nothing has tried
	}
	s.changed()
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil || s.launchctl == "" {
		return err
	}
	if err = s.replaceAgent(ctx, before, s.version); err == nil || ctx.Err() != nil {
		return err
	}
	return s.goBack(ctx, old, err)
}

// replaceAgent ends the agent that runs, starts the one that is installed, and waits for it.
func (s *Service) replaceAgent(ctx context.Context, before time.Time, version string) error {
	s.progress("starting " + launchd.Label)
	// Most often there is nothing to boot out. When there is and it fails, so does bootstrap,
	// with the reason.
	_ = s.runLaunchctl(ctx, "bootout", target)
	if err := s.load(ctx); err != nil {
		return err
	}
	return s.awaitAgent(ctx, before, version)
}

// Uninstall stops the agent and removes all that Install put on the Mac, and the receipts of packages. State, logs, and the rules
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
	return errors.Join(s.removeFiles(purge), s.forgetReceipts(ctx))
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
