package eql

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const rawQuote = `"""`

// string reads a string at the lexer's position, in quotes of any sort, and returns
// what it stands for.
func (l *lexer) string() (string, error) {
	if strings.HasPrefix(l.text[l.pos:], rawQuote) {
		return l.rawString()
	}
	at, quote := l.pos, l.text[l.pos]
	stop := "\\\n\r" + string(rune(quote))
	var s strings.Builder
	for l.pos++; ; {
		n := strings.IndexAny(l.text[l.pos:], stop)
		if n < 0 {
			return "", FaultAt(at, "string is not closed")
		}
		s.WriteString(l.take(n))
		switch l.text[l.pos] {
		case quote:
			l.pos++
			return s.String(), nil
		case '\\':
			r, err := l.escape()
			if err != nil {
				return "", err
			}
			s.WriteRune(r)
		default:
			return "", FaultAt(at, "string is not closed on its line")
		}
	}
}

// rawString reads a string in which nothing is special. Up to two quotes before the
// closing three belong to it.
func (l *lexer) rawString() (string, error) {
	at := l.pos
	l.pos += len(rawQuote)
	n := strings.Index(l.text[l.pos:], rawQuote)
	if n < 0 || strings.ContainsAny(l.text[l.pos:l.pos+n], "\r\n") {
		return "", FaultAt(at, "raw string is not closed on its line")
	}
	for more := 0; more < 2 && strings.HasPrefix(l.text[l.pos+n+1:], rawQuote); more++ {
		n++
	}
	s := l.take(n)
	l.pos += len(rawQuote)
	return s, nil
}

// escape reads an escape sequence.
func (l *lexer) escape() (rune, error) {
	at := l.pos
	rest := l.text[at+1:]
	if rest == "" {
		return 0, FaultAt(at, "string is not closed")
	}
	if rest[0] == 'u' {
		return l.unicodeEscape()
	}
	const letters, meaning = `nrtbf\"'`, "\n\r\t\b\f\\\"'"
	i := strings.IndexByte(letters, rest[0])
	if i < 0 {
		r, _ := utf8.DecodeRuneInString(rest)
		return 0, FaultAt(at, `unknown escape \%c in a string: write \\ for a backslash, or use """ quotes`, r)
	}
	l.pos += 2
	return rune(meaning[i]), nil
}

// unicodeEscape reads \u{...}, the hexadecimal number of a character.
func (l *lexer) unicodeEscape() (rune, error) {
	at := l.pos
	rest := l.text[at+2:]
	end := strings.IndexByte(rest[:min(len(rest), 10)], '}')
	if !strings.HasPrefix(rest, "{") || end < 2 {
		return 0, FaultAt(at, `\u takes one to eight hexadecimal digits in braces, as in \u{e9}`)
	}
	n, err := strconv.ParseUint(rest[1:end], 16, 32)
	if err != nil || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return 0, FaultAt(at, `\u%s is not a character`, rest[:end+1])
	}
	l.pos += 2 + end + 1
	return rune(n), nil
}
