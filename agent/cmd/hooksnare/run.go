package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"hooksnare/agent"
	"hooksnare/agent/inforce"
	"hooksnare/agent/service"
	"hooksnare/pkg/logfile"
)

func newRun() *cobra.Command {
	var s settings
	var show bool
	cmd := &cobra.Command{
		Use: "run", Short: "Watch this Mac until it is stopped", Args: cobra.NoArgs,
		Long: `Watches this Mac: runs eslogger, judges what it reports, and delivers alerts. launchd runs it;
in the foreground it needs root and, for the terminal, Full Disk Access. A fault in the
configuration is logged and raised as an alert, and the rest of the configuration is used.

SIGTERM and SIGINT end it within five seconds. A change of the configuration or of the file of
exceptions is in force within ten seconds, whole or not at all. SIGHUP reopens the local log and
rereads the rule folders.

With --root no program of that disk is run except those that --eslogger and --canary name.`,
		Example: `  sudo hooksnare run
  sudo hooksnare run --show
  hooksnare run --root ./disk --eslogger ./disk/usr/bin/eslogger`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			logger, flush := newLog()
			defer flush()
			if runtime.GOOS == "darwin" && s.root == "" && os.Geteuid() != 0 {
				return errors.New("run: eslogger needs root: run it with sudo")
			}
			o := agent.Options{Version: version, Log: logger, Launchd: service.Launched()}
			if show {
				o.Show = cmd.OutOrStdout()
			}
			a, err := s.newAgent(o)
			if err != nil {
				return err
			}
			run := func(ctx context.Context) error {
				err := a.Run(ctx)
				for errors.Is(err, agent.ErrRestart) {
					o.Began = a.Began()
					if a, err = s.newAgent(o); err == nil {
						err = a.Run(ctx)
					}
				}
				return err
			}
			if err := service.Run(cmd.Context(), run); err != nil && !errors.Is(err, agent.ErrRelaunch) {
				logger.Error().Err(err).Msg("run") // main would wait for a stderr that hangs
				return &exit{code: exitNotWell}
			}
			return nil
		},
	}
	s.withFlags(cmd, "root", "config", "state-dir")
	cmd.Flags().StringVar(&s.eslogger, "eslogger", "", "`PATH` of eslogger, or of a program that writes the same")
	cmd.Flags().StringVar(&s.canary, "canary", "", "`PATH` of the program that is run to prove that eslogger sees commands (default /usr/bin/true)")
	cmd.Flags().BoolVar(&show, "show", false, "also print each alert, for a person")
	return cmd
}

// newAgent makes an agent of the configuration that is there now.
func (s *settings) newAgent(o agent.Options) (*agent.Agent, error) {
	source := s.source()
	l, onDisk, faults := inforce.Load(source)
	o.Config, o.Sources, o.Faults = l.Config, l.Sources, faults
	o.Source, o.Files, o.OnDisk = &source, l.Files, onDisk
	return agent.New(o)
}

// logFlushLimit bounds how long the end of the agent's log may take: its file may be on a disk
// that hangs.
const logFlushLimit = 200 * time.Millisecond

// newLog returns the agent's own log on stderr: text on a terminal, JSON lines otherwise. No
// call that logs waits for it; flush writes what is left.
func newLog() (logger zerolog.Logger, flush func()) {
	zerolog.TimeFieldFormat = time.RFC3339Nano
	lost := func(n int) []byte {
		return fmt.Appendf(nil, `{"level":"warn","lines":%d,"message":"lines of this log were lost: it could not be written"}`+"\n", n)
	}
	background := logfile.NewBackground(newAgentLog(os.Stderr, service.AgentLog), lost)
	var out io.Writer = background
	if isTerminal(os.Stderr) {
		out = zerolog.ConsoleWriter{Out: background, TimeFormat: time.TimeOnly}
	}
	return zerolog.New(out).With().Timestamp().Logger(), func() { background.Flush(logFlushLimit) }
}
