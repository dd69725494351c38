package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent/checkup"
	"hooksnare/agent/config"
	"hooksnare/agent/exceptions"
	"hooksnare/pkg/quote"
)

func newCheck() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Find faults in configuration, rules and exceptions",
		Long: `Reads the configuration, every rule and every exception and prints each fault on a line, with
file and line number where they are known. It also notes rules that can't run here and exceptions
that a running agent has not used for a day. Exits with 1 when there is a fault, with 2 when
--config is not a file.`,
		Example: `  hooksnare check
  hooksnare check --config ./com.hooksnare.agent.plist
  hooksnare check --rules ./our-rules`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.checkFile(); err != nil {
				return err
			}
			c, sources, loaded := s.load()
			set, faults := checkup.Check(c, sources, loaded, time.Now())
			list := config.Faults(faults)
			for _, fault := range list {
				fmt.Fprintln(cmd.OutOrStdout(), quote.Printable(fault.Error()))
			}
			for _, r := range set.Rules {
				if r.NotRunnable != "" {
					fmt.Fprintln(cmd.OutOrStdout(), quote.Printable(fmt.Sprintf("note: %s: rule %s does not run here: %s", r.File, r.ID, r.NotRunnable)))
				}
			}
			reportUnused(cmd, c, sources)
			if len(list) > 0 {
				return &exit{exitNotWell, fmt.Errorf("check: faults: %d", len(list))}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "ok: %d rules, %d exceptions, %d outputs\n", len(set.Rules), len(c.Exceptions), len(c.Outputs))
			return nil
		},
	}
	s.addFlags(cmd, "root", "config", "rules")
	return cmd
}

// reportUnused prints the exceptions that are never used. That is not a fault: some hooks are
// rare.
func reportUnused(cmd *cobra.Command, c config.Config, sources config.Sources) {
	idle, err := exceptions.Idle(c, sources, time.Now())
	for _, one := range idle {
		fmt.Fprintln(cmd.OutOrStdout(), "note: "+quote.Printable(one.Error()))
	}
	if err != nil {
		note(cmd, "whether exceptions are used is not known: %v", err)
	}
}
