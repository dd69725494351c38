// Command standin stands in for eslogger where there is none: on a fake disk it plays a
// recording as eslogger prints a Mac's events, and reports the agent's canary too, so that
// the whole agent runs on any Unix.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// The programs of the fake disk that the agent runs: the canary, and what changes preferences.
// Neither does anything but report that it ran.
const (
	canaryName   = "true"
	defaultsName = "defaults"
)

const usage = `Stands in for eslogger.

usage: standin root [--speed X] DIR
       standin [EVENT...]

root lays a fake Mac's disk in DIR, which must be empty or not exist, with this program as
usr/bin/eslogger and usr/bin/true, and prints the path of its eslogger.
Owners are set when it is run as root.

Started as eslogger is, with names of events or nothing, standin plays recording.ndjson beside
its own program file or, without one, a demo, at the pace it was recorded or X times as
fast (0: at once), with the times of now. Then it stays silent until it is stopped. When a
copy or link of it named "true" is run, it prints the fork, exec and exit of that process.

  standin root /tmp/mac
  hooksnare run --root /tmp/mac --eslogger /tmp/mac/usr/bin/eslogger --canary /tmp/mac/usr/bin/true
`

func main() {
	if err := runCommand(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(2)
	}
}

func runCommand(args []string) error {
	switch name := filepath.Base(args[0]); {
	case name == canaryName || name == defaultsName:
		return reportSelf(args)
	case len(args) > 1 && args[1] == "root":
		return layRoot(args[2:])
	case len(args) > 1 && slices.Contains([]string{"-h", "--help", "help"}, args[1]):
		_, err := fmt.Print(usage)
		return err
	}
	return playBeside()
}

func layRoot(args []string) error {
	flags := flag.NewFlagSet("root", flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(flags.Output(), usage) }
	speed := flags.Float64("speed", 1, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return fmt.Errorf("root: expected one folder, found %d", flags.NArg())
	}
	path, err := layDisk(flags.Arg(0), *speed)
	if err != nil {
		return err
	}
	_, err = fmt.Println(path)
	return err
}
