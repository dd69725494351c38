package syslog

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxBytes is one more than the longest text handed to the system's log, counted
// after escapePercent. The unified log of macOS cuts near 1,024 bytes, its own
// prefix included.
const maxBytes = 900

const (
	cutMark   = "…"
	emptyText = "(empty message)"
)

// Clean returns the message as one printable line of valid UTF-8: control
// characters, line breaks, invisible and direction-changing characters are escaped as
// in a Go string, invalid bytes replaced by U+FFFD. It is never empty, and shorter than
// maxBytes also after escapePercent: a longer one is cut between two characters and
// ends in "…". A backslash stays as it is, so the result shows the message but does
// not encode it.
func Clean(message string) string {
	if strings.TrimSpace(message) == "" {
		return emptyText
	}
	const limit = maxBytes - 1
	out := make([]byte, 0, min(len(message), limit))
	size := 0 // of out after escapePercent
	fits := 0 // length of the longest prefix of out that leaves room for the mark
	var piece [utf8.UTFMax + len(`\U0010ffff`)]byte
	for i := 0; i < len(message); {
		r, width := utf8.DecodeRuneInString(message[i:])
		next := i + width
		p := appendVisible(piece[:0], r)
		cost := len(p)
		if r == '%' {
			cost = len(escapedPercent(message[next:]))
		}
		if size+cost > limit {
			return string(out[:fits]) + cutMark
		}
		out = append(out, p...)
		size += cost
		if size+len(cutMark) <= limit {
			fits = len(out)
		}
		i = next
	}
	return string(out)
}

// appendVisible appends the rune, or its escape when a terminal or a log viewer would
// not simply show it.
func appendVisible(b []byte, r rune) []byte {
	switch {
	case strconv.IsPrint(r): // false for every space but U+0020
		return utf8.AppendRune(b, r)
	case r == '\n':
		return append(b, `\n`...)
	case r == '\r':
		return append(b, `\r`...)
	case r == '\t':
		return append(b, `\t`...)
	case r < 0x100:
		return fmt.Appendf(b, `\x%02x`, r)
	case r < 0x10000:
		return fmt.Appendf(b, `\u%04x`, r)
	}
	return fmt.Appendf(b, `\U%08x`, r)
}

// escapePercent makes the text its own format for syslog(3), which is then called
// without any argument. Each % is doubled. A % before an m becomes \x25: some
// libraries expand %m before they look for pairs, and would turn %%m into a lone %
// with an error text behind it.
func escapePercent(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "%")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString(escapedPercent(after))
		text = after
	}
}

// escapedPercent returns what stands for a % in a format, given the text behind it.
func escapedPercent(after string) string {
	if strings.HasPrefix(after, "m") {
		return `\x25`
	}
	return "%%"
}
