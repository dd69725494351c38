package main

import (
	"bufio"
	"errors"
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

// Bounds of a list's columns, in characters, and of the rows that are aligned together.
const (
	shortID     = 12
	ruleColumn  = 44
	whatColumn  = 120
	alignedRows = 1000
)

func newAlertsList() *cobra.Command {
	var l alertLog
	limit := -1
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List alerts, the newest last",
		Long: `Lists the alerts of the local log and of its rotated files, a row each, the newest last:
when it happened, the severity, the id (as much of it as alerts show needs), the verdict, how
often it was updated, the rule, and what was done. As ndjson it prints the last document of
each alert. With a limit it lists those that were raised or updated last.`,
		Example: `  sudo hooksnare alerts list
  sudo hooksnare alerts list --since 24h --severity high
  sudo hooksnare alerts list --rule hook-set --format ndjson
  hooksnare alerts list --file ./alerts.jsonl`,
		Args: cobra.NoArgs,
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
	buffer := bufio.NewWriter(l.out.w)
	l.out.w = buffer
	table := alertTable{w: buffer}
	n, show := 0, l.out.printLine
	if l.out.isText {
		show = table.addAlert
	}
	more, err := log.List(cmd.Context(), filter, limit, func(line []byte) error { n++; return show(line) })
	if err := errors.Join(err, table.flush(), buffer.Flush()); err != nil {
		return err
	}
	if more {
		note(cmd, "these are the %d that were raised or updated last; --limit 0 lists all", n)
	} else if n == 0 && l.out.isText {
		note(cmd, "none")
	}
	return nil
}

// alertTable prints alerts as rows.
type alertTable struct {
	w         *bufio.Writer
	rows      [][]string // that are not printed yet
	hasHeader bool       // that is printed
}

// addAlert adds an alert by its last document.
func (t *alertTable) addAlert(line []byte) error {
	a, err := alert.Parse(line)
	if err != nil {
		a = &alert.Alert{Message: "can't be shown: " + err.Error()}
	}
	t.rows = append(t.rows, []string{
		timeText(a), a.Event.SeverityName(), quote.Printable(a.Event.ID), stateName(a), strconv.Itoa(max(0, a.Event.Sequence-1)),
		fitCell(a.Rule.Name, ruleColumn), fitCell(whatHappened(a), whatColumn),
	})
	if len(t.rows) < alignedRows {
		return nil
	}
	return t.flush()
}

func (t *alertTable) flush() error {
	if len(t.rows) == 0 {
		return nil
	}
	shortenIDs(t.rows)
	if !t.hasHeader {
		t.rows = slices.Insert(t.rows, 0, []string{"TIME", "SEVERITY", "ID", "STATE", "UPDATES", "RULE", "WHAT"})
		t.hasHeader = true
	}
	_, err := t.w.WriteString(alignColumns(t.rows))
	t.rows = nil
	return err
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
