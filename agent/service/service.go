// Package service puts the agent on a Mac, takes it off again and runs it: install,
// uninstall, start, stop, restart.
//
// Every verb may be repeated: a second install upgrades, a second uninstall finds
// nothing to do. Files appear whole or not at all, whatever the umask; a program or
// property list that is in use is replaced by rename, never written over. Nothing is
// laid where someone else could change it, and under a root folder nothing outside
// that folder is touched.
//
// The life of the running agent goes through kardianos/service (see Run). Its verbs do
// not fit a program that runs as root: install follows the umask and leaves an older
// property list alone, restart unloads the job, and launchctl is looked up in PATH. So
// the verbs here lay the property list of packaging/launchd themselves and drive
// /bin/launchctl.
//
// Errors do not name the verb: who asked for it knows.
package service

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"hooksnare/packaging/launchd"
)

// Where things lie, below the root folder.
const (
	Label = launchd.Label

	// Folder holds the program, and rules and exceptions of the site. root:wheel 0755:
	// /usr/local/bin would do for no daemon, since users may write there.
	Folder       = "/Library/Application Support/Hooksnare"
	Program      = Folder + "/hooksnare"
	PropertyList = "/Library/LaunchDaemons/" + Label + ".plist"

	// StateFolder holds the spool and all else the agent remembers: root alone, 0700.
	StateFolder = "/var/db/hooksnare"

	// LogFolder holds alerts.jsonl and agent.log. 0750 root:wheel: closed to users, and a
	// log collector that is not root can be let in by its group, without a word to the files
	// of others.
	LogFolder = "/var/log/hooksnare"
)

const systemLaunchctl = "/bin/launchctl"

// Options says what to install and where. The zero value means this Mac and the
// program that is running.
type Options struct {
	// Root is the folder that stands for the disk. "" is the disk itself.
	Root string
	// Executable is the program to copy. "" is the one that is running.
	Executable string
	// Launchctl is the program that speaks to launchd. "" is /bin/launchctl, or none at
	// all with Root: then install and uninstall only lay and remove files.
	Launchctl string
	// Progress, unless nil, is told what is being done, in a few words.
	Progress func(step string)
}

// Service is the agent as launchd knows it.
type Service struct {
	root       string
	live       bool // root is this machine's disk
	executable string
	launchctl  launchctl
	progress   func(string)

	goos string
	euid int
}

// New checks the options; it touches nothing.
func New(opts Options) (*Service, error) {
	s := &Service{
		root:       opts.Root,
		executable: opts.Executable,
		launchctl:  launchctl{path: opts.Launchctl, pause: time.Second},
		progress:   opts.Progress,
		goos:       runtime.GOOS,
		euid:       os.Geteuid(),
	}
	if s.root == "" {
		s.root, s.live = "/", true
		if s.launchctl.path == "" {
			s.launchctl.path = systemLaunchctl
		}
	}
	for _, path := range []*string{&s.root, &s.executable, &s.launchctl.path} {
		if *path == "" {
			continue
		}
		abs, err := filepath.Abs(*path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", *path, err)
		}
		*path = abs
	}
	if s.executable == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("own program: %w", err)
		}
		s.executable = self
	}
	if s.progress == nil {
		s.progress = func(string) {}
	}
	return s, nil
}

var (
	errNotMac    = errors.New("launchd services exist on macOS only; use --root DIR to lay the files")
	errNotRoot   = errors.New("only root may do this: run it with sudo")
	errNoLaunchd = errors.New("there is no launchd under --root, only files")
)

// allowed says whether this process can change the machine.
func (s *Service) allowed() error {
	switch {
	case !s.live:
		return nil
	case s.goos != "darwin":
		return errNotMac
	case s.euid != 0:
		return errNotRoot
	}
	return nil
}

// path returns where a path below the root lies for the rest of the world.
func (s *Service) path(name string) string { return filepath.Join(s.root, name) }
