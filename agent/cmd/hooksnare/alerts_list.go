package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/quote"
)

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
	log, err := l.openLog(cmd)
	if err != nil {
		return err
	}
	defer closeLog(cmd, log)
	var rows [][]string
	show := l.out.printLine
	if l.out.isText {
		show = func(line []byte) error { rows = append(rows, alertRow(line)); return nil }
	}
	hasMore, err := log.List(cmd.Context(), filter, limit, show)
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
