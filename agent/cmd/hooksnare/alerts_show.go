package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hooksnare/agent/ruleset"
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
	l.addLogFlags(cmd)
	l.addFlags(cmd, "rules")
	return cmd
}

func showAlert(cmd *cobra.Command, l *alertLog, id string) error {
	out, err := l.newOutput(cmd)
	if err != nil {
		return err
	}
	log, err := l.openLog(cmd)
	if err != nil {
		return err
	}
	defer closeLog(cmd, log)
	m, err := findAlert(cmd, log, id)
	if err != nil {
		return err
	}
	if m.Omitted > 0 {
		note(cmd, "%d of the alert's updates are not shown", m.Omitted)
	}
	buffer := bufio.NewWriter(out.w)
	out.w = buffer
	if out.isText {
		err = l.showText(cmd, buffer, m)
	} else {
		for _, d := range m.Documents {
			err = errors.Join(err, out.printLine(d.Line))
		}
	}
	return errors.Join(err, buffer.Flush())
}

func (l *alertLog) showText(cmd *cobra.Command, w io.Writer, m *alertlog.Match) error {
	var docs []*alert.Alert
	for _, d := range m.Documents {
		a, err := alert.Parse(d.Line)
		if err != nil {
			note(cmd, "a document of the alert can't be shown: %v", err)
			continue
		}
		docs = append(docs, a)
	}
	if len(docs) == 0 {
		return fmt.Errorf("alert %s: can't be shown as text; print its documents with --format ndjson", m.ID)
	}
	whole := mergeDocuments(docs)
	head, h := *whole, *whole.Hooksnare
	if h.Evidence != nil {
		e := *h.Evidence
		e.Lineage, h.Evidence = nil, &e // the tree shows it
	}
	head.Hooksnare = &h
	if err := head.Write(w); err != nil {
		return err
	}
	c, sources, _ := l.load()
	set, _ := ruleset.Load(c, sources) // the check command reports its faults
	program, triage := rawFacts(m.Documents)
	_, err := io.WriteString(w, sectionText("Processes", indentText(whole.Tree(isPlainTerminal())))+
		hookSection(whole.Hooksnare)+healthSection(whole.Hooksnare.Health)+
		sectionText("Program", program)+sectionText("Triage", triage)+
		historySection(docs)+ruleSections(whole, findRule(set, whole.Rule.ID)))
	return err
}

// mergeDocuments returns the alert as its last document has it, with what only earlier ones hold.
func mergeDocuments(docs []*alert.Alert) *alert.Alert {
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
			if d.Process != nil { // updates have the process without its relations
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

// isPlainTerminal reports whether the user's locale is without UTF-8, so that trees are drawn
// in ASCII.
func isPlainTerminal() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(os.Getenv(name)); v != "" {
			return !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8")
		}
	}
	return true
}
