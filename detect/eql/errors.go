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

// fault is an error that knows a byte offset. Line and column are worked out only when
// it is told to people.
type fault struct {
	at  int
	msg string
}

func (f *fault) Error() string { return f.msg }

// FaultAt returns an error at a byte offset of a query's text, which Locate makes an
// Error of. The two are exported for query languages that are built on this package.
func FaultAt(at int, format string, args ...any) error {
	return &fault{at, fmt.Sprintf(format, args...)}
}

// Locate turns an error of FaultAt into the Error for people. Any other error is about
// the text as a whole.
func Locate(text string, err error) *Error {
	f, ok := err.(*fault)
	if !ok {
		return &Error{1, 1, err.Error()}
	}
	before := text[:min(f.at, len(text))]
	line := 1 + strings.Count(before, "\n")
	col := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return &Error{line, col, f.msg}
}

// CheckText returns an *Error if a text is no query in any language: longer than
// 256 KiB, or not UTF-8.
func CheckText(text string) error {
	if len(text) > maxQuery {
		return &Error{1, 1, fmt.Sprintf("the query is longer than %d KiB", maxQuery>>10)}
	}
	if !utf8.ValidString(text) {
		return Locate(text, FaultAt(invalidByte(text), "the query is not valid UTF-8"))
	}
	return nil
}

// invalidByte returns the offset of the first byte that is no part of a character.
func invalidByte(text string) int {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(text[i:]); n == 1 {
				return i
			}
		}
	}
	return len(text)
}
