package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent"
)

func newCheck() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Find faults in configuration, rules and exceptions",
		Long: `Reads the configuration, every rule and every exception and prints all that is wrong,
a line each, with file and line where there is one. Exits with 1 when something is.`,
		Example: `  hooksnare check
  hooksnare check --config ./com.hooksnare.agent.plist
  hooksnare check --rules ./our-rules`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, sources, loaded := s.load()
			set, faults := agent.Check(c, sources, loaded, time.Now())
			list := flatten(faults)
			for _, fault := range list {
				fmt.Fprintln(cmd.OutOrStdout(), fault)
			}
			if len(list) > 0 {
				return &exit{exitNotWell, fmt.Errorf("%d faults", len(list))}
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

// flatten takes joined errors apart.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	var list interface{ Unwrap() []error }
	if !errors.As(err, &list) {
		return []error{err}
	}
	var out []error
	for _, e := range list.Unwrap() {
		out = append(out, flatten(e)...)
	}
	return out
}
