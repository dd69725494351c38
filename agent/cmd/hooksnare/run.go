package main

import (
	"errors"
	"os"
	"runtime"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"hooksnare/agent"
	"hooksnare/agent/service"
)

func newRun() *cobra.Command {
	var s settings
	var show bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Watch this Mac until told to stop",
		Long: `Watches this Mac: runs eslogger, judges what it reports, writes alerts to the local
log and to syslog. launchd runs it; in the foreground it needs root and, for the
terminal, Full Disk Access. A fault in the configuration is logged and raised as an
alert, and the rest goes on.

SIGTERM and SIGINT end it within five seconds; SIGHUP opens the local log and reads the
rule folders anew. The file of exceptions is read anew whenever it changes.

With --root no program of that disk is run but the ones that --eslogger and --canary name.`,
		Example: `  sudo hooksnare run
  sudo hooksnare run --show
  hooksnare run --root ./disk --eslogger ./disk/usr/bin/eslogger`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, sources, faults := s.load()
			log := newLog()
			if runtime.GOOS == "darwin" && c.Root == "" && os.Geteuid() != 0 {
				return errors.New("run: eslogger needs root: run it with sudo")
			}
			o := agent.Options{Version: version, Config: c, Sources: sources, Faults: faults, Log: log}
			if show {
				o.Show = cmd.OutOrStdout()
			}
			a, err := agent.New(o)
			if err != nil {
				return err
			}
			return service.Run(cmd.Context(), a.Run)
		},
	}
	s.rootFlag(cmd)
	s.fileFlag(cmd)
	cmd.Flags().StringVar(&s.eslogger, "eslogger", "", "`PATH` of eslogger, or of a program that writes the same")
	cmd.Flags().StringVar(&s.canary, "canary", "", "`PATH` of the program that is run to prove that eslogger sees commands (default /usr/bin/true)")
	s.stateFlag(cmd)
	cmd.Flags().BoolVar(&show, "show", false, "also print each alert, for a person")
	return cmd
}

// newLog returns the agent's own log on stderr: for a person on a terminal, JSON lines
// otherwise.
func newLog() zerolog.Logger {
	zerolog.TimeFieldFormat = time.RFC3339Nano
	if stderrTerminal() {
		return zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: time.TimeOnly}).With().Timestamp().Logger()
	}
	return zerolog.New(os.Stderr).With().Timestamp().Logger()
}
