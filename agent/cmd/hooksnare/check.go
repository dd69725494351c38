package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent"
	"hooksnare/agent/config"
	"hooksnare/pkg/alert"
)

func newCheck() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Find faults in configuration, rules and exceptions",
		Long: `Reads the configuration, every rule and every exception and prints all that is wrong,
a line each, with file and line where there is one; rules
that can't run here and exceptions that a running agent has not used for a day are noted. Exits with 1 when something is, with 2 when --config names no file.`,
		Example: `  hooksnare check
  hooksnare check --config ./com.hooksnare.agent.plist
  hooksnare check --rules ./our-rules`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.readable(); err != nil {
				return err
			}
			c, sources, loaded := s.load()
			set, faults := agent.Check(c, sources, loaded, time.Now())
			list := agent.Faults(faults)
			for _, fault := range list {
				fmt.Fprintln(cmd.OutOrStdout(), alert.Printable(fault.Error()))
			}
			for _, r := range set.Rules {
				if r.NotRunnable != "" {
					fmt.Fprintln(cmd.OutOrStdout(), alert.Printable(fmt.Sprintf("note: %s: rule %s does not run here: %s", r.File, r.ID, r.NotRunnable)))
				}
			}
			checkUse(cmd, c, sources)
			if len(list) > 0 {
				return &exit{exitNotWell, fmt.Errorf("check: faults: %d", len(list))}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "ok: %d rules, %d exceptions, %d outputs\n", len(set.Rules), len(c.Exceptions), len(c.Outputs))
			return nil
		},
	}
	s.rootFlag(cmd)
	s.fileFlag(cmd)
	s.rulesFlag(cmd)
	return cmd
}

// checkUse tells of exceptions that are never used. That is no fault: some hooks are rare.
func checkUse(cmd *cobra.Command, c config.Config, sources config.Sources) {
	idle, err := agent.Idle(c, sources, time.Now())
	for _, one := range idle {
		fmt.Fprintln(cmd.OutOrStdout(), "note: "+alert.Printable(one.Error()))
	}
	if err != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), alert.Printable("check: whether exceptions are used is not known: "+err.Error()))
	}
}

// readable reports why a configuration file that was named can't be read at all.
func (s *settings) readable() error {
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
