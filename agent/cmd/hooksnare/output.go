package main

import (
	"bytes"
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

// newOutput returns an output in a format, "" for the one that suits where it goes.
func newOutput(w io.Writer, format string) (*output, error) {
	if format != "" && format != "text" && format != "ndjson" {
		return nil, fmt.Errorf("--format %q: expected text or ndjson", format)
	}
	return &output{w, format == "text" || format == "" && isTerminal(w)}, nil
}

// print writes a result: its document, or its text.
func (o *output) print(document any, text string) error {
	if o.isText {
		_, err := io.WriteString(o.w, text)
		return err
	}
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		return err
	}
	return o.printLine(bytes.TrimSuffix(line.Bytes(), []byte("\n")))
}

// printEach writes a list of results.
func printEach[T any](o *output, list []T, text func(*T) string) error {
	for i := range list {
		if err := o.print(&list[i], text(&list[i])); err != nil {
			return err
		}
	}
	return nil
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
	return o.print(a, "")
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

// newRows returns the rows of a page's section.
func newRows() *alert.Rows { return &alert.Rows{Indent: "  ", Width: 10} }

// sectionText returns a titled part of a page, nothing without a body.
func sectionText(title, body string) string {
	if body == "" {
		return ""
	}
	return title + "\n\n" + body + "\n"
}

// indentText returns text from outside as the body of a section.
func indentText(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimSpace(text)) {
		line = strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", "    ")
		if line = quote.Printable(line); line != "" {
			b.WriteString("  " + line)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// isTerminal reports whether a person watches what is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
