package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/alertlog"
	"hooksnare/pkg/quote"
)

func newAlerts() *cobra.Command {
	return newGroup("alerts", "List, show, follow and verify the alerts of the local log", `  sudo hooksnare alerts list --since 7d
  sudo hooksnare alerts show 0123456789ab
  sudo hooksnare alerts follow
  sudo hooksnare alerts verify`,
		newAlertsList(), newAlertsShow(), newAlertsFollow(), newAlertsVerify())
}

// alertLog is the flags that say which log is read and which alerts are selected.
type alertLog struct {
	settings
	files           []string
	since, severity string
	ruleIDs         []string
}

func (l *alertLog) addLogFlags(cmd *cobra.Command) {
	l.addFlags(cmd, "root", "config", "format")
	cmd.Flags().StringArrayVar(&l.files, "file", nil, "`FILE` of alerts to read instead of the configured logs, - for standard input; may be given again")
}

func (l *alertLog) addFilterFlags(cmd *cobra.Command, since string) {
	cmd.Flags().StringVar(&l.since, "since", "", "`TIME` or age, as 2026-03-04, \"2026-03-04 15:04\" (local time), RFC 3339, 90m, 12h, 7d: "+since)
	cmd.Flags().StringVar(&l.severity, "severity", "", "`MIN` severity: low, medium, high or critical")
	cmd.Flags().StringArrayVar(&l.ruleIDs, "rule", nil, "`ID` of a rule whose alerts to select; may be given again")
}

func (l *alertLog) newFilter(now time.Time) (alertlog.Filter, error) {
	f := alertlog.Filter{Rules: l.ruleIDs, Severity: rules.Severity(l.severity).Number()}
	if l.severity != "" && f.Severity == 0 {
		return f, fmt.Errorf("--severity %q: expected low, medium, high or critical", l.severity)
	}
	if l.since == "" {
		return f, nil
	}
	var err error
	if f.Since, err = sinceTime(l.since, now); err != nil {
		return f, fmt.Errorf("--since %q: %w", l.since, err)
	}
	return f, nil
}

// logPaths returns the logs that the configuration names.
func (l *alertLog) logPaths(cmd *cobra.Command) ([]string, error) {
	c, _, err := l.loadNoting(cmd)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, o := range c.Outputs {
		if o.Type == "file" && o.Enabled {
			paths = append(paths, o.Path)
		}
	}
	if len(paths) == 0 {
		return nil, errors.New("alerts: the configuration has no output of type file: name a log with --file")
	}
	return paths, nil
}

func (l *alertLog) openLog(cmd *cobra.Command) (*alertlog.Log, error) {
	if len(l.files) > 0 {
		return alertlog.OpenFiles(cmd.Context(), l.files)
	}
	paths, err := l.logPaths(cmd)
	if err != nil {
		return nil, err
	}
	log, missing, err := alertlog.Open(paths)
	for _, path := range missing {
		note(cmd, "%s does not exist: no alert has been written to it", path)
	}
	return log, err
}

// closeLog notes what of the log could not be read, and closes it.
func closeLog(cmd *cobra.Command, log *alertlog.Log) {
	for _, d := range log.Damage() {
		note(cmd, "%s", d.String())
	}
	log.Close()
}

// findAlert returns the one alert that an id, or its beginning, means.
func findAlert(cmd *cobra.Command, log *alertlog.Log, id string) (*alertlog.Match, error) {
	matches, err := log.Find(cmd.Context(), id)
	switch {
	case err != nil:
		return nil, err
	case len(matches) == 0:
		return nil, &exit{exitNotWell, fmt.Sprintf("alert %q: not found; see hooksnare alerts list", id)}
	case len(matches) == 1:
		return matches[0], nil
	}
	const maxNamed = 10
	text := fmt.Sprintf("alert %q: more than one begins with it:", id)
	for i, m := range matches {
		if i == maxNamed {
			text += "\n  ..."
			break
		}
		text += "\n  " + m.ID
		if a, err := alert.Parse(m.Documents[len(m.Documents)-1].Line); err == nil {
			text += fmt.Sprintf("  %s  %-8s  %s", timeText(a), a.Event.SeverityName(), fitCell(whatHappened(a), whatColumn))
		}
	}
	return nil, errors.New(text)
}

// timeText is when the alert happened.
func timeText(a *alert.Alert) string {
	if a.Timestamp == nil {
		return "unknown"
	}
	return a.Timestamp.UTC().Format(time.DateTime + "Z")
}

// stateName is the alert's verdict, or whether a condition of the agent is still active.
func stateName(a *alert.Alert) string {
	h := a.Hooksnare
	switch {
	case h == nil:
		return "-"
	case h.Health != nil && h.Health.Active:
		return "active"
	case h.Health != nil:
		return "ended"
	case h.Verdict == "":
		return "-"
	}
	return fitCell(string(h.Verdict), len(alert.Unattributed))
}

// whatHappened is the alert's message without the rule's name.
func whatHappened(a *alert.Alert) string {
	return strings.TrimPrefix(a.Message, a.Rule.Name+": ")
}

// fitCell returns a text that fits a column.
func fitCell(s string, width int) string {
	all := []rune(quote.Printable(s))
	if len(all) <= width {
		return string(all)
	}
	return string(all[:width-1]) + "…"
}
