// Command check reads the documents that a receiver wrote down, alerts and heartbeats, and
// tells which Macs are silent, blind or losing alerts, and where a chain has gaps, was
// changed, or is told of twice. It takes them in any order and any number of times, a
// document a line, also in the records of an OpenTelemetry Collector's file exporter. It
// remembers a bounded amount for each Mac and gap, nothing for each document.
package main

import (
	"encoding/json"
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
	t := terms{now: clock, silent: *silent, partial: *partial}
	if err == nil {
		err = t.read(*now, *expect)
	}
	if err == nil && (*format != "text" && *format != "ndjson" || t.silent < 1) {
		err = fmt.Errorf("want -format text or ndjson, and -silent 1 or more")
	}
	l := newLedger()
	if err == nil {
		err = l.readAll(flags.Args(), stdin)
	}
	if err != nil {
		if err != flag.ErrHelp {
			fmt.Fprintln(stderr, "check:", err)
		}
		return 2
	}
	if *now == "newest" {
		t.now = l.newest
	}
	problems, err := l.print(stdout, l.judge(t), *format)
	if err != nil {
		fmt.Fprintln(stderr, "check:", err)
		return 2
	}
	l.summary(stderr, problems)
	if problems > 0 || l.wrong > 0 || l.overflow > 0 {
		return 1
	}
	return 0
}

// read takes the terms that are not in a flag's own form.
func (t *terms) read(now, expect string) (err error) {
	if now != "" && now != "newest" {
		if t.now, err = time.Parse(time.RFC3339, now); err != nil {
			return fmt.Errorf("-now %q: want a time such as 2026-03-04T05:06:07Z", now)
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
			t.expect = append(t.expect, line)
		}
	}
	return nil
}

func (l *ledger) readAll(files []string, stdin io.Reader) error {
	if len(files) == 0 {
		files = []string{"-"}
	}
	for _, name := range files {
		if err := l.readFile(name, stdin); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (l *ledger) readFile(name string, stdin io.Reader) error {
	r := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		r = f
	}
	long, err := readLines(r, maxLine, func(line []byte) { parseLine(line, l.add) })
	l.wrong += long
	return err
}

// print writes the findings and counts the problems. What a document says is escaped.
func (l *ledger) print(w io.Writer, all []finding, format string) (problems int, err error) {
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

func (l *ledger) summary(w io.Writer, problems int) {
	var repeats uint64
	for _, h := range l.hosts {
		for _, c := range h.chains {
			repeats += c.repeats
		}
	}
	fmt.Fprintf(w, "%d Macs, %d documents, %d of them repeats, %d without a place in a chain; %d lines or records that are no documents, %d documents beyond the bounds; %d problems\n",
		len(l.hosts), l.documents, repeats, l.unplaced, l.wrong, l.overflow, problems)
}
