// Command fleet simulates many Macs and the receiver of their documents: what arrives when
// all of them start, when all of them raise alerts, and when the receiver was away for a
// day. The same flags print the same figures on every machine.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("fleet", flag.ContinueOnError)
	flags.SetOutput(stderr)
	macs := flags.Int("macs", 100000, "`number` of Macs, from 1,000 to 10,000,000")
	seed := flags.Uint64("seed", 1, "`number` that all chance comes from")
	only := flags.String("scenario", "", "`name` of the only scenario to run")
	scale := flags.Int("scale", 0, "`number` of Macs that each simulated one stands for; 0: the scenario's own")
	picture := flags.String("svg", "", "`file` to draw requests a second to")
	load := flags.Bool("load", false, "print what follows from the number of Macs alone, and simulate nothing")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 || *macs < 1000 || *macs > 10e6 || *scale < 0 || *scale > 100 {
		fmt.Fprintln(stderr, "fleet: want flags in their bounds and nothing else")
		flags.Usage()
		return 2
	}
	if *load {
		return told(stderr, writeLoad(stdout, *macs))
	}
	var all []*Seen
	for _, s := range Scenarios(*macs) {
		if *only != "" && s.Name != *only {
			continue
		}
		if *scale > 0 {
			s.Scale = *scale
		}
		all = append(all, Simulate(s, *seed))
	}
	if len(all) == 0 {
		fmt.Fprintf(stderr, "fleet: no scenario %q\n", *only)
		return 2
	}
	if *picture != "" {
		var b bytes.Buffer
		err := writeSVG(&b, all)
		if err == nil {
			err = os.WriteFile(*picture, b.Bytes(), 0o644)
		}
		if err != nil {
			return told(stderr, err)
		}
	}
	return told(stderr, writeRuns(stdout, all))
}

func told(stderr io.Writer, err error) int {
	if err != nil {
		fmt.Fprintln(stderr, "fleet:", err)
		return 2
	}
	return 0
}
