package agent

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of text from outside in one alert, in bytes of JSON, where one byte may take six:
// together they keep every alert below maxDocument, whatever the text holds.
const (
	valueBytes      = 4 << 10   // a hook's value
	textBytes       = 2 << 10   // a path
	nameBytes       = 1 << 10   // an executable's path, a reason
	wordBytes       = 512       // a word: a name, a domain, a signing id
	argsBytes       = 8 << 10   // all arguments
	parentArgsBytes = 2 << 10   // all arguments of the parent
	argsWords       = 512       // arguments
	commandBytes    = 384       // a command line of the evidence
	pathBytes       = 256       // an executable's path in the evidence
	maxDocument     = 128 << 10 // a whole alert; what collectors take as one event
)

// cutMark ends a text that was cut.
const cutMark = "…"

// clip cuts a path at its bound.
func clip(s string) string { return clipTo(s, textBytes) }

// clipTo cuts a text so that it takes at most n bytes of JSON beside its mark. It returns
// a copy: the text may be a small part of arguments of a mebibyte, which an alert that is
// kept would keep alive.
func clipTo(s string, n int) string {
	if end, _ := fit(s, n); end < len(s) {
		return s[:end] + cutMark
	}
	return strings.Clone(s)
}

// fit returns how much of a text takes at most n bytes of JSON, and how many it takes.
func fit(s string, n int) (end, used int) {
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

// bounded returns as many arguments as fit into so many bytes of JSON, the last of them
// perhaps in part, and whether anything was left out. They are copies.
func bounded(args []string, room int) (kept []string, cut bool) {
	const around = len(`"",`)
	for i, arg := range args {
		if room -= around; i == argsWords || room <= 0 {
			return kept, true
		}
		end, used := fit(arg, room)
		if end < len(arg) {
			return append(kept, arg[:end]+cutMark), true
		}
		kept, room = append(kept, strings.Clone(arg)), room-used
	}
	return kept, false
}
