package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent"
	"hooksnare/agent/config"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/quote"
)

func newAllowList() *cobra.Command {
	var s settings
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the exceptions that count",
		Long: `Lists every exception, those of the configuration too: what it holds for, why, who added it
from which alert, when it ends, and how often the running agent used it.`,
		Example: `  sudo hooksnare allow list
  sudo hooksnare allow list --format ndjson | jq -r .id`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return listAllowed(cmd, &s, format) },
	}
	s.rootFlag(cmd)
	s.fileFlag(cmd)
	s.stateFlag(cmd)
	formatFlag(cmd, &format)
	return cmd
}

func listAllowed(cmd *cobra.Command, s *settings, format string) error {
	format, err := chosen(format, cmd.OutOrStdout())
	if err != nil {
		return err
	}
	if err := s.readable(); err != nil {
		return err
	}
	c, sources, faults := s.load()
	if n := len(agent.Faults(faults)); n > 0 {
		allowNote(cmd.ErrOrStderr(), fmt.Sprintf("the configuration has faults (%d): see hooksnare check", n))
	}
	list, err := agent.ListExceptions(c, sources, time.Now())
	for _, fault := range agent.Faults(err) {
		allowNote(cmd.ErrOrStderr(), "not known: "+fault.Error())
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	for i := range list {
		if format == formatNDJSON {
			err = writeJSON(out, &list[i])
		} else {
			_, err = out.WriteString(allowedText(&list[i]))
		}
		if err != nil {
			return err
		}
	}
	return out.Flush()
}

// allowedText tells of an exception for a person.
func allowedText(x *agent.AllowedHook) string {
	var b strings.Builder
	row := rowWriter(&b)
	b.WriteString(quote.Printable(x.ID) + "\n")
	row("where", strings.Join(strings.Fields(x.Where), " "))
	row("rules", strings.Join(x.Rules, ", "))
	requireRows(row, x.Require)
	row("reason", x.Reason)
	expires := expiryOf(&x.ExceptionText)
	if x.Expired {
		expires += " (has ended)"
	}
	row("expires", expires)
	source := x.Source
	if x.File != "" {
		source = x.File
	}
	row("source", source)
	if a := x.Added; a != nil {
		text := a.Time.UTC().Format(time.DateTime) + "Z by " + a.By.String()
		if a.Alert != "" {
			text += " from alert " + a.Alert
		}
		if a.Edited {
			text += "; edited since"
		}
		row("added", text)
	}
	if u := x.Use; u != nil {
		text := fmt.Sprintf("%d times since %sZ", u.Hits, u.Since.UTC().Format(time.DateTime))
		if u.Broken > 0 {
			text += fmt.Sprintf("; %d times its pin did not hold", u.Broken)
		}
		row("used", text)
	}
	b.WriteByte('\n')
	return b.String()
}

// showAllowed shows what an exception hides from now on.
func showAllowed(w io.Writer, format string, c config.Config, p *agent.Proposal) error {
	x := agent.TextOf(&p.Exception)
	if format == formatNDJSON {
		return writeJSON(w, x)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s hides every alert about\n", x.ID)
	row := rowWriter(&b)
	row("key", p.Hook.Key)
	row("value", *p.Hook.Value)
	row("file", p.Hook.Plist)
	b.WriteString("as long as\n")
	row("where", x.Where)
	requireRows(row, x.Require)
	row("expires", expiryOf(&x))
	row("reason", x.Reason)
	row("stored in", config.ExceptionsPath(c.Root))
	_, err := io.WriteString(w, b.String())
	return err
}

// requireRows tells what is asked of the program.
func requireRows(row func(name, text string), r *agent.RequireText) {
	if r == nil {
		row("program", "whatever it is")
		return
	}
	if r.Owner != "" {
		row("owner", r.Owner)
	}
	if r.NotWritableByOthers {
		row("writable", "by nobody but root, nor any folder above it")
	}
	row("sha256", strings.Join(r.SHA256, ", "))
	row("team id", r.TeamID)
}

func expiryOf(x *agent.ExceptionText) string {
	if x.Expires == nil {
		return "never"
	}
	return x.Expires.UTC().Format(time.DateTime) + "Z"
}

// rowWriter returns what writes a name and a text for a person, nothing for an empty text.
func rowWriter(b *strings.Builder) func(name, text string) {
	return func(name, text string) {
		if text != "" {
			fmt.Fprintf(b, "  %-10s %s\n", name, quote.Printable(text))
		}
	}
}

// writeJSON writes a document in which nothing acts on a terminal.
func writeJSON(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(slices.Clip(alert.Escaped(line)), '\n'))
	return err
}
