package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"hooksnare/agent"
	"hooksnare/agent/config"
	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/alertlog"
	"hooksnare/pkg/quote"
)

func newAlerts() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "alerts",
		Short: "List, show, follow and verify the alerts of the local log",
		Example: `  sudo hooksnare alerts list --since 7d
  sudo hooksnare alerts show 0123456789ab
  sudo hooksnare alerts follow
  sudo hooksnare alerts verify`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAlertsList(), newAlertsShow(), newAlertsFollow(), newAlertsVerify())
	return cmd
}

// alertLog is the flags that say which log is read and what of it is wanted.
type alertLog struct {
	settings
	files                   []string
	format, since, severity string
	ofRules                 []string
}

func (l *alertLog) logFlags(cmd *cobra.Command) {
	l.rootFlag(cmd)
	l.fileFlag(cmd)
	cmd.Flags().StringArrayVar(&l.files, "file", nil, "`FILE` of alerts to read instead of the configured logs, - for standard input; may be given again")
	formatFlag(cmd, &l.format)
}

func (l *alertLog) filterFlags(cmd *cobra.Command, since string) {
	cmd.Flags().StringVar(&l.since, "since", "", "`TIME` or age, as 2026-03-04, \"2026-03-04 15:04\" (local time), RFC 3339, 90m, 12h, 7d: "+since)
	cmd.Flags().StringVar(&l.severity, "severity", "", "`MIN` severity: low, medium, high or critical")
	cmd.Flags().StringArrayVar(&l.ofRules, "rule", nil, "`ID` of a rule whose alerts are wanted; may be given again")
}

func (l *alertLog) filter(now time.Time) (alertlog.Filter, error) {
	f := alertlog.Filter{Rules: l.ofRules, Severity: rules.Severity(l.severity).Number()}
	if l.severity != "" && f.Severity == 0 {
		return f, fmt.Errorf("--severity %q: want low, medium, high or critical", l.severity)
	}
	if l.since != "" {
		t, err := sinceTime(l.since, now)
		if err != nil {
			return f, fmt.Errorf("--since %q: %w", l.since, err)
		}
		f.Since = t
	}
	return f, nil
}

var errSince = errors.New("want a time as 2026-03-04, 2026-03-04 15:04 or 2026-03-04T15:04:05Z, or an age as 90m, 12h, 7d or 2w")

// sinceTime returns the time that a text names, or that is so long ago.
func sinceTime(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", time.DateTime, "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	age, err := longDuration(text)
	if err != nil {
		return time.Time{}, errSince
	}
	return now.Add(-age), nil
}

// maxDays bounds an age, which is counted in nanoseconds.
const maxDays = 100 * 365

var weeksAndDays = regexp.MustCompile(`^(?:(\d{1,5})w)?(?:(\d{1,5})d)?(.*)$`)

// longDuration is time.ParseDuration with weeks and days, as in 1w2d12h.
func longDuration(text string) (time.Duration, error) {
	m := weeksAndDays.FindStringSubmatch(text)
	if m == nil || text == "" {
		return 0, errSince
	}
	weeks, _ := strconv.Atoi(m[1]) // digits, or nothing
	days, _ := strconv.Atoi(m[2])
	if days += 7 * weeks; days > maxDays {
		return 0, errSince
	}
	d := time.Duration(days) * 24 * time.Hour
	if m[3] == "" {
		return d, nil
	}
	rest, err := time.ParseDuration(m[3])
	if err == nil && rest < 0 {
		err = errSince
	}
	return d + rest, err
}

// paths returns the logs that the configuration names. What is wrong with it elsewhere is
// no reason to hide alerts.
func (l *alertLog) paths(cmd *cobra.Command) ([]string, error) {
	if err := l.readable(); err != nil {
		return nil, err
	}
	c, _, faults := l.load()
	if n := len(agent.Faults(faults)); n > 0 {
		note(cmd.ErrOrStderr(), fmt.Sprintf("the configuration has faults (%d): see hooksnare check", n))
	}
	paths := fileOutputs(c)
	if len(paths) == 0 {
		return nil, errors.New("alerts: the configuration has no output of type file: name a log with --file")
	}
	return paths, nil
}

// fileOutputs returns the paths of the logs that a configuration writes.
func fileOutputs(c config.Config) []string {
	var out []string
	for _, o := range c.Outputs {
		if o.Type == "file" && o.Enabled {
			out = append(out, o.Path)
		}
	}
	return out
}

func (l *alertLog) open(cmd *cobra.Command) (*alertlog.Log, error) {
	if len(l.files) > 0 {
		return alertlog.OpenFiles(cmd.Context(), l.files)
	}
	paths, err := l.paths(cmd)
	if err != nil {
		return nil, err
	}
	log, missing, err := alertlog.Open(paths)
	for _, path := range missing {
		note(cmd.ErrOrStderr(), path+" is not there: no alert has been written to it")
	}
	return log, err
}

// note says something beside the results.
func note(w io.Writer, text string) {
	fmt.Fprintf(w, "alerts: %s\n", quote.Printable(text))
}

