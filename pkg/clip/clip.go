// Package clip bounds text from outside by what it takes in the JSON of an alert, so that the
// size of a document has a limit whatever the text holds. What it returns is a copy: a text may
// be a small part of arguments of a mebibyte, which an alert that is kept would keep alive.
package clip

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of text from outside in one document, in bytes of JSON, where one byte may take six.
const (
	ValueBytes = 4 << 10 // a hook's value
	PathBytes  = 2 << 10 // a path
	NameBytes  = 1 << 10 // an executable's path, a reason
	WordBytes  = 512     // a word: a name, a domain, a signing id
	maxArgs    = 512     // arguments
)

// Mark ends a text that was cut.
const Mark = "…"

// Path cuts a path at its bound.
func Path(s string) string { return Text(s, PathBytes) }

// Text cuts a text so that it takes at most n bytes of JSON beside its mark. It returns
// a copy: the text may be a small part of arguments of a mebibyte, which an alert that is
// kept would keep alive.
func Text(s string, n int) string {
	if end, _ := Fit(s, n); end < len(s) {
		return s[:end] + Mark
	}
	return strings.Clone(s)
}

// Fit returns how much of a text takes at most n bytes of JSON, and how many it takes.
func Fit(s string, n int) (end, used int) {
	for end < len(s) {
		r, size := utf8.DecodeRuneInString(s[end:])
		cost := jsonBytes(r, size)
		if used+cost > n {
			break
		}
		end, used = end+size, used+cost
	}
	return end, used
}

// jsonBytes is what a rune takes in the JSON of an alert.
func jsonBytes(r rune, size int) int {
	const escape = len(`\u0000`)
	switch {
	case r == '"' || r == '\\' || r == '\n' || r == '\r' || r == '\t':
		return 2
	case r < ' ' || r == utf8.RuneError && size == 1:
		return escape
	case r < 0x7f:
		return 1
	case r > 0xffff && !unicode.IsPrint(r):
		return 2 * escape // two surrogates
	case !unicode.IsPrint(r):
		return escape
	}
	return size
}

// Args returns as many arguments as fit into so many bytes of JSON, the last of them
// perhaps in part, and whether anything was left out. They are copies.
func Args(args []string, room int) (kept []string, cut bool) {
	const around = len(`"",`)
	for i, arg := range args {
		if room -= around; i == maxArgs || room <= 0 {
			return kept, true
		}
		end, used := Fit(arg, room)
		if end < len(arg) {
			return append(kept, arg[:end]+Mark), true
		}
		kept, room = append(kept, strings.Clone(arg)), room-used
	}
	return kept, false
}
