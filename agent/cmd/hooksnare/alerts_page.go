package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hooksnare/detect/rules"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/alertlog"
	"hooksnare/pkg/quote"
)

// Bounds of what a page shows of documents, whose facts are of any number and length.
const (
	maxFacts   = 200 // rows of a section
	maxHistory = 100 // updates
)

func newRows() *alert.Rows { return &alert.Rows{Indent: "  ", Width: 10} }

func hookSection(h *alert.Hooksnare) string {
	k := h.Hook
	if k == nil {
		return ""
	}
	rows := newRows()
	rows.Add("key", k.Key)
	rows.Add("operation", k.Operation)
	if k.Value != nil {
		rows.Add("value", quote.Bounded(*k.Value, alert.MaxShown)) // it may be empty
	}
	if k.Previous != nil {
		rows.Add("previous", quote.Bounded(*k.Previous, alert.MaxShown))
	}
	rows.Add("domain", k.Domain)
	rows.Add("tool", strings.TrimSpace(k.Tool+" "+k.Verb))
	rows.Add("from", k.Source)
	rows.Add("from file", k.SourceFile)
	rows.Add("signals", strings.Join(h.Signals, ", "))
	return sectionText("Hook", rows.String())
}

func healthSection(h *alert.Health) string {
	if h == nil {
		return ""
	}
	rows := newRows()
	rows.Add("state", h.State)
	rows.Add("detail", h.Detail)
	rows.Add("since", preciseTime(h.Since))
	rows.Add("until", preciseTime(h.Until))
	return sectionText("Health", rows.String())
}

func preciseTime(t *alert.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05.000Z")
}

// rawFacts returns the program and the triage of the last documents that have them, with all
// their members: those of a newer agent, too.
func rawFacts(documents []alertlog.Document) (program, triage string) {
	for _, d := range documents {
		var members struct {
			Hooksnare struct{ Program, Triage any }
		}
		in := json.NewDecoder(bytes.NewReader(d.Line))
		in.UseNumber() // as they are written
		if in.Decode(&members) != nil {
			continue
		}
		if v := members.Hooksnare.Program; v != nil {
			program = indentFacts(v)
		}
		if v := members.Hooksnare.Triage; v != nil {
			triage = indentFacts(v)
		}
	}
	return program, triage
}

func indentFacts(v any) string {
	list := appendFacts(nil, "", v)
	if len(list) > maxFacts {
		list = append(list[:maxFacts], "...")
	}
	return indentLines(list...)
}

// appendFacts adds a value as rows, named by the path to it.
func appendFacts(to []string, name string, v any) []string {
	if len(to) > maxFacts {
		return to
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			to = appendFacts(to, strings.TrimPrefix(name+"."+key, "."), v[key])
		}
		return to
	case []any:
		for _, e := range v {
			to = appendFacts(to, name, e)
		}
		return to
	case string:
		if len(v) > alert.MaxShown {
			v = strings.ToValidUTF8(v[:alert.MaxShown], "") + "…"
		}
		lines := strings.Split(strings.TrimRight(v, "\n"), "\n")
		if len(lines) == 1 {
			return append(to, name+": "+lines[0])
		}
		to = append(to, name+":")
		for _, line := range lines {
			to = append(to, "  "+line)
		}
		return to
	case nil:
		return to
	}
	return append(to, fmt.Sprintf("%s: %v", name, v))
}

// historySection has a line for each document.
func historySection(docs []*alert.Alert) string {
	var lines []string
	if earlier := len(docs) - maxHistory; earlier > 0 {
		lines = append(lines, fmt.Sprintf("... %d earlier ones", earlier))
	}
	for _, d := range docs[max(0, len(docs)-maxHistory):] {
		when := d.Event.Created
		if when == nil {
			when = d.Timestamp
		}
		lines = append(lines, fmt.Sprintf("%-24s  %-12s  %s", preciseTime(when), stateName(d), whatHappened(d)))
	}
	return sectionText("History", indentLines(lines...))
}

// ruleSections show the rule, or what the alert says of a rule that is not there any more.
func ruleSections(a *alert.Alert, r *rules.Rule) string {
	name := a.Rule.ID
	if a.Rule.Version != "" {
		name += ", version " + a.Rule.Version
	}
	rows := newRows()
	rows.Add("id", name)
	rows.Add("license", a.Rule.License)
	remark := ""
	if r == nil {
		r = &rules.Rule{Description: a.Rule.Description, References: a.Rule.Reference}
		remark = indentLines("The rule is not loaded any more, so that there is no investigation guide.")
	} else {
		rows.Add("file", r.File)
		if a.Rule.Version != "" && r.Version != "" && r.Version != a.Rule.Version {
			remark = indentLines("what follows is from the rule's version " + r.Version)
		}
	}
	techniques := newRows()
	if t := a.Threat; t != nil && t.Technique != nil {
		addTechniques(techniques, &t.Technique.Named)
		if s := t.Technique.Subtechnique; s != nil {
			addTechniques(techniques, s)
		}
	}
	return sectionText("Rule", indentText(a.Rule.Name)+rows.String()+remark+techniques.String()) +
		sectionText("Description", indentText(r.Description)) +
		sectionText("False positives", indentText(strings.Join(r.FalsePositives, "\n"))) +
		sectionText("References", indentLines(r.References...)) +
		sectionText("Investigation guide", indentText(r.Note))
}

func addTechniques(rows *alert.Rows, n *alert.Named) {
	for i, id := range n.ID {
		if i < len(n.Name) {
			id += " " + n.Name[i]
		}
		rows.Add("technique", id)
	}
}
