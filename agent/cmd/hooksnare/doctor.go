package main

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent/checkup"
	"hooksnare/pkg/alert"
)

func newDoctor() *cobra.Command {
	var s settings
	return s.withFlags(&cobra.Command{
		Use: "doctor", Short: "Find what is missing, and what to do about it", Args: cobra.NoArgs,
		Long: `Checks what the agent needs: root, eslogger, Full Disk Access, a sound configuration and
outputs that deliver. For each it prints the state, and what to do where something is missing.
For every active condition it prints what that means for detection.
Exits with 1 when something is failing.`,
		Example: `  sudo hooksnare doctor
  sudo hooksnare doctor --format ndjson | jq 'select(.state != "well")'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, sources, faults := s.load()
			findings := checkup.Diagnose(c, sources, faults, time.Now())
			isFailing := slices.ContainsFunc(findings, func(f checkup.Finding) bool { return f.State == checkup.FindingFailing })
			return cmp.Or(printEach(s.out, findings, findingText), exitIf(isFailing, exitNotWell))
		},
	}, "root", "config", "state-dir", "format")
}

func findingText(f *checkup.Finding) string {
	state := strings.ToUpper(f.State)
	if f.State == checkup.FindingWell {
		state = f.State
	}
	rows := alert.Rows{Width: 8}
	rows.Add(state, f.Check+": "+f.Detail)
	rows.Add("", f.Meaning)
	rows.Add("", f.Cure)
	return rows.String()
}
