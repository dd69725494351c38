package main

import (
	"context"
	"fmt"
	"time"

	"hooksnare/agent/checkup"

	"github.com/spf13/cobra"
)

func newSimulate() *cobra.Command {
	var s settings
	var defaults string
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
			out, err := s.newOutput(cmd)
			if err != nil {
				return err
			}
			if timeout <= 0 || timeout > time.Hour {
				return fmt.Errorf("--timeout %v: expected at most an hour", timeout)
			}
			c, _, _ := s.load()
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			sim, err := checkup.Simulate(ctx, c, defaults)
			if err != nil {
				return &exit{exitNotWell, fmt.Errorf("simulate: %w", err)}
			}
			err = out.print(sim, func() string { return simulationText(sim) })
			if err == nil && !sim.OK() {
				err = &exit{exitNotWell, fmt.Errorf("simulate: not all of it came within %v", timeout)}
			}
			return err
		},
	}
	s.addFlags(cmd, "root", "config", "state-dir", "format")
	cmd.Flags().StringVar(&defaults, "defaults", "", "`PATH` of defaults, or of a program that stands in for it; needed with --root")
	cmd.Flags().DurationVar(&timeout, "timeout", 30*time.Second, "`TIME` to wait for the alert and for every output")
	return cmd
}

func simulationText(s *checkup.Simulation) string {
	table := [][]string{{"alert raised", tookText(s.Seen, "")}, {"durable on disk", tookText(s.Stored, "")}}
	for _, o := range s.Outputs {
		instead := o.Unsent
		if instead == "" && o.Error != "" {
			instead = "not in time: " + o.Error
		}
		table = append(table, []string{"acknowledged by " + o.Name + " (" + o.Type + ")", tookText(o.After, instead)})
	}
	text := alignColumns(table)
	if s.ID != "" {
		text += "\nhooksnare alerts show " + s.ID + "\n"
	}
	return text
}

// tookText is how long a step took, or why it was not done.
func tookText(milliseconds *float64, instead string) string {
	switch {
	case milliseconds != nil:
		return fmt.Sprintf("%.0f ms", *milliseconds)
	case instead != "":
		return instead
	}
	return "not in time"
}
