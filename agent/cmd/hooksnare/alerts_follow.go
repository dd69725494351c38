package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/alertlog"
)

func newAlertsFollow() *cobra.Command {
	var l alertLog
	cmd := &cobra.Command{
		Use: "follow", Short: "Print alerts as they are written", Args: cobra.NoArgs,
		Long: `Prints every alert, and every update of one, as it is written to the local log, also
when the log is rotated or does not exist yet. Control-C ends it.`,
		Example: `  sudo hooksnare alerts follow
  sudo hooksnare alerts follow --since 1h --severity medium
  sudo hooksnare alerts follow --format ndjson | jq .message`,
		RunE: func(cmd *cobra.Command, _ []string) error { return followAlerts(cmd, &l) },
	}
	l.addLogFlags(cmd)
	l.addFilterFlags(cmd, "first print the alerts from then on")
	return cmd
}

func followAlerts(cmd *cobra.Command, l *alertLog) error {
	filter, err := l.newFilter(time.Now())
	if err != nil {
		return err
	}
	f := alertlog.Follow{Filter: filter, Show: l.out.printLine, Note: func(text string) { note(cmd, "%s", text) }}
	if l.out.isText {
		f.Show = func(line []byte) error {
			a, err := alert.Parse(line)
			if err != nil {
				note(cmd, "an alert can't be shown: %v", err)
				return nil
			}
			return a.Write(l.out.w)
		}
	}
	switch {
	case slices.Equal(l.files, []string{"-"}):
		return f.Stream(cmd.Context(), "-", os.Stdin)
	case slices.Contains(l.files, "-"):
		return errors.New("--file -: standard input is followed alone")
	case len(l.files) == 0:
		f.Paths, err = l.logPaths(cmd)
	}
	for _, name := range l.files { // alertlog follows no links, as the agent makes none
		path, resolveErr := filepath.EvalSymlinks(name)
		f.Paths, err = append(f.Paths, path), errors.Join(err, resolveErr)
	}
	if err != nil {
		return err
	}
	return f.Run(cmd.Context())
}
