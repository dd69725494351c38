package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent/offline"
	"hooksnare/pkg/event"
	"hooksnare/pkg/quote"
)

func newScan() *cobra.Command {
	var s settings
	var exitCode bool
	cmd := &cobra.Command{
		Use:   "scan",
		Short: "Look for hooks in the preferences, once",
		Long: `Prints every login and logout hook that the preferences of this Mac hold, in all files
that can hold one, with its program's facts and a verdict: allowed (an exception covers it
and its pin holds), risky (the program has a property that a trusted one does not have) or
unknown. It does not need a running agent. Without root it reads what it may, and says what it could
not read. --root examines another disk.`,
		Example: `  sudo hooksnare scan
  sudo hooksnare scan --format ndjson | jq -r .value
  hooksnare scan --root "/Volumes/Macintosh HD - Data" --exit-code`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := s.newOutput(cmd)
			if err != nil {
				return err
			}
			c, set, err := s.loadStrict()
			if err != nil {
				return err
			}
			hooks, unreadable, err := offline.Scan(c, set, time.Now())
			for i := range unreadable {
				fmt.Fprintln(cmd.ErrOrStderr(), unreadableText(&unreadable[i]))
			}
			if err != nil {
				return err
			}
			for i := range hooks {
				if err := out.print(&hooks[i], func() string { return hookText(&hooks[i]) }); err != nil {
					return err
				}
			}
			if out.isText {
				note(cmd, "%d hooks, %d files or folders could not be read", len(hooks), len(unreadable))
			}
			if exitCode && len(hooks) > 0 {
				return &exit{exitFound, nil}
			}
			return nil
		},
	}
	s.addFlags(cmd, "root", "config", "format")
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 3 when a hook was found")
	return cmd
}

func unreadableText(u *event.Unreadable) string {
	line := "not read: " + u.Path + ": " + u.Why
	if u.Detail != "" {
		line += " (" + u.Detail + ")"
	}
	return quote.Printable(line)
}

// hookText is a hook for a person.
func hookText(h *offline.FoundHook) string {
	rows := newRows()
	rows.Add("file", h.File+"  ("+h.Scope+")")
	if h.Program != nil {
		h.Program.AddRows(rows)
	}
	if h.Exception != "" {
		why := h.Exception
		if h.Failed != "" {
			why += " does not hold: " + h.Failed
		}
		rows.Add("exception", why)
	}
	rows.Add("undo", h.Undo)
	return fmt.Sprintf("%-8s %s %s\n%s\n", strings.ToUpper(h.Verdict), h.Key, quote.Printable(h.Value), rows)
}
