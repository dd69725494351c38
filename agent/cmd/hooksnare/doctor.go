package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent"
	"hooksnare/pkg/quote"
)

func newDoctor() *cobra.Command {
	var s settings
	var format string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Tell what is missing, and what to do about it",
		Long: `Looks at what the agent needs, root, eslogger, Full Disk Access, a sound configuration,
outputs that deliver, and says of each whether it is there and what to do where it is not. Of
every condition that is on it says what that means for what is seen.
Exits with 1 when something is failing.`,
		Example: `  sudo hooksnare doctor
  sudo hooksnare doctor --format ndjson | jq 'select(.state != "well")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			format, err := chosen(format, cmd.OutOrStdout())
			if err != nil {
				return err
			}
			c, sources, faults := s.load()
			found := agent.Diagnose(c, sources, faults, time.Now())
			failing := false
			for i := range found {
				failing = failing || found[i].State == agent.FindingFailing
				if format == formatText {
					err = printFinding(cmd.OutOrStdout(), &found[i])
				} else {
					err = printJSON(cmd.OutOrStdout(), &found[i])
				}
				if err != nil {
					return err
				}
			}
			if failing {
				return &exit{exitNotWell, nil}
			}
			return nil
		},
	}
	s.rootFlag(cmd)
	s.fileFlag(cmd)
	s.stateFlag(cmd)
	formatFlag(cmd, &format)
	return cmd
}

func printFinding(w io.Writer, f *agent.Finding) error {
	state := strings.ToUpper(f.State)
	if f.State == agent.FindingWell {
		state = f.State
	}
	line := fmt.Sprintf("%-8s %s: %s\n", state, quote.Printable(f.Check), quote.Printable(f.Detail))
	for _, text := range [...]string{f.Meaning, f.Mend} {
		if text != "" {
			line += fmt.Sprintf("%-8s %s\n", "", quote.Printable(text))
		}
	}
	_, err := io.WriteString(w, line)
	return err
}
