package alert

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hooksnare/pkg/event"
)

// Word returns the alert's severity as people say it.
func (e *Event) Word() string { return string(event.SeverityOf(e.Severity)) }

// Printable returns text from outside so that it shows on a terminal and does nothing
// else there: what is not printable is written as an escape, and it stays one line.
func Printable(s string) string {
	plain := true
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) && r != ' ' {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	q := strconv.Quote(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// Write writes the alert for a person: what happened, who did it, how to undo it.
func (a *Alert) Write(w io.Writer) error {
	var b strings.Builder
	when := "unknown time"
	if a.Timestamp != nil {
		when = a.Timestamp.UTC().Format("2006-01-02 15:04:05.000Z")
	}
	fmt.Fprintf(&b, "%s  %-8s %s\n", when, strings.ToUpper(a.Event.Word()), Printable(a.Message))
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-10s %s\n", name, Printable(value))
		}
	}
	a.writeProcess(row)
	a.writeMatch(row)
	a.writeHook(row)
	a.writeJudgement(row)
	if a.Hooksnare != nil && a.Hooksnare.Health != nil {
		row("means", a.Hooksnare.Health.Meaning)
		row("to do", a.Hooksnare.Health.Remedy)
	}
	row("rule", fmt.Sprintf("%s (%s)", a.Rule.ID, strings.Join(techniques(a.Threat), ", ")))
	id := a.Event.ID
	if a.Event.Sequence > 1 {
		id += " update " + strconv.Itoa(a.Event.Sequence)
	}
	row("id", id)
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func (a *Alert) writeProcess(row func(name, value string)) {
	p, e := a.Process, &Evidence{}
	if p == nil {
		return
	}
	if a.Hooksnare != nil && a.Hooksnare.Evidence != nil {
		e = a.Hooksnare.Evidence
	}
	row("command", p.CommandLine)
	who := fmt.Sprintf("%s, pid %d", p.Executable, p.PID)
	if p.User != nil {
		who += ", user " + p.User.who()
	}
	if e.LoginUser != nil {
		who += ", login user " + e.LoginUser.who()
	}
	row("process", strings.TrimPrefix(who, ", "))
	row("signature", p.CodeSignature.words())
	row("lineage", lineage(e.Lineage))
	for i, c := range e.Recent[max(0, len(e.Recent)-recentShown):] {
		name := "before"
		if i > 0 {
			name = "·" // the rows below the first need no name
		}
		row(name, c.line())
	}
}

// writeJudgement tells who may have to do with a change that no command explains, and what was
// held back.
func (a *Alert) writeJudgement(row func(name, value string)) {
	h := a.Hooksnare
	if h == nil {
		return
	}
	if h.Evidence != nil {
		for i, c := range h.Evidence.Candidates {
			name := "candidate"
			if i > 0 {
				name = "·"
			}
			row(name, c.line())
		}
	}
	if h.HeldBack == nil {
		return
	}
	for _, list := range []struct {
		name  string
		items []HeldItem
	}{{"severest", h.HeldBack.Severest}, {"newest", h.HeldBack.Newest}} {
		for i, x := range list.items {
			name := list.name
			if i > 0 {
				name = "·"
			}
			row(name, x.line())
		}
	}
}

func (x *HeldItem) line() string {
	text := fmt.Sprintf("%s %d", x.Rule, x.Severity)
	if x.Key != "" {
		text += fmt.Sprintf(": %s = %q in %s", x.Key, x.Value, x.File)
	} else if x.File != "" {
		text += ": " + x.File
	}
	if x.User != "" {
		text += ", user " + x.User
	}
	return text
}

// writeMatch tells of the other events of a match, the last of which is the alert's own.
func (a *Alert) writeMatch(row func(name, value string)) {
	if a.Hooksnare == nil || a.Hooksnare.Match == nil {
		return
	}
	m := a.Hooksnare.Match
	for i, c := range m.Events {
		name := "sequence"
		if i > 0 {
			name = "·"
		}
		row(name, c.line())
	}
}

// line tells of a command in a line: when, and what.
func (c *Command) line() string {
	what := c.CommandLine
	if what == "" {
		what = c.Executable
	}
	if c.Time != nil {
		what = c.Time.UTC().Format(time.TimeOnly) + "  " + what
	}
	return what
}

// recentShown is how many of the same user's commands a person is shown.
const recentShown = 5

func (a *Alert) writeHook(row func(name, value string)) {
	h := a.Hooksnare
	if h == nil {
		return
	}
	if k := h.Hook; k != nil {
		row("file", k.where())
		row("verdict", string(h.Verdict))
	}
	if h.Hook != nil && h.Hook.Previous != nil {
		row("previous", strconv.Quote(*h.Hook.Previous))
	}
	if h.Program != nil {
		for _, r := range h.Program.Rows() {
			row(r[0], r[1])
		}
	}
	row("reason", h.Reason)
	switch x := h.Exception; {
	case x == nil:
	case x.Failed == "":
		row("exception", x.ID+" covers it from now on")
	default:
		row("exception", x.ID+" does not hold: "+x.Failed)
	}
	row("undo", h.Remediation)
	if h.LatencyMS != nil {
		row("latency", strconv.FormatFloat(*h.LatencyMS, 'f', 1, 64)+" ms")
	}
}

// where is the preferences file, or what is known of it.
func (h *Hook) where() string {
	file := h.Plist
	if file == "" {
		file = h.Domain
	}
	if h.Scope == "" {
		return file
	}
	return strings.TrimSpace(file + "  (" + h.Scope + ")")
}

func (u *User) who() string {
	if u.Name == "" {
		return u.ID
	}
	return u.Name + " (" + u.ID + ")"
}

func (c *CodeSignature) words() string {
	switch {
	case c == nil:
		return ""
	case !c.Exists:
		return "none"
	}
	parts := []string{c.SigningID}
	if c.TeamID != "" {
		parts = append(parts, "team "+c.TeamID)
	}
	if c.Trusted {
		parts = append(parts, "trusted")
	} else {
		parts = append(parts, "not trusted")
	}
	return strings.TrimPrefix(strings.Join(parts, ", "), ", ")
}

// lineage draws the ancestors, the oldest first.
func lineage(list []Command) string {
	var names []string
	for _, c := range slices.Backward(list) {
		name := c.Executable[strings.LastIndexByte(c.Executable, '/')+1:]
		names = append(names, fmt.Sprintf("%s(%d)", name, c.PID))
	}
	return strings.Join(names, " > ")
}

// techniques returns the ids of the finest parts that are named.
func techniques(t *Threat) []string {
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
