package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/alertlog"
	"hooksnare/pkg/quote"
)

// Bounds of what a page shows of documents, whose facts are of any number and length.
const (
	maxFacts   = 200 // rows of a section
	maxHistory = 100 // updates
)

func newAlertsShow() *cobra.Command {
	var l alertLog
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show an alert: what happened, by whom, and what to do about it", Args: cobra.ExactArgs(1),
		Long: `Shows the alert with that id, or the one whose id begins with it: what happened, the
processes that led to it, the hook, every update, and the rule with its investigation
guide. As ndjson it prints the documents of the alert and of its updates. Exits with 1
when there is no such alert, with 2 when several begin with ID.`,
		Example: `  sudo hooksnare alerts show 0123456789ab
  sudo hooksnare alerts show 0123456789ab --format ndjson
  hooksnare alerts show 0123456789ab --file ./alerts.jsonl --rules ./our-rules`,
		RunE: func(cmd *cobra.Command, args []string) error { return showAlert(cmd, &l, args[0]) },
	}
	l.addLogFlags(cmd)
	l.withFlags(cmd, "rules")
	return cmd
}

func showAlert(cmd *cobra.Command, l *alertLog, id string) error {
	alerts, err := l.openLog(cmd)
	if err != nil {
		return err
	}
	defer closeLog(cmd, alerts)
	m, err := findAlert(cmd, alerts, id)
	if err != nil {
		return err
	}
	if m.Omitted > 0 {
		note(cmd, "%d of the alert's updates are not shown", m.Omitted)
	}
	if l.out.isText {
		return l.showPage(cmd, m)
	}
	for _, d := range m.Documents {
		if err := l.out.printLine(d.Line); err != nil {
			return err
		}
	}
	return nil
}

// showPage prints an alert as text. A member that only earlier documents have is taken from them.
func (l *alertLog) showPage(cmd *cobra.Command, m *alertlog.Match) error {
	var documents []*alert.Alert
	members := map[string]any{}
	for _, d := range m.Documents {
		a, err := alert.Parse(d.Line)
		if err != nil {
			note(cmd, "a document of the alert can't be shown: %v", err)
			continue
		}
		documents = append(documents, a)
		mergeMembers(members, d.Line)
	}
	if len(documents) == 0 {
		return fmt.Errorf("alert %s: can't be shown as text; print its documents with --format ndjson", m.ID)
	}
	line, err := json.Marshal(members)
	if err != nil {
		return err
	}
	a, err := alert.Parse(line)
	if err != nil {
		return fmt.Errorf("alert %s: %w", m.ID, err)
	}
	tree := a.Tree(isPlainTerminal())
	if a.Hooksnare != nil && a.Hooksnare.Evidence != nil {
		a.Hooksnare.Evidence.Lineage = nil // the tree shows it
	}
	if err := a.Write(l.out.w); err != nil {
		return err
	}
	page := sectionText("Processes", indentText(tree))
	facts, _ := members["hooksnare"].(map[string]any)
	if inner, ok := facts["hook"].(map[string]any); ok {
		inner["signals"] = facts["signals"]
	}
	for _, title := range []string{"Hook", "Health", "Program", "Triage"} {
		page += sectionText(title, factsText(facts[strings.ToLower(title)]))
	}
	return l.out.print(nil, page+historySection(documents)+l.ruleSections(a, members["rule"]))
}

// mergeMembers puts the members of a document in the place of those of an earlier one. Those of
// hooksnare and process are merged one by one: an update has not all of them.
func mergeMembers(to map[string]any, line []byte) {
	var from map[string]any
	in := json.NewDecoder(bytes.NewReader(line))
	in.UseNumber() // as they are written
	if in.Decode(&from) != nil {
		return // alert.Parse has reported it
	}
	for name, value := range from {
		newer, isObject := value.(map[string]any)
		older, wasObject := to[name].(map[string]any)
		if isObject && wasObject && (name == "hooksnare" || name == "process") {
			maps.Copy(older, newer)
		} else {
			to[name] = value
		}
	}
}

// factsText returns a value with all its members, also those of a newer agent.
func factsText(v any) string {
	lines := strings.SplitN(strings.Join(appendFacts(nil, "", v), "\n"), "\n", maxFacts+1)
	if len(lines) > maxFacts {
		lines[maxFacts] = "..."
	}
	return indentText(strings.Join(lines, "\n"))
}

// appendFacts adds a value as lines, named by the path to it, until there are too many.
func appendFacts(to []string, name string, v any) []string {
	if len(to) > maxFacts {
		return to
	}
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			to = appendFacts(to, strings.TrimPrefix(name+"."+key, "."), v[key])
		}
	case []any:
		for _, e := range v {
			to = appendFacts(to, name, e)
		}
	case string:
		if len(v) > alert.MaxShown {
			v = strings.ToValidUTF8(v[:alert.MaxShown], "") + "…"
		}
		v = strings.TrimRight(v, "\n")
		switch {
		case v == "":
			v = ` ""`
		case strings.Contains(v, "\n"):
			v = "\n  " + strings.ReplaceAll(v, "\n", "\n  ")
		default:
			v = " " + v
		}
		to = append(to, name+":"+v)
	default:
		to = append(to, fmt.Sprintf("%s: %v", name, v))
	}
	return to
}

// historySection has a line for each document.
func historySection(documents []*alert.Alert) string {
	var lines []string
	if earlier := len(documents) - maxHistory; earlier > 0 {
		lines = append(lines, fmt.Sprintf("... %d earlier ones", earlier))
	}
	for _, a := range documents[max(0, len(documents)-maxHistory):] {
		created, text := a.Event.Created, ""
		if created == nil {
			created = a.Timestamp
		}
		if created != nil {
			text = created.UTC().Format("2006-01-02 15:04:05.000Z")
		}
		lines = append(lines, quote.Printable(fmt.Sprintf("%-24s  %-12s  %s", text, stateName(a), whatHappened(a))))
	}
	return sectionText("History", indentText(strings.Join(lines, "\n")))
}

// ruleSections show the alert's rule, or what the alert holds of one that is not loaded.
func (l *alertLog) ruleSections(a *alert.Alert, ofAlert any) string {
	_, set, _ := l.loadRules() // check reports its faults
	rule, remark := findRule(&set, a.Rule.ID), ""
	if rule == nil {
		remark = "The rule is not loaded any more, so that there is no investigation guide."
		return sectionText("Rule", factsText(ofAlert)+indentText(remark))
	}
	if a.Rule.Version != "" && a.Rule.Version != rule.Version {
		remark = "The alert is of version " + a.Rule.Version + " of the rule."
	}
	rows := newRows()
	rule.addRows(rows)
	return sectionText("Rule", indentText(rule.Name)+rows.String()+indentText(remark)) + rule.sections()
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
