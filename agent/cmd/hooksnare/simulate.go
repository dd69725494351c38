package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent/checkup"
)

func newSimulate() *cobra.Command {
	var s settings
	var defaults string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use: "simulate", Short: "Prove that a hook becomes an alert at every output", Args: cobra.NoArgs,
		Long: `Sets a hook in the preferences com.hooksnare.simulation, which nothing reads and which
runs nothing, waits for the running agent's alert of it, for the disk to have it and for every
output to acknowledge it, and prints how long each took. The preferences are removed again.
Exits with 1 when the alert does not come, or an output does not acknowledge it in time.

Plain syslog acknowledges nothing: there it means that the system's log took the line.`,
		Example: `  sudo hooksnare simulate
  sudo hooksnare simulate --timeout 2m --format ndjson`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if timeout <= 0 || timeout > time.Hour {
				return fmt.Errorf("--timeout %v: expected at most an hour", timeout)
			}
			c, _, _ := s.load() // check reports its faults
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			sim, err := checkup.Simulate(ctx, c, defaults)
			if err != nil {
				return &exit{exitNotWell, "simulate: " + err.Error()}
			}
			if err := s.out.print(sim, simulationText(sim)); err != nil {
				return err
			}
			if !sim.OK() {
				return &exit{exitNotWell, fmt.Sprintf("simulate: not all steps were done within %v", timeout)}
			}
			return nil
		},
	}
	s.withFlags(cmd, "root", "config", "state-dir", "format")
	cmd.Flags().StringVar(&defaults, "defaults", "", "`PATH` of defaults, or of a program that replaces it; needed with --root")
	cmd.Flags().DurationVar(&timeout, "timeout", 30*time.Second, "`TIME` to wait for the alert and for every output")
	return cmd
}

func simulationText(s *checkup.Simulation) string {
	var table [][]string
	addStep := func(step string, milliseconds *float64, otherwise string) {
		if milliseconds != nil {
			otherwise = fmt.Sprintf("%.0f ms", *milliseconds)
		}
		table = append(table, []string{step, otherwise})
	}
	addStep("alert raised", s.Seen, "not in time")
	addStep("durable on disk", s.Stored, "not in time")
	for _, o := range s.Outputs {
		otherwise := "not in time"
		if o.Unsent != "" {
			otherwise = o.Unsent
		} else if o.Error != "" {
			otherwise += ": " + o.Error
		}
		addStep("acknowledged by "+o.Name+" ("+o.Type+")", o.After, otherwise)
	}
	text := alignColumns(table)
	if s.ID != "" {
		text += "\nhooksnare alerts show " + s.ID + "\n"
	}
	return text
}
