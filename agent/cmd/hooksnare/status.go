package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent/health"
	"hooksnare/pkg/alert"
)

func newStatus() *cobra.Command {
	var s settings
	var only string
	cmd := s.withFlags(&cobra.Command{
		Use: "status", Short: "Print the state of the agent", Args: cobra.NoArgs,
		Long: `Prints the state of the agent: what is not well and since when, what its sensor reads and
misses, what was lost, what waits for each output, and the last delivery. Exits with 1 when no
agent runs or something is not well. The agent writes its state when a condition begins or
ends, and its counts once a minute.

Without root it prints whether the agent is installed and whether launchd runs it, says what it
could not see, and exits with 1.

--only prints one word or number, for management tools:
  health   healthy, degraded, blind, starting, not_running, not_installed or unknown;
           exits with 1 unless healthy
  hooks    how many hooks are set, by a scan; -1 when none was found and not every file could be
           read; exits with 1 when not every file could be read
  version  the version of this program`,
		Example: `  sudo hooksnare status
  sudo hooksnare status --format ndjson | jq .health.outputs
  sudo hooksnare status --only health`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch only {
			case "":
				return printStatus(cmd.Context(), &s)
			case "health":
				return printHealth(cmd, &s)
			case "hooks":
				return printHookCount(cmd, &s)
			case "version":
				return printWord(cmd, strings.TrimPrefix(version, "v"), true)
			}
			return fmt.Errorf("--only %q: expected health, hooks or version", only)
		},
	}, "root", "config", "state-dir", "format")
	cmd.Flags().StringVar(&only, "only", "", "print one `WORD` or number alone: health, hooks or version")
	return cmd
}

func printStatus(ctx context.Context, s *settings) error {
	c, _, _ := s.load() // check reports its faults
	st, err := health.ReadStatus(c.StateDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &exit{exitNotWell, fmt.Sprintf("status: no agent has run with %s: sudo hooksnare start", c.StateDir)}
	case isClosed(err):
		return printView(ctx, s)
	case err != nil:
		return err
	}
	now := time.Now()
	running := health.Running(c.StateDir)
	faults := st.Faults(running, now)
	document := struct {
		Running bool     `json:"running"`
		Faults  []string `json:"faults"`
		Seen    bool     `json:"seen"` // whether the state could be read
		Word    string   `json:"health_word"`
		health.Status
	}{running, append([]string{}, faults...), true, st.Word(running, now), st}
	err = s.out.print(document, statusText(&st, running, faults, now))
	return cmp.Or(err, exitIf(len(faults) > 0, exitNotWell))
}

func statusText(s *health.Status, running bool, faults []string, now time.Time) string {
	rows := alert.Rows{Width: 10}
	h := &s.Health
	state := "not running"
	if running {
		state = "running"
	}
	add := func(name, format string, args ...any) { rows.Add(name, fmt.Sprintf(format, args...)) }
	add("agent", "%s, version %s, pid %d, since %s (%s)", state, s.Version, s.PID, s.Started.Format(time.DateTime+"Z"), formatAge(now.Sub(s.Started)))
	add("as of", "%s ago", formatAge(now.Sub(s.Written)))
	addSeveral(&rows, "state", faults, "all is well")
	for _, c := range h.Conditions {
		if c.Since != nil {
			add("since", "%s  %s (%s)", c.State, c.Since.UTC().Format(time.DateTime+"Z"), formatAge(now.Sub(c.Since.Time)))
		}
	}
	inForce, onDisk := s.Settings()
	add("settings", "%s", inForce)
	if onDisk != "" {
		add("on disk", "%s", onDisk)
	}
	add("sensor", "%d events (%.1f a second), %d lost, %d unreadable", h.Sensor.Lines, h.Sensor.LinesRate, h.Sensor.Dropped, h.Sensor.Malformed)
	if h.Sensor.LastCanary != nil {
		add("proof", "a canary was seen %s ago", formatAge(now.Sub(h.Sensor.LastCanary.Time)))
	}
	var losses []string
	for _, l := range s.Losses() {
		losses = append(losses, fmt.Sprintf("%d %s", l.Count, l.Meaning))
	}
	addSeveral(&rows, "losses", losses, "none")
	add("rules", "%d active; %d alerts, %d repeats counted, %d held back", h.Rules.Active, h.Rules.Alerts, h.Rules.Repeated, h.Rules.HeldBack)
	add("spool", "%d alerts wait (%d bytes), %d of them in memory alone", h.Spool.Alerts, h.Spool.Bytes, h.Spool.Held)
	add("chain", "%s number %d, sha256 %s", s.Chain.Chain, s.Chain.Sequence, s.Chain.Previous)
	if s.LastHeartbeat != nil {
		add("heartbeat", "%s ago, every %v", formatAge(now.Sub(*s.LastHeartbeat)), time.Duration(h.Interval*float64(time.Second)))
	}
	return rows.String() + "\n" + outputsText(h.Outputs, now)
}

// addSeveral adds a row for each text, the first with the name, or a row for none.
func addSeveral(rows *alert.Rows, name string, texts []string, none string) {
	if len(texts) == 0 {
		texts = []string{none}
	}
	for _, text := range texts {
		rows.Add(name, text)
		name = ""
	}
}

func outputsText(outputs []alert.OutputFacts, now time.Time) string {
	table := [][]string{{"OUTPUT", "TYPE", "STATE", "WAITING", "OLDEST", "DELIVERED", "REFUSED", "LOST", "LAST DELIVERY"}}
	for _, o := range outputs {
		state, last, oldest := "well", "none yet", "-"
		if !o.Healthy {
			state = "failing"
		}
		if o.LastDelivery != nil {
			last = formatAge(now.Sub(o.LastDelivery.Time)) + " ago"
		}
		if o.Depth > 0 {
			oldest = formatAge(time.Duration(o.OldestAge * float64(time.Second)))
		}
		table = append(table, []string{
			o.Name, o.Type, state, strconv.Itoa(o.Depth), oldest,
			fmt.Sprint(o.Delivered), fmt.Sprint(o.Refused), fmt.Sprint(o.Lost), last,
		})
	}
	return alignColumns(table)
}

// formatAge writes a length of time for a person.
func formatAge(d time.Duration) string {
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
