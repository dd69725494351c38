package rules

import (
	"strings"
	"unicode/utf8"
)

// within returns the offset in a TOML text of a character of a string value: the one at
// a line and column, both from 1, of the string that the value at offset at stands for.
func within(text string, at, line, column int) int {
	q := quoted{text: text, i: at}
	q.open()
	for l, c := 1, 1; q.i < len(text) && (l < line || l == line && c < column); {
		r := q.next()
		if c++; r == '\n' {
			l, c = l+1, 1
		}
	}
	return min(q.i, len(text))
}

// quoted reads the characters of a TOML string that is known to be right.
type quoted struct {
	text    string
	i       int
	escapes bool // "..." rather than '...'
	long    bool // of three quotes
}

func (q *quoted) open() {
	rest := q.text[min(q.i, len(q.text)):]
	if rest == "" || rest[0] != '"' && rest[0] != '\'' {
		return
	}
	q.escapes = rest[0] == '"'
	if q.long = strings.HasPrefix(rest, strings.Repeat(rest[:1], 3)); !q.long {
		q.i++
		return
	}
	q.i += 3 // a line break right after the quotes is not part of the text
	for _, lineBreak := range [...]string{"\n", "\r\n"} {
		if strings.HasPrefix(rest[3:], lineBreak) {
			q.i += len(lineBreak)
			break
		}
	}
	q.joined()
}

// next passes one character of the string and returns it; an escape other than of a line
// break counts as any character.
func (q *quoted) next() rune {
	r, n := utf8.DecodeRuneInString(q.text[q.i:])
	if q.escapes && r == '\\' && q.i+1 < len(q.text) {
		n = 2
		switch q.text[q.i+1] {
		case 'n':
			r = '\n'
		case 'x':
			n = 4
		case 'u':
			n = 6
		case 'U':
			n = 10
		}
	}
	q.i += n
	q.joined()
	return r
}

// joined passes a backslash at the end of a line and the white space after it, which are
// no part of the string.
func (q *quoted) joined() {
	for q.long && q.escapes && strings.HasPrefix(q.text[min(q.i, len(q.text)):], `\`) {
		rest := strings.TrimLeft(q.text[q.i+1:], " \t\r")
		if !strings.HasPrefix(rest, "\n") {
			return
		}
		q.i = len(q.text) - len(strings.TrimLeft(rest, " \t\r\n"))
	}
}
