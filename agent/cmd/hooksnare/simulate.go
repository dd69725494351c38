package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent"
	"hooksnare/pkg/quote"
)

func newSimulate() *cobra.Command {
	var s settings
	var format, defaults string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Prove that a hook becomes an alert at every output",
		Long: `Sets a hook in the preferences com.hooksnare.simulation, which nothing reads and which
runs nothing, waits for the running agent's alert of it, for the disk to have it and for every
output to acknowledge it, and prints how long each took. The preferences are removed again.
Exits with 1 when the alert does not come, or an output does not acknowledge it in time.

Plain syslog acknowledges nothing: there it means that the system's log took the line.`,
		Example: `  sudo hooksnare simulate
  sudo hooksnare simulate --timeout 2m --format ndjson`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			format, err := chosen(format, cmd.OutOrStdout())
			if err != nil {
				return err
			}
			if timeout <= 0 || timeout > time.Hour {
				return fmt.Errorf("--timeout %v: want up to an hour", timeout)
			}
			c, _, _ := s.load()
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			sim, err := agent.Simulate(ctx, c, defaults)
			if err != nil {
				return &exit{exitNotWell, fmt.Errorf("simulate: %w", err)}
			}
			if format == formatText {
				err = printSimulation(cmd.OutOrStdout(), sim)
			} else {
				err = printJSON(cmd.OutOrStdout(), sim)
			}
			if err == nil && !sim.OK() {
				err = &exit{exitNotWell, fmt.Errorf("simulate: not all of it came within %v", timeout)}
			}
			return err
		},
	}
	s.rootFlag(cmd)
	s.fileFlag(cmd)
	s.stateFlag(cmd)
	formatFlag(cmd, &format)
	cmd.Flags().StringVar(&defaults, "defaults", "", "`PATH` of defaults, or of a program that stands in for it; needed with --root")
	cmd.Flags().DurationVar(&timeout, "timeout", 30*time.Second, "`TIME` to wait for the alert and for every output")
	return cmd
}

func printSimulation(w io.Writer, s *agent.Simulation) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(what string, after *float64, note string) {
		took := "not in time"
		if after != nil {
			took = fmt.Sprintf("%.0f ms", *after)
		}
		if note != "" && after == nil {
			took = note
		}
		fmt.Fprintf(t, "%s\t%s\n", what, quote.Printable(took))
	}
	line("alert raised", s.Seen, "")
	line("durable on disk", s.Stored, "")
	for _, o := range s.Outputs {
		note := o.Unsent
		if note == "" && o.Error != "" {
			note = "not in time: " + o.Error
		}
		line("acknowledged by "+quote.Printable(o.Name)+" ("+o.Type+")", o.After, note)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if s.ID != "" {
		fmt.Fprintf(&b, "\nhooksnare alerts show %s\n", s.ID)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
