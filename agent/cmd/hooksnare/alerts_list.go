package main

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/quote"
)

// Bounds of a list's columns, in characters, and of the rows that are aligned together.
const (
	shortID     = 12
	ruleColumn  = 44
	whatColumn  = 120
	alignedRows = 1000
)

// table prints alerts as rows.
type table struct {
	w      *bufio.Writer
	rows   []alertRow
	headed bool
}

// alertRow is an alert in a list.
type alertRow struct {
	time, severity, id, state, rule, what string
	updates                               int
}

// add takes an alert in by its last document.
func (t *table) add(line []byte) error {
	a, err := alert.Parse(line)
	if err != nil {
		a = &alert.Alert{Message: "can't be shown: " + err.Error()}
	}
	t.rows = append(t.rows, alertRowOf(a))
	if len(t.rows) < alignedRows {
		return nil
	}
	return t.flush()
}

func (t *table) end() error {
	if err := t.flush(); err != nil {
		return err
	}
	return t.w.Flush()
}

func (t *table) flush() error {
	if len(t.rows) == 0 {
		return nil
	}
	shorten(t.rows)
	w := tabwriter.NewWriter(t.w, 0, 8, 2, ' ', 0)
	if !t.headed {
		fmt.Fprintln(w, "TIME\tSEVERITY\tID\tSTATE\tUPDATES\tRULE\tWHAT")
		t.headed = true
	}
	for _, r := range t.rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", r.time, r.severity, r.id, r.state, r.updates, r.rule, r.what)
	}
	t.rows = t.rows[:0]
	return w.Flush()
}

// shorten leaves of each id what tells it apart from the others.
func shorten(rows []alertRow) {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.id
	}
	slices.Sort(ids)
	for i := range rows {
		id := rows[i].id
		at, _ := slices.BinarySearch(ids, id)
		n := shortID
		if at > 0 {
			n = max(n, common(ids[at-1], id)+1)
		}
		if at+1 < len(ids) {
			n = max(n, common(ids[at+1], id)+1)
		}
		rows[i].id = strings.ToValidUTF8(id[:min(n, len(id))], "")
	}
}

// common returns in how many bytes two texts begin alike.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func alertRowOf(a *alert.Alert) alertRow {
	r := alertRow{
		time: "unknown", severity: a.Event.SeverityName(), id: quote.Printable(a.Event.ID), state: stateWord(a),
		rule: cell(a.Rule.Name, ruleColumn), what: cell(happened(a), whatColumn), updates: max(0, a.Event.Sequence-1),
	}
	if a.Timestamp != nil {
		r.time = a.Timestamp.UTC().Format("2006-01-02 15:04:05Z")
	}
	return r
}

// cell returns a text that fits a column.
func cell(s string, n int) string {
	all := []rune(quote.Printable(s))
	if len(all) <= n {
		return string(all)
	}
	return string(all[:n-1]) + "…"
}

// stateWord says in a word how an alert stands.
func stateWord(a *alert.Alert) string {
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
	return cell(string(h.Verdict), len(alert.Unattributed))
}

// happened says what happened: the alert's sentence, which begins with the rule's name.
func happened(a *alert.Alert) string {
	return strings.TrimPrefix(a.Message, a.Rule.Name+": ")
}