// closeLog tells what of the log could not be read, and closes it.
func closeLog(w io.Writer, log *alertlog.Log) {
	for _, d := range log.Damage() {
		note(w, d.String())
	}
	log.Close()
}

// interrupted names the end that was asked for.
func interrupted(err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("alerts: interrupted")
	}
	return err
}

// defaultLimit is how many alerts a person is shown who asked for no number.
const defaultLimit = 50

func newAlertsList() *cobra.Command {
	var l alertLog
	limit := -1
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List alerts, the newest last",
		Long: `Lists the alerts of the local log and of its rotated files, a row each, the newest last:
when it happened, the severity, the id (as long as alerts show needs it), how it stands, how
often it was updated, the rule, and what was done. As ndjson it is the alerts' own
documents, of each the last. With a limit it is those that were raised or updated last.`,
		Example: `  sudo hooksnare alerts list
  sudo hooksnare alerts list --since 24h --severity high
  sudo hooksnare alerts list --rule hook-set --format ndjson
  hooksnare alerts list --file ./alerts.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return listAlerts(cmd, &l, limit) },
	}
	l.logFlags(cmd)
	l.filterFlags(cmd, "alerts raised or updated since then")
	cmd.Flags().IntVar(&limit, "limit", -1, "`N` alerts at most, 0 for all (default 50 on a terminal, all otherwise)")
	return cmd
}

func listAlerts(cmd *cobra.Command, l *alertLog, limit int) error {
	format, err := chosen(l.format, cmd.OutOrStdout())
	if err != nil {
		return err
	}
	filter, err := l.filter(time.Now())
	if err != nil {
		return err
	}
	switch {
	case !cmd.Flags().Changed("limit"):
		limit = 0
		if f, ok := cmd.OutOrStdout().(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			limit = defaultLimit
		}
	case limit < 0:
		return fmt.Errorf("--limit %d: want a number of alerts, or 0 for all", limit)
	}
	log, err := l.open(cmd)
	if err != nil {
		return err
	}
	defer closeLog(cmd.ErrOrStderr(), log)
	out := bufio.NewWriter(cmd.OutOrStdout())
	n, show, end := 0, ndjson(out), out.Flush
	if format == formatText {
		t := table{w: out}
		show, end = t.add, t.end
	}
	more, err := log.List(cmd.Context(), filter, limit, func(line []byte) error { n++; return show(line) })
	if err := errors.Join(interrupted(err), end()); err != nil {
		return err
	}
	switch {
	case more:
		note(cmd.ErrOrStderr(), fmt.Sprintf("these are the %d that were raised or updated last; --limit 0 lists all", n))
	case n == 0 && format == formatText:
		note(cmd.ErrOrStderr(), "none")
	}
	return nil
}

// ndjson returns what writes documents as they are, but for characters that act on a
// terminal.
func ndjson(w io.Writer) func(line []byte) error {
	return func(line []byte) error {
		_, err := w.Write(append(slices.Clip(alert.Escaped(line)), '\n'))
		return err
	}
}

func newAlertsFollow() *cobra.Command {
	var l alertLog
	cmd := &cobra.Command{
		Use:   "follow",
		Short: "Print alerts as they are written",
		Long: `Prints every alert, and every update of one, as it is written to the local log, also
when the log is rotated or not there yet. Control-C ends it.`,
		Example: `  sudo hooksnare alerts follow
  sudo hooksnare alerts follow --since 1h --severity medium
  sudo hooksnare alerts follow --format ndjson | jq .message`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return followAlerts(cmd, &l) },
	}
	l.logFlags(cmd)
	l.filterFlags(cmd, "print what is there since then first")
	return cmd
}

func followAlerts(cmd *cobra.Command, l *alertLog) error {
	format, err := chosen(l.format, cmd.OutOrStdout())
	if err != nil {
		return err
	}
	f := alertlog.Follow{Note: func(text string) { note(cmd.ErrOrStderr(), text) }}
	if f.Filter, err = l.filter(time.Now()); err != nil {
		return err
	}
	if f.Show = ndjson(cmd.OutOrStdout()); format == formatText {
		f.Show = func(line []byte) error {
			a, err := alert.Parse(line)
			if err != nil {
				f.Note("an alert can't be shown: " + err.Error())
				return nil
			}
			return a.Write(cmd.OutOrStdout())
		}
	}
	switch {
	case slices.Equal(l.files, []string{"-"}):
		return f.Stream(cmd.Context(), "-", os.Stdin)
	case slices.Contains(l.files, "-"):
		return errors.New("--file -: standard input is followed alone")
	case len(l.files) > 0:
		f.Paths, err = resolved(l.files)
	default:
		f.Paths, err = l.paths(cmd)
	}
	if err != nil {
		return err
	}
	return f.Run(cmd.Context())
}

// resolved returns the files behind names that were given: a link that someone names is
// followed, other than one in the place of a log.
func resolved(names []string) ([]string, error) {
	var out []string
	for _, name := range names {
		path, err := filepath.EvalSymlinks(name)
		if err != nil {
			return nil, err
		}
		out = append(out, path)
	}
	return out, nil
}

// printJSON prints a value as a line for programs.
func printJSON(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return ndjson(w)(line)
}
