// Command standin stands in for eslogger where there is none: on a fake disk it
// plays a recording as eslogger prints a Mac's events, and shows the agent's canary
// too, so that the whole agent runs on any Unix. It also writes the project's
// synthetic streams.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"hooksnare/collector/eslogger/synthetic"
)

// The programs of the fake disk that the agent runs: the canary, and what changes preferences.
// Neither does anything but to be seen.
const (
	canaryName   = "true"
	defaultsName = "defaults"
)

func main() {
	if name := filepath.Base(os.Args[0]); name == canaryName || name == defaultsName {
		if err := reportSelf(os.Args); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(1)
		}
		return
	}
	if err := command().Execute(); err != nil {
		if errors.Is(err, errEvents) { // eslogger's own words
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(2)
	}
}

var errEvents = errors.New("Failed to parse event types") //lint:ignore ST1005 what eslogger prints

// events are the names that the stand-in takes for eslogger's. Which are given does
// not change what it plays.
var events = []string{
	"exec", "fork", "exit", "create", "open", "close", "write", "rename", "unlink", "lookup",
	"signal", "setuid", "authentication", "login_login", "btm_launch_item_add",
}

func command() *cobra.Command {
	c := &cobra.Command{
		Use:   "standin [EVENT...]",
		Short: "Stand in for eslogger",
		Long: `Started as eslogger is, with event names or nothing, standin plays a recording to
standard output at the pace it was recorded, with the times of now, and then stays
silent until it is stopped, as eslogger does on a quiet Mac.

It plays recording.ndjson beside its own program file or, without one, a built-in
demo. settings.json beside it may hold {"speed": 2, "keep_times": true}: twice as
fast (0: at once), times as recorded.

A copy or link of the program named "true" tells the player beside it that it was
run; the player then prints the fork, exec and exit of that process. An agent runs that
program only when --canary names it. Otherwise it runs the machine's own /usr/bin/true,
which the player notices on Linux.`,
		Example: `  standin root /tmp/mac
  hooksnare run --root /tmp/mac --eslogger /tmp/mac/usr/bin/eslogger --canary /tmp/mac/usr/bin/true`,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(_ *cobra.Command, args []string) error {
			for _, a := range args {
				if !slices.Contains(events, a) {
					return errEvents
				}
			}
			return playBeside()
		},
	}
	c.CompletionOptions.DisableDefaultCmd = true
	c.AddCommand(playCommand(), demoCommand(), benchCommand(), rootCommand())
	return c
}

func playCommand() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:     "play [--speed X] [--keep-times] [FILE]",
		Short:   "Play a recording, or the demo, then stay silent",
		Example: "  standin play --speed 10 recording.ndjson",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return play("", s)
			}
			return play(args[0], s)
		},
	}
	c.Flags().Float64Var(&s.Speed, "speed", 1, "times as fast as recorded; 0 for at once")
	c.Flags().BoolVar(&s.KeepTimes, "keep-times", false, "leave the times as recorded")
	return c
}

func demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "demo",
		Short:   "Write the demo recording: work, an attack, a management agent, a clean-up",
		Example: "  standin demo > recording.ndjson",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return synthetic.WriteDemo(c.OutOrStdout())
		},
	}
}

func benchCommand() *cobra.Command {
	var lines int
	c := &cobra.Command{
		Use:     "bench [--lines N]",
		Short:   "Write the benchmark stream; 60,000 lines are 200 MB",
		Example: "  standin bench --lines 60000 > bench.ndjson",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			said, err := synthetic.WriteBench(c.OutOrStdout(), lines)
			if err == nil {
				fmt.Fprintf(c.ErrOrStderr(), "%d lines, %d hook commands, %d harmless mentions\n", said.Lines, said.Hooks, said.Mentions)
			}
			return err
		},
	}
	c.Flags().IntVar(&lines, "lines", 60_000, "number of lines")
	return c
}

func rootCommand() *cobra.Command {
	s := settings{Speed: 1}
	c := &cobra.Command{
		Use:   "root [--speed X] DIR",
		Short: "Lay a fake Mac's disk in DIR and print the path of its eslogger",
		Long: `Lay a fake Mac's disk in DIR, which must be empty or not exist: preferences without
a hook, a user's home, a hook program, a management agent's hook scripts, and this
program as usr/bin/eslogger and usr/bin/true. Owners are set when run as root.`,
		Example: "  standin root --speed 2 /tmp/mac",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			path, err := layDisk(args[0], s)
			if err != nil {
				return err
			}
			_, err = io.WriteString(c.OutOrStdout(), path+"\n")
			return err
		},
	}
	c.Flags().Float64Var(&s.Speed, "speed", 1, "how fast its eslogger plays; 0 for at once")
	return c
}
