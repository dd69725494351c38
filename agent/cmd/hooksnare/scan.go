package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent/offline"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/quote"
)

func newScan() *cobra.Command {
	var s settings
	var exitCode bool
	cmd := &cobra.Command{
		Use: "scan", Short: "Look for hooks in the preferences, once", Args: cobra.NoArgs,
		Long: `Prints every login and logout hook that the preferences of this Mac hold, in all files
that can hold one, with its program's facts and a verdict: allowed (an exception covers it
and its pin holds), risky (the program has a property that a trusted one does not have) or
unknown. As ndjson it prints documents of the shape of alerts, with event.kind "state" and the
verdict in event.action, also for files that can't be read. It does not need a running agent.
Without root it reads what it may. --root examines another disk. What is wrong in the configuration
is named and left out; scan then ends with 1 unless --exit-code finds a hook.`,
		Example: `  sudo hooksnare scan
  sudo hooksnare scan --format ndjson | jq -r .hooksnare.hook.value
  hooksnare scan --root "/Volumes/Macintosh HD - Data" --exit-code`,
		RunE: func(cmd *cobra.Command, _ []string) error { return scan(cmd, &s, exitCode) },
	}
	s.withFlags(cmd, "root", "config", "format")
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 3 when a hook was found, else with 1 when a file could not be read")
	return cmd
}

func scan(cmd *cobra.Command, s *settings, exitCode bool) error {
	c, _, faults := s.load()
	noted, err := noteFaults(cmd, faults)
	if err != nil {
		return err
	}
	hooks, unreadable, err := offline.Scan(c, version, time.Now())
	if err != nil {
		return err
	}
	for _, a := range hooks {
		if err := s.out.print(a, hookText(a)); err != nil {
			return err
		}
	}
	for _, a := range unreadable {
		u := a.Hooksnare.Unreadable
		text := "not read: " + u.Path + ": " + u.Why
		if u.Detail != "" {
			text += " (" + u.Detail + ")"
		}
		fmt.Fprintln(cmd.ErrOrStderr(), quote.Printable(text))
		if err := s.out.print(a, ""); err != nil {
			return err
		}
	}
	note(cmd, "%d hooks, %d files or folders could not be read", len(hooks), len(unreadable))
	return cmp.Or(exitIf(exitCode && len(hooks) > 0, exitFound), exitIf(exitCode && len(unreadable) > 0, exitNotWell), noted)
}

// hookText is a hook for a person.
func hookText(a *alert.Alert) string {
	h := a.Hooksnare
	rows := newRows()
	rows.Add("file", h.Hook.Plist+"  ("+h.Hook.Scope+")")
	if h.Program != nil {
		h.Program.AddRows(rows)
	}
	if x := h.Exception; x != nil && x.Failed != "" {
		rows.Add("exception", x.ID+" does not hold: "+x.Failed)
	} else if x != nil {
		rows.Add("exception", x.ID)
	}
	rows.Add("undo", h.Remediation)
	verdict := strings.ToUpper(strings.TrimPrefix(a.Event.Action, "hook-"))
	return fmt.Sprintf("%-8s %s %s\n%s\n", verdict, h.Hook.Key, quote.Printable(*h.Hook.Value), rows)
}
