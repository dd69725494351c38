package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hooksnare/agent"
	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/alertlog"
)

func newAlertsShow() *cobra.Command {
	var l alertLog
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show an alert: what happened, by whom, and what to do about it",
		Long: `Shows the alert with that id, or the one whose id begins with it: what happened, the
processes that led to it, the hook, every update, and the rule with its investigation
guide. As ndjson it is the alert's documents, the alert and then its updates. Exits with 1
when there is no such alert, with 2 when several begin with ID.`,
		Example: `  sudo hooksnare alerts show 0123456789ab
  sudo hooksnare alerts show 0123456789ab --format ndjson
  hooksnare alerts show 0123456789ab --file ./alerts.jsonl --rules ./our-rules`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return showAlert(cmd, &l, args[0]) },
	}
	l.logFlags(cmd)
	l.rulesFlag(cmd)
	return cmd
}

func showAlert(cmd *cobra.Command, l *alertLog, id string) error {
	format, err := chosen(l.format, cmd.OutOrStdout())
	if err != nil {
		return err
	}
	log, err := l.open(cmd)
	if err != nil {
		return err
	}
	defer closeLog(cmd.ErrOrStderr(), log)
	m, err := findAlert(cmd, log, id)
	if err != nil {
		return err
	}
	if m.Omitted > 0 {
		note(cmd.ErrOrStderr(), fmt.Sprintf("%d of the alert's updates are not shown", m.Omitted))
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	if format == formatText {
		err = l.showText(cmd, out, m)
	} else {
		show := ndjson(out)
		for _, d := range m.Documents {
			err = errors.Join(err, show(d.Line))
		}
	}
	return errors.Join(err, out.Flush())
}

// findAlert returns the one alert that an id, or the beginning of one, means.
func findAlert(cmd *cobra.Command, log *alertlog.Log, id string) (*alertlog.Match, error) {
	matches, err := log.Find(cmd.Context(), id)
	if err != nil {
		return nil, interrupted(err)
	}
	switch len(matches) {
	case 0:
		return nil, &exit{exitNotWell, fmt.Errorf("alert %q: not found; see hooksnare alerts list", id)}
	case 1:
		return matches[0], nil
	}
	return nil, ambiguous(id, matches)
}

// ambiguous names the alerts that an id may mean.
func ambiguous(id string, matches []*alertlog.Match) error {
	const named = 10
	var b strings.Builder
	fmt.Fprintf(&b, "alert %q: more than one begins with it:", id)
	for i, m := range matches {
		if i == named {
			b.WriteString("\n  ...")
			break
		}
		fmt.Fprintf(&b, "\n  %s", m.ID)
		if a, err := alert.Parse(m.Documents[len(m.Documents)-1].Line); err == nil {
			r := alertRowOf(a)
			fmt.Fprintf(&b, "  %s  %-8s  %s", r.time, r.severity, r.what)
		}
	}
	return errors.New(b.String())
}

func (l *alertLog) showText(cmd *cobra.Command, w *bufio.Writer, m *alertlog.Match) error {
	var docs []*alert.Alert
	for _, d := range m.Documents {
		a, err := alert.Parse(d.Line)
		if err != nil {
			note(cmd.ErrOrStderr(), "a document of the alert can't be shown: "+err.Error())
			continue
		}
		docs = append(docs, a)
	}
	if len(docs) == 0 {
		return fmt.Errorf("alert %s: can't be shown; its documents are there with --format ndjson", m.ID)
	}
	p := page{w: w}
	whole := merged(docs)
	head, h := *whole, *whole.Hooksnare
	if h.Evidence != nil {
		e := *h.Evidence
		e.Lineage, h.Evidence = nil, &e // the tree shows it
	}
	head.Hooksnare = &h
	if err := head.Write(w); err != nil {
		return err
	}
	p.tree(whole)
	p.hook(whole, m.Documents)
	p.health(whole.Hooksnare.Health)
	p.facts("Program", m.Documents, "program")
	p.facts("Triage", m.Documents, "triage")
	p.history(docs)
	p.rule(whole, l.ruleOf(whole))
	return p.err
}

// ruleOf returns the rule of an alert, nil when it is not among the rules any more.
func (l *alertLog) ruleOf(a *alert.Alert) *rules.Rule {
	c, sources, _ := l.load()
	set, _ := agent.LoadRules(c, sources) // check tells of its faults
	for _, r := range append(set.Rules, set.Disabled...) {
		if r.ID == a.Rule.ID {
			return r
		}
	}
	return nil
}

// merged is an alert as it stands: its last document, with what only earlier ones hold.
func merged(docs []*alert.Alert) *alert.Alert {
	last := *docs[len(docs)-1]
	h := alert.Hooksnare{}
	if last.Hooksnare != nil {
		h = *last.Hooksnare
	}
	last.Hooksnare = &h
	for _, d := range slices.Backward(docs) {
		if d.Hooksnare == nil {
			continue
		}
		if h.Evidence == nil && d.Hooksnare.Evidence != nil {
			h.Evidence = d.Hooksnare.Evidence
			if d.Process != nil { // updates bring the process without its relations
				last.Process = d.Process
			}
		}
		if h.Hook == nil {
			h.Hook = d.Hooksnare.Hook
		}
		if h.Match == nil {
			h.Match = d.Hooksnare.Match
		}
		if h.LatencyMS == nil {
			h.LatencyMS = d.Hooksnare.LatencyMS
		}
	}
	return &last
}

// plainTerminal reports whether the user's locale has no UTF-8, so that trees are drawn of
// ASCII.
func plainTerminal() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(os.Getenv(name)); v != "" {
			return !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8")
		}
	}
	return true
}
