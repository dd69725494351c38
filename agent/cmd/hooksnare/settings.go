package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"hooksnare/agent/config"
	"hooksnare/agent/exceptions"
	"hooksnare/agent/ruleset"
)

// settings are the flags that several commands have: where the configuration and its parts are,
// and how results are written.
type settings struct {
	root, file, eslogger, canary, state, format string
	rules                                       []string
}

// addFlags gives a command the flags of these names.
func (s *settings) addFlags(cmd *cobra.Command, names ...string) {
	flags := cmd.Flags()
	for _, name := range names {
		switch name {
		case "root":
			flags.StringVar(&s.root, name, "", "`DIR` to read everything below, as if it were the disk")
			cmd.PreRunE = func(*cobra.Command, []string) error { return s.checkRoot() }
		case "config":
			flags.StringVar(&s.file, name, "", "property list `FILE` to read instead of the managed and the local one")
		case "rules":
			flags.StringArrayVar(&s.rules, name, nil, "`DIR` of rule files beside the built-in ones; may be given again")
		case "state-dir":
			flags.StringVar(&s.state, name, "", "`DIR` of state and spool")
		case "format":
			flags.StringVar(&s.format, name, "", "`FORMAT` of the results: text or ndjson (default text on a terminal, ndjson otherwise)")
		default:
			panic("no flag " + name)
		}
	}
}

func (s *settings) checkRoot() error {
	if s.root == "" {
		return nil
	}
	info, err := os.Stat(s.root)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s: is not a folder", s.root)
	}
	if err != nil {
		return fmt.Errorf("--root: %w", err)
	}
	return nil
}

// checkFile reports why a configuration file that was named can't be read at all.
func (s *settings) checkFile() error {
	if s.file == "" {
		return nil
	}
	info, err := os.Stat(s.file)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: is not a file", s.file)
	}
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	return nil
}

// load reads the configuration.
func (s *settings) load() (config.Config, config.Sources, error) {
	flags := map[string][]string{}
	for name, value := range map[string]string{"eslogger": s.eslogger, "canary": s.canary, "state-dir": s.state} {
		if value != "" {
			flags[name] = []string{value}
		}
	}
	if len(s.rules) > 0 {
		flags["rules"] = s.rules
	}
	return config.Load(config.Options{
		Root: s.root, File: s.file, Flags: flags, Env: os.Environ(), CheckWhere: exceptions.CheckWhere,
	})
}

// loadNoting reads the configuration for a command that faults in it do not stop, and notes
// them.
func (s *settings) loadNoting(cmd *cobra.Command) (config.Config, config.Sources, error) {
	if err := s.checkFile(); err != nil {
		return config.Config{}, config.Sources{}, err
	}
	c, sources, faults := s.load()
	if n := len(config.Faults(faults)); n > 0 {
		note(cmd, "the configuration has faults (%d): see hooksnare check", n)
	}
	return c, sources, nil
}

// loadStrict reads configuration and rules for a command that a fault in them stops.
func (s *settings) loadStrict() (config.Config, ruleset.Set, error) {
	c, sources, err := s.load()
	set, faults := ruleset.Load(c, sources)
	return c, set, errors.Join(err, faults)
}
