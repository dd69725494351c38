package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent"
	"hooksnare/pkg/quote"
)

func newStatus() *cobra.Command {
	var s settings
	var format string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Tell how the agent stands",
		Long: `Prints how the agent stands: what is not well and since when, what its sensor reads and
misses, what was lost, what waits for each output, and the last delivery. Exits with 1 when no agent runs or
something is not well. The agent writes this down at once when something begins or ends, and
once a minute for what it counts.`,
		Example: `  sudo hooksnare status
  sudo hooksnare status --format ndjson | jq .health.outputs`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			format, err := chosen(format, cmd.OutOrStdout())
			if err != nil {
				return err
			}
			c, _, _ := s.load() // what is wrong with it is for check to say
			st, err := agent.ReadStatus(c.StateDir)
			if errors.Is(err, fs.ErrNotExist) {
				return &exit{exitNotWell, fmt.Errorf("status: no agent has run with %s: sudo hooksnare start", c.StateDir)}
			}
			if err != nil {
				return err
			}
			now := time.Now()
			running := agent.Running(c.StateDir)
			faults := st.Faults(running, now)
			if format == formatText {
				err = printStatus(cmd.OutOrStdout(), &st, running, faults, now)
			} else {
				err = printJSON(cmd.OutOrStdout(), struct {
					Running bool     `json:"running"`
					Faults  []string `json:"faults"`
					agent.Status
				}{running, append([]string{}, faults...), st})
			}
			if err == nil && len(faults) > 0 {
				err = &exit{exitNotWell, nil}
			}
			return err
		},
	}
	s.rootFlag(cmd)
	s.fileFlag(cmd)
	s.stateFlag(cmd)
	formatFlag(cmd, &format)
	return cmd
}

func printStatus(w io.Writer, s *agent.Status, running bool, faults []string, now time.Time) error {
	var b strings.Builder
	h := &s.Health
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-10s %s\n", name, quote.Printable(fmt.Sprintf(format, args...)))
	}
	row("agent", "%s, version %s, pid %d, since %s (%s)", map[bool]string{true: "running", false: "not running"}[running],
		s.Version, s.PID, s.Started.Format(time.DateTime+"Z"), age(now.Sub(s.Started)))
	row("as of", "%s ago", age(now.Sub(s.Written)))
	if len(faults) == 0 {
		row("state", "all is well")
	}
	for i, f := range faults {
		row(map[bool]string{true: "state", false: ""}[i == 0], "%s", f)
	}
	for _, c := range h.Conditions {
		if c.Since != nil {
			row("since", "%s  %s (%s)", c.State, c.Since.UTC().Format(time.DateTime+"Z"), age(now.Sub(c.Since.Time)))
		}
	}
	row("sensor", "%d events (%.1f a second), %d lost, %d unreadable", h.Sensor.Lines, h.Sensor.LinesRate, h.Sensor.Dropped, h.Sensor.Malformed)
	if h.Sensor.LastCanary != nil {
		row("proof", "a canary was seen %s ago", age(now.Sub(h.Sensor.LastCanary.Time)))
	}
	printLosses(row, s.Losses())
	row("rules", "%d active; %d alerts, %d repeats counted, %d held back", h.Rules.Active, h.Rules.Alerts, h.Rules.Repeated, h.Rules.HeldBack)
	row("spool", "%d alerts wait (%d bytes), %d of them in memory alone", h.Spool.Alerts, h.Spool.Bytes, h.Spool.Held)
	row("chain", "%s number %d, sha256 %s", s.Chain.Chain, s.Chain.Sequence, s.Chain.Previous)
	if s.LastHeartbeat != nil {
		row("heartbeat", "%s ago, every %v", age(now.Sub(*s.LastHeartbeat)), time.Duration(h.Interval*float64(time.Second)))
	}
	b.WriteString("\n")
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "OUTPUT\tTYPE\tSTATE\tWAITING\tOLDEST\tDELIVERED\tREFUSED\tLOST\tLAST DELIVERY")
	for _, o := range h.Outputs {
		state, last, oldest := "well", "none yet", "-"
		if !o.Healthy {
			state = "failing"
		}
		if o.LastDelivery != nil {
			last = age(now.Sub(o.LastDelivery.Time)) + " ago"
		}
		if o.Depth > 0 {
			oldest = age(time.Duration(o.OldestAge * float64(time.Second)))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%d\t%d\t%d\t%s\n", quote.Printable(o.Name), o.Type, state, o.Depth, oldest, o.Delivered, o.Refused, o.Lost, last)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printLosses says what the agent forgot, passed over or could not look at.
func printLosses(row func(name, format string, args ...any), list []agent.StatusLoss) {
	if len(list) == 0 {
		row("losses", "none")
	}
	for i, l := range list {
		row(map[bool]string{true: "losses"}[i == 0], "%d %s", l.Count, l.Meaning)
	}
}

// age writes a length of time for a person.
func age(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days", int(d.Hours())/24)
}
