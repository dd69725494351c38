package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Error is one thing wrong with the configuration.
type Error struct {
	File string // a path, "environment" or "command line"
	Line int    // from 1; 0 where the file has no lines
	Key  string // as written there, with the way to it: "Outputs[1].URL"; "" for the file as a whole
	Why  string
}

// Error returns FILE[:LINE]: [KEY:] WHY.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		b.WriteString(":" + strconv.Itoa(e.Line))
	}
	if e.Key != "" {
		b.WriteString(": " + e.Key)
	}
	b.WriteString(": " + e.Why)
	return b.String()
}

// Errors is all that is wrong, in the order of the files and of the lines in them.
type Errors []*Error

// Error returns one line for each error.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find a single Error.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, one := range e {
		all[i] = one
	}
	return all
}

// err returns e as an error, nil when there is none.
func (e Errors) err() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// maxProblems bounds the errors told about one file: a file of a megabyte of wrong
// keys is one mistake, and more than this nobody reads.
const maxProblems = 100

// problems collects the errors of one file.
type problems struct {
	list Errors
	more int // beyond the bound
}

func (p *problems) add(e *Error) {
	if len(p.list) >= maxProblems {
		p.more++
		return
	}
	p.list = append(p.list, e)
}

// full says that further errors are only counted, so that callers can spare the work
// of wording them.
func (p *problems) full() bool { return len(p.list) >= maxProblems }

// sorted returns the errors by line and, last, how many more there were.
func (p *problems) sorted(file string) Errors {
	slices.SortStableFunc(p.list, func(a, b *Error) int { return a.Line - b.Line })
	if p.more > 0 {
		p.list = append(p.list, &Error{File: file, Why: fmt.Sprintf("%d more errors", p.more)})
	}
	return p.list
}
