package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/agent/watch"
	"hooksnare/pkg/safefile"
)

// safeState makes sure that nobody else can change what is in the state folder, which is made
// where it is missing. Where somebody can, nothing is read from it or written to it: the
// agent keeps its state in a temporary folder instead, as long as it runs, and the error
// says why.
func safeState(c *config.Config) (temporary string, err error) {
	why := stateFault(c)
	if why == nil {
		return "", nil
	}
	dir, err := os.MkdirTemp("", "hooksnare-state-")
	if err != nil {
		return "", errors.Join(why, err)
	}
	c.StateDir = dir
	return dir, fmt.Errorf("%w (until then state and alerts are in %s, which does not outlive the agent)", why, dir)
}

// stateFault reports why the state folder of a configuration is not safe. That it can't be
// used for another reason is for those to tell who use it.
func stateFault(c *config.Config) error {
	err := c.Disk().MakeFolder(c.StateDir, 0o700)
	for _, folder := range []string{"", health.SpoolFolder, watch.ScriptFolder} {
		if err == nil {
			err = c.Disk().CheckFolder(filepath.Join(c.StateDir, folder))
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	switch {
	case errors.Is(err, safefile.ErrInsecure):
		return err
	case err != nil || c.Root == "":
		return nil
	}
	// What writes there follows links as this machine does, not as that disk would.
	real, err := c.Disk().RealFolder(c.StateDir)
	if here, e := filepath.EvalSymlinks(c.StateDir); err == nil && e == nil && here != real {
		return fmt.Errorf("%s: leads out of %s through a link: name another folder with --state-dir", c.StateDir, c.Root)
	}
	return nil
}

// safeProgram makes sure that nobody else can change what is run as eslogger. Where somebody
// can, the usual one takes its place, and the error says why.
func safeProgram(c *config.Config, sources config.Sources) error {
	if !sources.ByFile("EsloggerPath") {
		return nil
	}
	err := safefile.CheckProgram(c.EsloggerPath)
	if !errors.Is(err, safefile.ErrInsecure) {
		return nil
	}
	c.EsloggerPath = config.Default().EsloggerPath
	return fmt.Errorf("%w (until then %s is run instead)", err, c.EsloggerPath)
}
