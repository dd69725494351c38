package plist

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// What is wrong with a document; errors.Is tells one from another.
var (
	ErrFormat    = errors.New("not a property list")
	ErrMalformed = errors.New("malformed property list")
	ErrTooLarge  = errors.New("property list too large")
	ErrTooDeep   = errors.New("property list nested too deeply")
	ErrTrailing  = errors.New("property list with more after its end")
)

// Error says what is wrong and where. Its text never holds more than a short, quoted
// piece of the document.
type Error struct {
	Form   string // binary, XML or text; "" when that is not known
	Kind   error  // ErrFormat, ErrMalformed, ErrTooLarge, ErrTooDeep or ErrTrailing
	Offset int    // of the first byte that is wrong, from 0; -1 when not known
	Line   int    // of that byte in XML and text, from 1; 0 when not known
	Why    string
}

// Error returns the kind, the place and the reason.
func (e *Error) Error() string {
	s := e.Kind.Error()
	if e.Form != "" {
		s += " (" + e.Form + ")"
	}
	switch {
	case e.Line > 0:
		s += ": line " + strconv.Itoa(e.Line)
	case e.Offset >= 0 && e.Kind != ErrFormat:
		s += ": byte " + strconv.Itoa(e.Offset)
	}
	return s + ": " + e.Why
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// fail refuses the document for what stands at an offset.
func (d *document) fail(kind error, offset int, format string, args ...any) error {
	e := &Error{Form: d.form, Kind: kind, Offset: offset, Why: fmt.Sprintf(format, args...)}
	if d.form != "binary" && offset >= 0 && offset <= len(d.b) {
		e.Line = 1 + bytes.Count(d.b[:offset], []byte("\n"))
	}
	return e
}

// quote shows a short piece of hostile text.
func quote[T ~string | ~[]byte](s T) string {
	if len(s) > maxQuoted {
		return strconv.QuoteToASCII(string(s[:maxQuoted])) + "..."
	}
	return strconv.QuoteToASCII(string(s))
}

const maxQuoted = 120 // bytes of a document that an error may repeat
