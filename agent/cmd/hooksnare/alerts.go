package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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
	l.withFlags(cmd, "root", "config", "format")
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
	alerts, missing, err := alertlog.Open(paths)
	for _, path := range missing {
		note(cmd, "%s does not exist: no alert has been written to it", path)
	}
	return alerts, err
}

// closeLog notes what of the log could not be read, and closes it.
func closeLog(cmd *cobra.Command, alerts *alertlog.Log) {
	for _, d := range alerts.Damage() {
		note(cmd, "%s", d.String())
	}
	alerts.Close()
}

// findAlert returns the one alert that an id, or its beginning, means.
func findAlert(cmd *cobra.Command, alerts *alertlog.Log, id string) (*alertlog.Match, error) {
	matches, err := alerts.Find(cmd.Context(), id)
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

const defaultLimit = 50 // alerts listed on a terminal

// Bounds of a list's columns, in characters.
const (
	shortID    = 12
	ruleColumn = 44
	whatColumn = 120
)

func newAlertsList() *cobra.Command {
	var l alertLog
	limit := -1
	cmd := &cobra.Command{
		Use: "list", Short: "List alerts, the newest last", Args: cobra.NoArgs,
		Long: `Lists the alerts of the local log and of its rotated files, a row each, the newest last:
when it happened, the severity, the id (as much of it as alerts show needs), the verdict, how
often it was updated, the rule, and what was done. As ndjson it prints the last document of
each alert. With a limit it lists those that were raised or updated last.`,
		Example: `  sudo hooksnare alerts list
  sudo hooksnare alerts list --since 24h --severity high
  sudo hooksnare alerts list --rule hook-set --format ndjson
  hooksnare alerts list --file ./alerts.jsonl`,
		RunE: func(cmd *cobra.Command, _ []string) error { return listAlerts(cmd, &l, limit) },
	}
	l.addLogFlags(cmd)
	l.addFilterFlags(cmd, "alerts raised or updated since then")
	cmd.Flags().IntVar(&limit, "limit", -1, "`N` alerts at most, 0 for all (default 50 on a terminal, all otherwise)")
	return cmd
}

func listAlerts(cmd *cobra.Command, l *alertLog, limit int) error {
	filter, err := l.newFilter(time.Now())
	if err != nil {
		return err
	}
	switch {
	case !cmd.Flags().Changed("limit"):
		limit = 0
		if isTerminal(l.out.w) {
			limit = defaultLimit
		}
	case limit < 0:
		return fmt.Errorf("--limit %d: expected a number of alerts, or 0 for all", limit)
	}
	alerts, err := l.openLog(cmd)
	if err != nil {
		return err
	}
	defer closeLog(cmd, alerts)
	var rows [][]string
	show := l.out.printLine
	if l.out.isText {
		show = func(line []byte) error { rows = append(rows, alertRow(line)); return nil }
	}
	hasMore, err := alerts.List(cmd.Context(), filter, limit, show)
	if err != nil {
		return err
	}
	if hasMore {
		note(cmd, "these are the %d that were raised or updated last; --limit 0 lists all", limit)
	}
	if !l.out.isText {
		return nil
	}
	if len(rows) == 0 {
		note(cmd, "none")
		return nil
	}
	shortenIDs(rows)
	header := []string{"TIME", "SEVERITY", "ID", "STATE", "UPDATES", "RULE", "WHAT"}
	return l.out.print(nil, alignColumns(slices.Insert(rows, 0, header)))
}

// alertRow returns the row of an alert, from its last document.
func alertRow(line []byte) []string {
	a, err := alert.Parse(line)
	if err != nil {
		a = &alert.Alert{Message: "can't be shown: " + err.Error()}
	}
	return []string{
		timeText(a), a.Event.SeverityName(), quote.Printable(a.Event.ID), stateName(a), strconv.Itoa(max(0, a.Event.Sequence-1)),
		fitCell(a.Rule.Name, ruleColumn), fitCell(whatHappened(a), whatColumn),
	}
}

// shortenIDs cuts each id to its beginning, unless another row has the same beginning.
func shortenIDs(rows [][]string) {
	const column = 2
	short := func(row []string) string {
		id := row[column]
		return strings.ToValidUTF8(id[:min(len(id), shortID)], "")
	}
	count := map[string]int{}
	for _, row := range rows {
		count[short(row)]++
	}
	for _, row := range rows {
		if s := short(row); count[s] == 1 {
			row[column] = s
		}
	}
}

func newAlertsFollow() *cobra.Command {
	var l alertLog
	cmd := &cobra.Command{
		Use: "follow", Short: "Print alerts as they are written", Args: cobra.NoArgs,
		Long: `Prints every alert, and every update of one, as it is written to the local log, also
when the log is rotated or does not exist yet. Control-C ends it.`,
		Example: `  sudo hooksnare alerts follow
  sudo hooksnare alerts follow --since 1h --severity medium
  sudo hooksnare alerts follow --format ndjson | jq .message`,
		RunE: func(cmd *cobra.Command, _ []string) error { return followAlerts(cmd, &l) },
	}
	l.addLogFlags(cmd)
	l.addFilterFlags(cmd, "first print the alerts from then on")
	return cmd
}

func followAlerts(cmd *cobra.Command, l *alertLog) error {
	filter, err := l.newFilter(time.Now())
	if err != nil {
		return err
	}
	f := alertlog.Follow{Filter: filter, Show: l.out.printLine, Note: func(text string) { note(cmd, "%s", text) }}
	if l.out.isText {
		f.Show = func(line []byte) error {
			a, err := alert.Parse(line)
			if err != nil {
				note(cmd, "an alert can't be shown: %v", err)
				return nil
			}
			return a.Write(l.out.w)
		}
	}
	switch {
	case slices.Equal(l.files, []string{"-"}):
		return f.Stream(cmd.Context(), "-", os.Stdin)
	case slices.Contains(l.files, "-"):
		return errors.New("--file -: standard input is followed alone")
	case len(l.files) == 0:
		f.Paths, err = l.logPaths(cmd)
	}
	for _, name := range l.files { // alertlog follows no links, as the agent makes none
		path, resolveErr := filepath.EvalSymlinks(name)
		f.Paths, err = append(f.Paths, path), errors.Join(err, resolveErr)
	}
	if err != nil {
		return err
	}
	return f.Run(cmd.Context())
}
