package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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
	maxFacts   = 200  // rows of a section
	maxFact    = 4096 // bytes of a row
	maxHistory = 100  // updates
)

// page prints what is below an alert's head, in sections.
type page struct {
	w   io.Writer
	err error // the first
}

func (p *page) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// section prints lines of text from outside under a title. Without any it prints nothing.
func (p *page) section(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	p.printf("%s\n\n", title)
	for _, line := range lines {
		if line = quote.Printable(strings.ReplaceAll(line, "\t", "    ")); line != "" {
			line = "  " + line
		}
		p.printf("%s\n", line)
	}
	p.printf("\n")
}

// block prints a text of several lines under a title.
func (p *page) block(title, text string) {
	if text = strings.TrimSpace(text); text != "" {
		p.section(title, strings.Split(text, "\n"))
	}
}

func pageRow(name, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf("%-10s %s", name, value)
}

func pageRows(all ...string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

func (p *page) tree(a *alert.Alert) {
	p.block("Processes", a.Tree(plainTerminal()))
}

// docMembers are what the documents hold that has no name in an alert yet, or that is shown
// as it is.
type docMembers struct {
	Hooksnare struct {
		Hook struct {
			PreviousValue *string `json:"previous_value"`
		}
		Program, Triage any
	}
}

// read reads the members of a document. Numbers stay as they are written.
func (m *docMembers) read(line []byte) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if d.Decode(m) != nil {
		*m = docMembers{}
	}
}

func (p *page) hook(a *alert.Alert, documents []alertlog.Document) {
	k := a.Hooksnare.Hook
	if k == nil {
		return
	}
	value, previous := "", ""
	if k.Value != nil {
		value = quoted(*k.Value)
	}
	for _, d := range documents {
		var m docMembers
		if m.read(d.Line); m.Hooksnare.Hook.PreviousValue != nil {
			previous = quoted(*m.Hooksnare.Hook.PreviousValue)
		}
	}
	p.section("Hook", pageRows(
		pageRow("key", k.Key), pageRow("operation", k.Operation), pageRow("value", value), pageRow("previous", previous),
		pageRow("domain", k.Domain), pageRow("tool", strings.TrimSpace(k.Tool+" "+k.Verb)), pageRow("from", k.Source), pageRow("from file", k.SourceFile), pageRow("signals", strings.Join(a.Hooksnare.Signals, ", ")),
	))
}

// health prints the condition of a sensor.
func (p *page) health(h *alert.Health) {
	if h == nil {
		return
	}
	p.section("Health", pageRows(
		pageRow("state", h.State), pageRow("detail", h.Detail), pageRow("since", clock(h.Since)), pageRow("until", clock(h.Until)),
	))
}

// clock writes a time for a person.
func clock(t *alert.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05.000Z")
}

// quoted marks where a value begins and ends: it may be empty.
func quoted(s string) string { return `"` + s + `"` }

// facts prints a member of the documents as it is, from the last one that has it.
func (p *page) facts(title string, documents []alertlog.Document, name string) {
	for _, d := range slices.Backward(documents) {
		var m docMembers
		m.read(d.Line)
		v := m.Hooksnare.Program
		if name == "triage" {
			v = m.Hooksnare.Triage
		}
		if v == nil {
			continue
		}
		list := flat(nil, "", v)
		if len(list) > maxFacts {
			list = append(list[:maxFacts], "...")
		}
		p.section(title, list)
		return
	}
}

// flat adds a value as rows, named by where in it they are.
func flat(to []string, name string, v any) []string {
	if len(to) > maxFacts {
		return to
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			to = flat(to, strings.TrimPrefix(name+"."+key, "."), v[key])
		}
		return to
	case []any:
		for _, e := range v {
			to = flat(to, name, e)
		}
		return to
	case string:
		lines := strings.Split(strings.TrimRight(clipped(v), "\n"), "\n")
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

func clipped(s string) string {
	if len(s) <= maxFact {
		return s
	}
	return strings.ToValidUTF8(s[:maxFact], "") + "…"
}

// history prints what became of the alert, a line a document.
func (p *page) history(docs []*alert.Alert) {
	var lines []string
	if left := len(docs) - maxHistory; left > 0 {
		lines = append(lines, fmt.Sprintf("... %d earlier ones", left))
	}
	for _, d := range docs[max(0, len(docs)-maxHistory):] {
		when := d.Event.Created
		if when == nil {
			when = d.Timestamp
		}
		lines = append(lines, fmt.Sprintf("%-24s  %-12s  %s", clock(when), stateWord(d), happened(d)))
	}
	p.section("History", lines)
}

// rule prints the rule, or what the alert says of it when it is not there any more.
func (p *page) rule(a *alert.Alert, r *rules.Rule) {
	name := a.Rule.ID
	if a.Rule.Version != "" {
		name += ", version " + a.Rule.Version
	}
	description, references, falsePositives, guide := a.Rule.Description, a.Rule.Reference, "", ""
	lines := pageRows(a.Rule.Name, pageRow("id", name), pageRow("license", a.Rule.License))
	if r != nil {
		description, references = r.Description, r.References
		falsePositives, guide = strings.Join(r.FalsePositives, "\n"), r.Note
		lines = append(lines, pageRow("file", r.File))
		if a.Rule.Version != "" && r.Version != "" && r.Version != a.Rule.Version {
			lines = append(lines, "what follows is of the rule's version "+r.Version)
		}
	} else {
		lines = append(lines, "The rule is not among the rules any more: there is no investigation guide.")
	}
	for _, t := range techniques(a.Threat) {
		lines = append(lines, pageRow("technique", t))
	}
	p.section("Rule", lines)
	p.block("Description", description)
	p.block("False positives", falsePositives)
	p.section("References", references)
	p.block("Investigation guide", guide)
}

// techniques names what an alert's rule is about.
func techniques(t *alert.Threat) []string {
	if t == nil || t.Technique == nil {
		return nil
	}
	out := pairs(t.Technique.Named)
	if s := t.Technique.Subtechnique; s != nil {
		out = append(out, pairs(*s)...)
	}
	return out
}

func pairs(n alert.Named) []string {
	var out []string
	for i, id := range n.ID {
		if i < len(n.Name) {
			id += " " + n.Name[i]
		}
		out = append(out, id)
	}
	return out
}
