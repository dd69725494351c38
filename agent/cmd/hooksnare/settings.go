package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"hooksnare/agent/config"
	"hooksnare/agent/ruleset"
)

// sharedFlags are the flags that several commands have, with their help texts.
var sharedFlags = map[string]string{
	"root":      "`DIR` to read everything below, as if it were the disk",
	"config":    "property list `FILE` to read instead of the managed and the local one",
	"rules":     "`DIR` of rule files beside the built-in ones; may be given again",
	"state-dir": "`DIR` of state and spool",
	"format":    "`FORMAT` of the results: text or ndjson (default text on a terminal, ndjson otherwise)",
}

// settings are the values of the shared flags, and what a command makes of them.
type settings struct {
	root, config, eslogger, canary, stateDir, format string
	rules                                            []string

	out *output // for results; set before the command runs
}

// withFlags gives a command the shared flags of these names, and checks them before it runs.
func (s *settings) withFlags(cmd *cobra.Command, names ...string) *cobra.Command {
	values := map[string]*string{"root": &s.root, "config": &s.config, "state-dir": &s.stateDir, "format": &s.format}
	for _, name := range names {
		if name == "rules" {
			cmd.Flags().StringArrayVar(&s.rules, name, nil, sharedFlags[name])
		} else {
			cmd.Flags().StringVar(values[name], name, "", sharedFlags[name])
		}
	}
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) (err error) {
		if s.out, err = newOutput(cmd.OutOrStdout(), s.format); err != nil {
			return err
		}
		for _, dir := range s.rules {
			if err := checkPath("rules", dir, fs.FileMode.IsDir, "a folder"); err != nil {
				return err
			}
		}
		return checkPath("root", s.root, fs.FileMode.IsDir, "a folder")
	}
	return cmd
}

// checkConfig reports why the configuration that was named can't be read at all.
func (s *settings) checkConfig() error {
	return checkPath("config", s.config, fs.FileMode.IsRegular, "a file")
}

// checkPath reports why the value of a flag is not what it has to be, if it was given.
func checkPath(flag, path string, isRight func(fs.FileMode) bool, what string) error {
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	if err == nil && !isRight(info.Mode()) {
		err = fmt.Errorf("%s: is not %s", path, what)
	}
	if err != nil {
		return fmt.Errorf("--%s: %w", flag, err)
	}
	return nil
}

// load reads the configuration. The error is all that is wrong in it.
func (s *settings) load() (config.Config, config.Sources, error) {
	return config.Load(s.source())
}

// source is where the configuration comes from.
func (s *settings) source() config.Options {
	return config.Options{
		Root: s.root, File: s.config, Env: os.Environ(),
		Flags: config.Flags{StateDir: s.stateDir, Eslogger: s.eslogger, Canary: s.canary, Rules: s.rules},
	}
}

// loadNoting reads the configuration for a command that faults in it do not stop, and notes
// them.
func (s *settings) loadNoting(cmd *cobra.Command) (config.Config, config.Sources, error) {
	if err := s.checkConfig(); err != nil {
		return config.Config{}, config.Sources{}, err
	}
	c, sources, faults := s.load()
	if n := len(config.Faults(faults)); n > 0 {
		note(cmd, "the configuration has faults (%d): see hooksnare check", n)
	}
	return c, sources, nil
}

// loadRules reads configuration and rules. What could be read comes with the error.
func (s *settings) loadRules() (config.Config, ruleset.Set, error) {
	c, sources, err := s.load()
	set, faults := ruleset.Load(c, sources)
	return c, set, errors.Join(err, faults)
}

// noteFaults notes what is wrong with configuration and rules, for a command that goes on with the
// rest and then ends with noted, which says so in the exit code alone. What is wrong with how the
// command was called is an error.
func noteFaults(cmd *cobra.Command, faults error) (noted, err error) {
	for _, fault := range config.Faults(faults) {
		if e := new(config.Error); errors.As(fault, &e) && (e.File == string(config.Environment) || e.File == string(config.CommandLine)) {
			err = errors.Join(err, fault)
			continue
		}
		note(cmd, "%v", fault)
		noted = &exit{code: exitNotWell}
	}
	return noted, err
}
