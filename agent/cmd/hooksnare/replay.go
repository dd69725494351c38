package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"hooksnare/agent"
	"hooksnare/agent/offline"
	"hooksnare/pkg/alert"
)

func newReplay() *cobra.Command {
	var s settings
	var exitCode bool
	cmd := &cobra.Command{
		Use: "replay FILE|-...", Short: "Look for hooks in what eslogger recorded", Args: cobra.MinimumNArgs(1),
		Long: `Reads recordings of eslogger and prints their alerts: JSON lines, also behind what syslog or another
program puts in front of each, pretty-printed objects or an array, packed by gzip, in UTF-8 or
UTF-16. The summary says how many lines are not events. Several files are one recording, in the order
given. The recording's own times are the clock. Without --root there is no disk on which to examine
the programs of hooks: exceptions then hold by their condition alone, and the summary says so.
Exits with 2 when no event could be read, with 1 when something was left out: a part of a file that
can't be unpacked, a rule or an exception that is wrong.`,
		Example: `  sudo eslogger exec fork exit > recording.ndjson   # and stop it with control-C
  hooksnare replay recording.ndjson
  hooksnare replay --format ndjson --exit-code - < recording.ndjson`,
		RunE: func(cmd *cobra.Command, files []string) error { return replay(cmd, &s, files, exitCode) },
	}
	s.withFlags(cmd, "root", "rules", "format")
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 3 when something was found")
	return cmd
}

// replay replays files and prints the alerts.
func replay(cmd *cobra.Command, s *settings, files []string, exitCode bool) error {
	for _, name := range files { // check all before reading the first
		if err := offline.Recording(name); err != nil {
			return err
		}
	}
	c, set, faults := s.loadRules()
	noted, err := noteFaults(cmd, faults)
	if err != nil {
		return err
	}
	var printed error // the first error
	r, err := offline.NewReplay(c, set, func(a *alert.Alert, line []byte) {
		if printed == nil {
			printed = s.out.printAlert(a, line)
		}
	})
	if err != nil {
		return err
	}
	defer agent.Frugal()()
	stats, err := replayFiles(cmd.Context(), r, files)
	summarize(cmd, &stats, c.Root != "")
	switch {
	case printed != nil:
		err = fmt.Errorf("output: %w", printed)
	case err == nil && stats.Events == 0:
		err = errors.New("replay: no event could be read: expected what eslogger writes, a JSON object on each line")
	case err != nil && stats.Events > 0 && cmd.Context().Err() == nil:
		err = &exit{exitNotWell, err.Error()}
	}
	return cmp.Or(err, exitIf(exitCode && stats.Counts.Alerts > 0, exitFound), noted)
}

// replayFiles replays the files in order and shows the progress on a terminal.
func replayFiles(ctx context.Context, r *offline.Replay, files []string) (offline.ReplayStats, error) {
	if isTerminal(os.Stderr) {
		r.Progress = func(lines, bytes uint64) {
			fmt.Fprintf(os.Stderr, "\r%d lines, %.0f MB", lines, float64(bytes)/1e6)
		}
		defer fmt.Fprint(os.Stderr, "\r")
	}
	for _, name := range files {
		if err := r.File(ctx, name); err != nil {
			return r.Finish(), err
		}
	}
	return r.Finish(), nil
}

// summarize notes what was read and what was not.
func summarize(cmd *cobra.Command, s *offline.ReplayStats, hasDisk bool) {
	c := &s.Counts
	summary := fmt.Sprintf("%d lines, %d alerts", s.Lines, c.Alerts)
	for _, n := range []struct {
		count uint64
		what  string
	}{
		{c.Repeated, "repeats counted into updates"},
		{c.Held, "held back by max_signals"},
		{s.NotEvents, "lines that are not events"},
		{s.TooLong, "lines over the bound"},
		{s.Odd, "events of an unknown shape"},
		{s.Dropped, "events missing in the recording"},
		{uint64(s.Cut), "bytes of an unfinished last line"},
	} {
		if n.count > 0 {
			summary += fmt.Sprintf(", %d %s", n.count, n.what)
		}
	}
	note(cmd, "%s", summary)
	if s.FirstNotEvent != nil {
		note(cmd, "first line that is not an event: %v", s.FirstNotEvent)
	}
	for _, file := range s.Eventless {
		note(cmd, "no event in %s", file)
	}
	for _, id := range slices.Sorted(maps.Keys(c.Hidden)) {
		text := fmt.Sprintf("exception %s held back %d", id, c.Hidden[id])
		if !hasDisk && c.Unpinned[id] > 0 {
			text += " by path alone: without --root there is no disk to check its pin on"
		}
		note(cmd, "%s", text)
	}
}
