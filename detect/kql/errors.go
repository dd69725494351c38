package kql

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error says what is wrong with a query, and where. Line and Col count from 1, Col in
// characters.
type Error struct {
	Line, Col int
	Msg       string
}

// Error returns line, column and message.
func (e *Error) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Col, e.Msg) }

// fault is an error inside this package: a byte offset says where. Line and column
// are worked out only when an error leaves the package.
type fault struct {
	at  int
	msg string
}

func (f *fault) Error() string { return f.msg }

func faultAt(at int, format string, args ...any) error {
	return &fault{at, fmt.Sprintf(format, args...)}
}

// locate turns a fault into the Error for people.
func locate(text string, err error) *Error {
	f, ok := err.(*fault)
	if !ok {
		return &Error{1, 1, err.Error()}
	}
	before := text[:min(f.at, len(text))]
	line := 1 + strings.Count(before, "\n")
	col := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return &Error{line, col, f.msg}
}
