package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
	"hooksnare/pkg/quote"
)

func newScan() *cobra.Command {
	var s settings
	var format string
	var exitCode bool
	cmd := &cobra.Command{
		Use:   "scan",
		Short: "Look for hooks in the preferences, once",
		Long: `Prints every login and logout hook that the preferences of this Mac hold, in all files
that can hold one, with its program's facts and a verdict: allowed (an exception covers it
and its pin holds), risky (the program has a property that a trusted one does not have) or
unknown. Needs no running agent; without root it reads what it may, and says what it could
not read. --root looks at another disk.`,
		Example: `  sudo hooksnare scan
  sudo hooksnare scan --format ndjson | jq -r .value
  hooksnare scan --root "/Volumes/Macintosh HD - Data" --exit-code`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			format, err := chosen(format, cmd.OutOrStdout())
			if err != nil {
				return err
			}
			c, set, err := s.strict()
			if err != nil {
				return err
			}
			hooks, unreadable, err := agent.Scan(c, set, time.Now())
			for i := range unreadable {
				fmt.Fprintln(cmd.ErrOrStderr(), unreadLine(&unreadable[i]))
			}
			if err != nil {
				return err
			}
			if err := printHooks(cmd.OutOrStdout(), format, hooks); err != nil {
				return err
			}
			if format == formatText {
				fmt.Fprintf(cmd.ErrOrStderr(), "scan: %d hooks, %d files or folders could not be read\n", len(hooks), len(unreadable))
			}
			if exitCode && len(hooks) > 0 {
				return &exit{exitFound, nil}
			}
			return nil
		},
	}
	s.rootFlag(cmd)
	s.fileFlag(cmd)
	formatFlag(cmd, &format)
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 3 when a hook was found")
	return cmd
}

func unreadLine(u *event.Unreadable) string {
	line := "not read: " + u.Path + ": " + u.Why
	if u.Detail != "" {
		line += " (" + u.Detail + ")"
	}
	return quote.Printable(line)
}

func printHooks(w io.Writer, format string, hooks []agent.FoundHook) error {
	if format == formatNDJSON {
		enc := json.NewEncoder(w)
		for i := range hooks {
			if err := enc.Encode(&hooks[i]); err != nil {
				return err
			}
		}
		return nil
	}
	var b strings.Builder
	for i := range hooks {
		writeHook(&b, &hooks[i])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeHook writes a hook for a person.
func writeHook(b *strings.Builder, h *agent.FoundHook) {
	fmt.Fprintf(b, "%-8s %s %s\n", strings.ToUpper(h.Verdict), h.Key, quote.Printable(h.Value))
	rows := alert.Rows{Indent: "  ", Width: 10}
	rows.Add("file", h.File+"  ("+h.Scope+")")
	if h.Program != nil {
		h.Program.AddRows(&rows)
	}
	if h.Exception != "" {
		why := h.Exception
		if h.Failed != "" {
			why += " does not hold: " + h.Failed
		}
		rows.Add("exception", why)
	}
	rows.Add("undo", h.Undo)
	b.WriteString(rows.String())
	b.WriteByte('\n')
}
