package eql

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

// fault is an error at a byte offset of a query's text. The parser and the compiler panic
// with it, and their entry points recover it.
type fault struct {
	at  int
	msg string
}

// fail ends parsing or compiling with an error at a byte offset.
func fail(at int, format string, args ...any) {
	panic(&fault{at, fmt.Sprintf(format, args...)})
}

// recoverFault, deferred, turns a fault into an *Error about a query's text.
func recoverFault(text string, err *error) {
	switch f := recover().(type) {
	case nil:
	case *fault:
		before := text[:min(f.at, len(text))]
		line := 1 + strings.Count(before, "\n")
		col := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
		*err = &Error{line, col, f.msg}
	default:
		panic(f)
	}
}
