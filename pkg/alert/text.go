package alert

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"hooksnare/pkg/event"
	"hooksnare/pkg/quote"
)

// MaxShown bounds a value that people are shown, in bytes: as long as the agent lets one be.
const MaxShown = 4 << 10

// maxRecentShown is how many of the user's earlier commands Write shows.
const maxRecentShown = 5

// SeverityName returns the severity as a word.
func (e *Event) SeverityName() string { return string(event.SeverityOf(e.Severity)) }

// Write writes the alert for a person: what happened, who did it, how to undo it.
func (a *Alert) Write(w io.Writer) error {
	when := "unknown time"
	if a.Timestamp != nil {
		when = a.Timestamp.UTC().Format("2006-01-02 15:04:05.000Z")
	}
	rows := &Rows{Indent: "  ", Width: 10}
	h := a.Hooksnare
	if h == nil {
		h = &Hooksnare{}
	}
	if a.Process != nil {
		a.Process.addRows(rows, h.Evidence)
	}
	if h.Match != nil {
		h.Match.addRows(rows)
	}
	h.addRows(rows)
	rows.Add("rule", fmt.Sprintf("%s (%s)", a.Rule.ID, strings.Join(a.Threat.techniqueIDs(), ", ")))
	id := a.Event.ID
	if a.Event.Sequence > 1 {
		id += " update " + strconv.Itoa(a.Event.Sequence)
	}
	rows.Add("id", id)
	_, err := fmt.Fprintf(w, "%s  %-8s %s\n%s\n", when, strings.ToUpper(a.Event.SeverityName()), quote.Printable(a.Message), rows)
	return err
}

func (p *Process) addRows(rows *Rows, e *Evidence) {
	if e == nil {
		e = &Evidence{}
	}
	rows.Add("command", p.CommandLine)
	who := fmt.Sprintf("%s, pid %d", p.Executable, p.PID)
	if p.User != nil {
		who += ", user " + p.User.label()
	}
	if e.LoginUser != nil {
		who += ", login user " + e.LoginUser.label()
	}
	rows.Add("process", strings.TrimPrefix(who, ", "))
	rows.Add("signature", p.CodeSignature.summary())
	var ancestors []string
	for _, c := range slices.Backward(e.Lineage) {
		ancestors = append(ancestors, fmt.Sprintf("%s(%d)", c.name(), c.PID))
	}
	rows.Add("lineage", strings.Join(ancestors, " > "))
	rows.AddList("before", commandLines(e.Recent[max(0, len(e.Recent)-maxRecentShown):]))
}

func (m *Match) addRows(rows *Rows) {
	rows.AddList("sequence", commandLines(m.Events))
}

func (h *Hooksnare) addRows(rows *Rows) {
	if k := h.Hook; k != nil {
		rows.Add("file", k.location())
		rows.Add("verdict", string(h.Verdict))
		if h.Uncertain {
			rows.Add("uncertain", "the file can't be read in one way alone")
		}
		if k.Previous != nil {
			rows.Add("previous", quote.Bounded(*k.Previous, MaxShown))
		}
	}
	if h.Program != nil {
		h.Program.AddRows(rows)
	}
	if u := h.Unreadable; u != nil {
		rows.Add("sha256", u.SHA256)
		rows.Add("content", u.Excerpt)
		rows.Add("copy", u.Kept)
	}
	rows.Add("reason", h.Reason)
	if x := h.Exception; x != nil && x.Failed == "" {
		rows.Add("exception", x.ID+" covers it from now on")
	} else if x != nil {
		rows.Add("exception", x.ID+" does not hold: "+x.Failed)
	}
	rows.Add("undo", h.Remediation)
	if h.LatencyMS != nil {
		rows.Add("latency", strconv.FormatFloat(*h.LatencyMS, 'f', 1, 64)+" ms")
	}
	if h.Evidence != nil {
		rows.AddList("candidate", commandLines(h.Evidence.Candidates))
	}
	if b := h.HeldBack; b != nil {
		rows.AddList("severest", heldLines(b.Severest))
		rows.AddList("newest", heldLines(b.Newest))
	}
	if h.Health != nil {
		rows.Add("means", h.Health.Meaning)
		rows.Add("to do", h.Health.Remedy)
	}
}

// commandLines returns a line for each command: when it began, and what was run.
func commandLines(list []Command) []string {
	var out []string
	for i := range list {
		text := list[i].commandLine()
		if t := list[i].Time; t != nil {
			text = t.UTC().Format(time.TimeOnly) + "  " + text
		}
		out = append(out, text)
	}
	return out
}

func heldLines(list []HeldItem) []string {
	var out []string
	for _, x := range list {
		text := fmt.Sprintf("%s %d", x.Rule, x.Severity)
		if x.Key != "" {
			text += ": " + x.Key + " = " + quote.Bounded(x.Value, MaxShown) + " in " + x.File
		} else if x.File != "" {
			text += ": " + x.File
		}
		if x.User != "" {
			text += ", user " + x.User
		}
		out = append(out, text)
	}
	return out
}

// name is the last element of the executable's path.
func (c *Command) name() string { return c.Executable[strings.LastIndexByte(c.Executable, '/')+1:] }

func (c *Command) commandLine() string {
	if c.CommandLine != "" {
		return c.CommandLine
	}
	return c.Executable
}

// location is the preferences file, or what is known of it.
func (h *Hook) location() string {
	file := h.Plist
	if file == "" {
		file = h.Domain
	}
	if h.Scope == "" {
		return file
	}
	return strings.TrimSpace(file + "  (" + h.Scope + ")")
}

func (u *User) label() string {
	if u.Name == "" {
		return u.ID
	}
	return u.Name + " (" + u.ID + ")"
}

func (c *CodeSignature) summary() string {
	switch {
	case c == nil:
		return ""
	case !c.Exists:
		return "none"
	}
	trust := "not trusted"
	if c.Trusted {
		trust = "trusted"
	}
	team := ""
	if c.TeamID != "" {
		team = "team " + c.TeamID
	}
	return joinNonEmpty(c.SigningID, team, trust)
}

// techniqueIDs returns the subtechniques, or the techniques where none is named.
func (t *Threat) techniqueIDs() []string {
	if t != nil && t.Technique != nil {
		if s := t.Technique.Subtechnique; s != nil && len(s.ID) > 0 {
			return s.ID
		}
		if len(t.Technique.ID) > 0 {
			return t.Technique.ID
		}
	}
	return []string{"no technique"}
}

func joinNonEmpty(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), ", ")
}
