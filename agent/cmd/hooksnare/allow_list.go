package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent/config"
	"hooksnare/agent/exceptions"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/quote"
)

func newAllowList() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use: "list", Short: "List the exceptions in force", Args: cobra.NoArgs,
		Long: `Lists every exception, also those of the configuration: what it covers and why, who added it
from which alert, when it expires, and how often the running agent used it.`,
		Example: `  sudo hooksnare allow list
  sudo hooksnare allow list --format ndjson | jq -r .id`,
		RunE: func(cmd *cobra.Command, _ []string) error { return listAllowed(cmd, &s) },
	}
	s.addFlags(cmd, "root", "config", "state-dir", "format")
	return cmd
}

func listAllowed(cmd *cobra.Command, s *settings) error {
	c, sources, err := s.loadNoting(cmd)
	if err != nil {
		return err
	}
	list, unknown := exceptions.ListExceptions(c, sources, time.Now())
	for _, fault := range config.Faults(unknown) {
		note(cmd, "not known: %v", fault)
	}
	return printEach(s.out, list, exceptionText)
}

// exceptionText is an exception for a person.
func exceptionText(x *exceptions.AllowedHook) string {
	rows := newRows()
	rows.Add("where", strings.Join(strings.Fields(x.Where), " "))
	rows.Add("rules", strings.Join(x.Rules, ", "))
	addRequirements(rows, x.Require)
	rows.Add("reason", x.Reason)
	expires := expiryText(&x.ExceptionText)
	if x.Expired {
		expires += " (expired)"
	}
	rows.Add("expires", expires)
	source := x.Source
	if x.File != "" {
		source = x.File
	}
	rows.Add("source", source)
	if a := x.Added; a != nil {
		text := a.Time.UTC().Format(time.DateTime) + "Z by " + a.By.String()
		if a.Alert != "" {
			text += " from alert " + a.Alert
		}
		if a.Edited {
			text += "; edited since"
		}
		rows.Add("added", text)
	}
	if u := x.Use; u != nil {
		text := fmt.Sprintf("%d times since %sZ", u.Hits, u.Since.UTC().Format(time.DateTime))
		if u.Broken > 0 {
			text += fmt.Sprintf("; %d times its pin did not hold", u.Broken)
		}
		rows.Add("used", text)
	}
	return quote.Printable(x.ID) + "\n" + rows.String() + "\n"
}

// proposalText says what an exception hides from now on.
func proposalText(path string, x *exceptions.ExceptionText, p *exceptions.Proposal) string {
	hidden, conditions := newRows(), newRows()
	hidden.Add("key", p.Hook.Key)
	hidden.Add("value", *p.Hook.Value)
	hidden.Add("file", p.Hook.Plist)
	conditions.Add("where", x.Where)
	addRequirements(conditions, x.Require)
	conditions.Add("expires", expiryText(x))
	conditions.Add("reason", x.Reason)
	conditions.Add("stored in", path)
	return x.ID + " hides every alert about\n" + hidden.String() + "as long as\n" + conditions.String()
}

// addRequirements adds what the exception requires of the program.
func addRequirements(rows *alert.Rows, r *exceptions.RequireText) {
	if r == nil {
		rows.Add("program", "whatever it is")
		return
	}
	if r.Owner != "" {
		rows.Add("owner", r.Owner)
	}
	if r.NotWritableByOthers {
		rows.Add("writable", "by nobody but root, nor any folder above it")
	}
	rows.Add("sha256", strings.Join(r.SHA256, ", "))
	rows.Add("team id", r.TeamID)
}

func expiryText(x *exceptions.ExceptionText) string {
	if x.Expires == nil {
		return "never"
	}
	return x.Expires.UTC().Format(time.DateTime) + "Z"
}
