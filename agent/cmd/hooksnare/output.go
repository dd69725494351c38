package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/quote"
)

// output is where a command's results go: text for people, or a JSON document a line for
// programs. In neither can text from outside act on a terminal.
type output struct {
	w      io.Writer
	isText bool
}

// newOutput returns the results' output in the format that was asked for, or the one that suits
// where stdout goes.
func (s *settings) newOutput(cmd *cobra.Command) (*output, error) {
	out := &output{w: cmd.OutOrStdout()}
	switch s.format {
	case "text":
		out.isText = true
	case "ndjson":
	case "":
		out.isText = isTerminal(out.w)
	default:
		return nil, fmt.Errorf("--format %q: expected text or ndjson", s.format)
	}
	return out, nil
}

// print writes a result: its document, or its text.
func (o *output) print(document any, text func() string) error {
	if o.isText {
		_, err := io.WriteString(o.w, text())
		return err
	}
	line, err := json.Marshal(document)
	if err != nil {
		return err
	}
	return o.printLine(line)
}

// printLine writes a document that is JSON already.
func (o *output) printLine(line []byte) error {
	_, err := o.w.Write(append(slices.Clip(alert.Escaped(line)), '\n'))
	return err
}

// printAlert writes an alert.
func (o *output) printAlert(a *alert.Alert) error {
	if o.isText {
		return a.Write(o.w)
	}
	line, err := a.Line()
	if err != nil {
		return err
	}
	return o.printLine(line)
}

// note writes a remark beside the results, after the name of the verb.
func note(cmd *cobra.Command, format string, args ...any) {
	verb := cmd
	for verb.HasParent() && verb.Parent().HasParent() {
		verb = verb.Parent()
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", verb.Name(), quote.Printable(fmt.Sprintf(format, args...)))
}

// alignColumns returns rows of cells as text, two blanks between the columns.
func alignColumns(rows [][]string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				io.WriteString(w, "\t")
			}
			io.WriteString(w, quote.Printable(cell))
		}
		io.WriteString(w, "\n")
	}
	w.Flush() // into memory
	return b.String()
}

// sectionText returns a titled part of a page, nothing without a body.
func sectionText(title, body string) string {
	if body == "" {
		return ""
	}
	return title + "\n\n" + body + "\n"
}

// indentLines returns lines of text from outside as the body of a section.
func indentLines(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		if line = quote.Printable(strings.ReplaceAll(line, "\t", "    ")); line != "" {
			b.WriteString("  " + line)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// indentText is indentLines for a text of several lines.
func indentText(text string) string {
	if text = strings.TrimSpace(text); text == "" {
		return ""
	}
	return indentLines(strings.Split(text, "\n")...)
}

// isTerminal reports whether a person watches what is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// stderrTerminal reports whether a person watches stderr.
func stderrTerminal() bool { return isTerminal(os.Stderr) }
