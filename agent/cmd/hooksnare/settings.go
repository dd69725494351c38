package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"hooksnare/agent/config"
	"hooksnare/agent/exceptions"
	"hooksnare/agent/ruleset"
)

// settings are the flags that say where the configuration and its parts are.
type settings struct {
	root, file, eslogger, canary, state string
	rules                               []string
}

func (s *settings) rootFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.root, "root", "", "`DIR` to read everything below, as if it were the disk")
	cmd.PreRunE = func(*cobra.Command, []string) error {
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
}

func (s *settings) fileFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.file, "config", "", "property list `FILE` to read instead of the managed and the local one")
}

func (s *settings) rulesFlag(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&s.rules, "rules", nil, "`DIR` of rule files beside the built-in ones; may be given again")
}

func (s *settings) stateFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.state, "state-dir", "", "`DIR` of state and spool")
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

// strict reads the configuration for a command that does not go on with a wrong one.
func (s *settings) strict() (config.Config, ruleset.Set, error) {
	c, sources, err := s.load()
	set, faults := ruleset.Load(c, sources)
	if err = errors.Join(err, faults); err != nil {
		return c, set, err
	}
	return c, set, nil
}

// formats of results.
const (
	formatText   = "text"
	formatNDJSON = "ndjson"
)

func formatFlag(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVar(format, "format", "", "`FORMAT` of the results: text or ndjson (default text on a terminal, ndjson otherwise)")
}

// chosen returns the format that was asked for, or the one that suits where stdout goes.
func chosen(format string, out io.Writer) (string, error) {
	switch format {
	case formatText, formatNDJSON:
		return format, nil
	case "":
		if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			return formatText, nil
		}
		return formatNDJSON, nil
	}
	return "", fmt.Errorf("--format %q: expected text or ndjson", format)
}

// stderrTerminal reports whether a person watches stderr.
func stderrTerminal() bool { return term.IsTerminal(int(os.Stderr.Fd())) }
