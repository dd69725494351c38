// Package quote shows text from outside to people. What it returns is one line of printable
// characters: it cannot move a terminal's cursor, hide or reorder text, or pass for a second
// line.
package quote

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounded returns at most limit bytes of a text as a Go string literal, followed by "…" where
// it was cut. It cuts between characters.
func Bounded(s string, limit int) string {
	if len(s) <= limit {
		return strconv.Quote(s)
	}
	end := limit
	for end > 0 && end > limit-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return strconv.Quote(s[:end]) + "…"
}

// Printable returns a text as it is where all of it is printable, and otherwise with the
// escapes of a Go string literal, without its quotes. It does not bound the length.
func Printable(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return s
	}
	q := strconv.Quote(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}
