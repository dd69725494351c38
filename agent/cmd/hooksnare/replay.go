package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/agent"
	"hooksnare/agent/offline"
	"hooksnare/pkg/alert"
)

func newReplay() *cobra.Command {
	var s settings
	var format string
	var exitCode bool
	cmd := &cobra.Command{
		Use:   "replay FILE|-...",
		Short: "Look for hooks in what eslogger recorded",
		Long: `Reads recordings of eslogger (JSON lines, or pretty-printed) and prints the alerts
they give. Several files are one recording, in the order given. The recording's own times
are the clock. Without --root there is no disk on
which to look at the programs of hooks: exceptions hold by their condition alone, and
the summary says so.`,
		Example: `  sudo eslogger exec fork exit > recording.ndjson   # and stop it with control-C
  hooksnare replay recording.ndjson
  hooksnare replay --format ndjson --exit-code - < recording.ndjson`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			stats, err := replayFiles(cmd, &s, format, files)
			if err == nil && exitCode && stats.Counts.Alerts > 0 {
				err = &exit{exitFound, nil}
			}
			return err
		},
	}
	s.rootFlag(cmd)
	s.rulesFlag(cmd)
	formatFlag(cmd, &format)
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 3 when something was found")
	return cmd
}

// replayFiles replays files by the settings and prints what is found.
func replayFiles(cmd *cobra.Command, s *settings, format string, files []string) (stats offline.ReplayStats, err error) {
	if format, err = chosen(format, cmd.OutOrStdout()); err != nil {
		return stats, err
	}
	for _, name := range files { // all of them before the first is read
		if err := offline.Recording(name); err != nil {
			return stats, err
		}
	}
	c, set, err := s.strict()
	if err != nil {
		return stats, err
	}
	out := printer{w: bufio.NewWriter(cmd.OutOrStdout()), format: format}
	r, err := offline.NewReplay(c, set, out.print)
	if err != nil {
		return stats, err
	}
	defer agent.Frugal()()
	stats, err = replay(cmd.Context(), r, files)
	summary(cmd.ErrOrStderr(), &stats, c.Root != "")
	switch {
	case out.err != nil:
		err = fmt.Errorf("output: %w", out.err)
	case errors.Is(err, context.Canceled):
		err = errors.New("replay: interrupted")
	}
	return stats, err
}

// replay reads the files one after the other and shows progress where a person watches.
func replay(ctx context.Context, r *offline.Replay, files []string) (offline.ReplayStats, error) {
	if stderrTerminal() {
		defer r.Progress(time.Second, func(lines, bytes uint64) {
			fmt.Fprintf(os.Stderr, "\r%d lines, %.0f MB", lines, float64(bytes)/1e6)
		})()
	}
	for _, name := range files {
		if err := r.File(ctx, name); err != nil {
			return r.Finish(), err
		}
	}
	return r.Finish(), nil
}

// printer writes alerts as they come.
type printer struct {
	w      *bufio.Writer
	format string
	err    error // the first
}

func (p *printer) print(a *alert.Alert) {
	if p.err != nil {
		return
	}
	if p.err = p.one(a); p.err == nil {
		p.err = p.w.Flush()
	}
}

func (p *printer) one(a *alert.Alert) error {
	if p.format == formatText {
		return a.Write(p.w)
	}
	line, err := a.Line()
	if err != nil {
		return err
	}
	_, err = p.w.Write(append(line, '\n'))
	return err
}

// summary says what was read and what was not.
func summary(w io.Writer, s *offline.ReplayStats, onDisk bool) {
	if stderrTerminal() {
		fmt.Fprint(w, "\r")
	}
	c := &s.Counts
	var parts []string
	add := func(n uint64, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	parts = append(parts, fmt.Sprintf("%d lines, %d alerts", s.Lines, c.Alerts))
	add(c.Repeated, "repeats counted into updates")
	add(c.Held, "held back by max_signals")
	add(s.Malformed, "lines that can't be read")
	add(s.TooLong, "lines over the bound")
	add(s.Odd, "lines of an unknown shape")
	add(s.Dropped, "events missing in the recording")
	add(uint64(s.Cut), "bytes of an unfinished last line")
	fmt.Fprintln(w, "replay: "+strings.Join(parts, ", "))
	if s.FirstMalformed != nil {
		fmt.Fprintf(w, "replay: first line that can't be read: %v\n", s.FirstMalformed)
	}
	var ids []string
	for id := range c.Hidden {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		fmt.Fprintf(w, "replay: exception %s held back %d", id, c.Hidden[id])
		if !onDisk && c.Unpinned[id] > 0 {
			fmt.Fprint(w, " by path alone: without --root there is no disk to check its pin on")
		}
		fmt.Fprintln(w)
	}
}
