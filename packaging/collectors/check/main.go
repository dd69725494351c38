// Command check reads the documents that a receiver kept, alerts and heartbeats, and reports
// which Macs are silent, blind or losing alerts, and where a chain has gaps, was changed or
// belongs to two Macs. It takes them in any order and any number of times, a document a line,
// also in the records of an OpenTelemetry Collector's file exporter. It remembers a bounded
// amount for each Mac and gap, nothing for each document.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, time.Now())) }

const usage = `usage: check [flags] [FILE...]

Reads documents from the files, or from standard input ("-"), and prints a line for each
finding. Exit 0: all is well; 1: something is not; 2: usage, or input that can't be read.

`

func run(args []string, stdin io.Reader, stdout, stderr io.Writer, clock time.Time) int {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage); flags.PrintDefaults() }
	now := flags.String("now", "", "RFC 3339 `time` to judge silence at, or newest for that of the newest document (default the clock)")
	silent := flags.Float64("silent", 3, "heartbeat `intervals` without one that make a Mac silent")
	partial := flags.Bool("partial", false, "the output has a MinSeverity above low: gaps are normal")
	expect := flags.String("expect", "", "`file` with the ids or names of all Macs, one a line")
	format := flags.String("format", "text", "text or ndjson")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 2
	}
	c := criteria{now: clock, silent: *silent, partial: *partial}
	if err == nil {
		err = c.read(*now, *expect)
	}
	if err == nil && (*format != "text" && *format != "ndjson" || c.silent < 1) {
		err = errors.New("expected -format text or ndjson, and -silent 1 or more")
	}
	l := newLedger()
	if err == nil {
		err = l.readFiles(flags.Args(), stdin)
	}
	problems := 0
	if err == nil {
		if *now == "newest" {
			c.now = l.newest
		}
		problems, err = printFindings(stdout, l.judge(c), *format)
	}
	if err != nil {
		fmt.Fprintln(stderr, "check:", err)
		return 2
	}
	l.printSummary(stderr, problems)
	if problems > 0 || l.malformed > 0 || l.overflow > 0 {
		return 1
	}
	return 0
}

// read takes the criteria that are not in a flag's own form.
func (c *criteria) read(now, expect string) (err error) {
	if now != "" && now != "newest" {
		if c.now, err = time.Parse(time.RFC3339, now); err != nil {
			return fmt.Errorf("-now %q: expected a time such as 2026-03-04T05:06:07Z", now)
		}
	}
	if expect == "" {
		return nil
	}
	b, err := os.ReadFile(expect)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" {
			c.expect = append(c.expect, line)
		}
	}
	return nil
}

// readFiles reads files, "-" being stdin; without any stdin.
func (l *ledger) readFiles(files []string, stdin io.Reader) error {
	if len(files) == 0 {
		return l.readLines(stdin, maxLine)
	}
	for _, name := range files {
		in := io.NopCloser(stdin)
		if name != "-" {
			f, err := os.Open(name)
			if err != nil {
				return err
			}
			in = f
		}
		if err := errors.Join(l.readLines(in, maxLine), in.Close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// printFindings writes the findings and counts the problems. What a document says is escaped.
func printFindings(w io.Writer, all []finding, format string) (problems int, err error) {
	enc := json.NewEncoder(w)
	for _, f := range all {
		if f.Problem {
			problems++
		}
		if format == "ndjson" {
			err = enc.Encode(f)
		} else {
			_, err = fmt.Fprintf(w, "%s %-14s %s\n", quote(f.title()), f.Finding, quote(f.Detail))
		}
		if err != nil {
			return problems, err
		}
	}
	return problems, nil
}

func (f finding) title() string {
	if f.Name == "" || f.Name == f.Host {
		return f.Host
	}
	return f.Name + " (" + f.Host + ")"
}

// quote makes text harmless for a terminal.
func quote(s string) string {
	q := fmt.Sprintf("%+q", s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

func (l *ledger) printSummary(w io.Writer, problems int) {
	fmt.Fprintf(w, "%d Macs, %d documents, %d of them repeats, %d without a place in a chain; %d lines or records that are no documents, %d documents beyond the bounds; %d problems\n",
		len(l.hosts), l.documents, l.repeats, l.unchained, l.malformed, l.overflow, problems)
}
