package eql

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// tokenKind tells the sorts of tokens apart.
type tokenKind uint8

const (
	endOfText  tokenKind = iota
	word                 // a name or a keyword, perhaps with ~ at its end
	quotedName           // `name`; the text is what it stands for
	stringText           // the text is what it stands for
	number               // as written, without a sign
	symbol               // an operator or punctuation
)

// token is one token and the byte offset where it begins.
type token struct {
	kind tokenKind
	at   int
	text string
}

// is reports whether the token is this symbol or keyword.
func (t token) is(text string) bool {
	return (t.kind == symbol || t.kind == word) && t.text == text
}

// describe names the token in messages.
func (t token) describe() string {
	switch t.kind {
	case endOfText:
		return "the end of the query"
	case stringText:
		return "a string"
	case number:
		return "the number " + t.text
	}
	return `"` + t.text + `"`
}

// lexer cuts a text into tokens.
type lexer struct {
	text string
	pos  int
}

// symbols of two characters come before those that are their beginnings.
var symbols = []string{"==", "!=", "<=", ">=", "<", ">", "=", ":", "+", "-", "*", "/", "%",
	"(", ")", "[", "]", "{", "}", ",", ".", "?", "|", "!"}

// next returns the next token.
func (l *lexer) next() token {
	l.skipSpace()
	at, rest := l.pos, l.text[l.pos:]
	if rest == "" {
		return token{endOfText, at, ""}
	}
	switch c := rest[0]; {
	case isNameStart(c):
		return token{word, at, l.take(len(wordForm.FindString(rest)))}
	case c == '"' || c == '\'':
		return token{stringText, at, l.scanString()}
	case c == '`':
		return token{quotedName, at, l.scanQuotedName()}
	case isDigit(c) || c == '.' && len(rest) > 1 && isDigit(rest[1]):
		return token{number, at, l.scanNumber()}
	}
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			return token{symbol, at, l.take(len(s))}
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	fail(at, "unexpected character %q", r)
	panic("unreachable")
}

// take returns the next n bytes and moves past them.
func (l *lexer) take(n int) string {
	s := l.text[l.pos : l.pos+n]
	l.pos += n
	return s
}

// skipSpace moves past white space and comments.
func (l *lexer) skipSpace() {
	for {
		rest := strings.TrimLeft(l.text[l.pos:], " \t\r\n\f")
		l.pos = len(l.text) - len(rest)
		switch {
		case strings.HasPrefix(rest, "//"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			l.pos += n
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				fail(l.pos, "comment is not closed")
			}
			l.pos += n + 4
		default:
			return
		}
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNameStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '@'
}

var (
	wordForm   = regexp.MustCompile(`^[A-Za-z_@][A-Za-z_0-9]*~?`)
	numberForm = regexp.MustCompile(`^[0-9]*(\.[0-9]*)?([eE][+-]?[0-9]*)?`)
)

// scanQuotedName reads a name in backticks; a doubled backtick stands for one.
func (l *lexer) scanQuotedName() string {
	at := l.pos
	var name strings.Builder
	for l.pos++; ; l.pos++ {
		n := strings.IndexAny(l.text[l.pos:], "`\n")
		if n < 0 || l.text[l.pos+n] == '\n' {
			fail(at, "name in backticks is not closed on its line")
		}
		name.WriteString(l.take(n))
		if !strings.HasPrefix(l.text[l.pos:], "``") {
			break
		}
		name.WriteByte('`')
		l.pos++
	}
	l.pos++
	if name.Len() == 0 {
		fail(at, "empty name in backticks")
	}
	return name.String()
}

// scanNumber reads digits with an optional fraction and exponent.
func (l *lexer) scanNumber() string {
	at := l.pos
	s := l.take(len(numberForm.FindString(l.text[at:])))
	if strings.TrimRight(s, "eE+-") != s {
		fail(at, "number %s has no digits in its exponent", s)
	}
	if l.pos < len(l.text) && isNameStart(l.text[l.pos]) {
		fail(l.pos, "unexpected character %q in a number", l.text[l.pos])
	}
	return s
}

const rawQuote = `"""`

// scanString reads a string at the lexer's position, in quotes of any sort, and returns
// what it stands for.
func (l *lexer) scanString() string {
	if strings.HasPrefix(l.text[l.pos:], rawQuote) {
		return l.scanRawString()
	}
	at, quote := l.pos, l.text[l.pos]
	stop := "\\\n\r" + string(rune(quote))
	var s strings.Builder
	for l.pos++; ; {
		n := strings.IndexAny(l.text[l.pos:], stop)
		if n < 0 {
			fail(at, "string is not closed")
		}
		s.WriteString(l.take(n))
		switch l.text[l.pos] {
		case quote:
			l.pos++
			return s.String()
		case '\\':
			s.WriteRune(l.scanEscape())
		default:
			fail(at, "string is not closed on its line")
		}
	}
}

// scanRawString reads a string in which nothing is special. Up to two quotes before the
// closing three belong to it.
func (l *lexer) scanRawString() string {
	at := l.pos
	l.pos += len(rawQuote)
	n := strings.Index(l.text[l.pos:], rawQuote)
	if n < 0 || strings.ContainsAny(l.text[l.pos:l.pos+n], "\r\n") {
		fail(at, "raw string is not closed on its line")
	}
	for more := 0; more < 2 && strings.HasPrefix(l.text[l.pos+n+1:], rawQuote); more++ {
		n++
	}
	s := l.take(n)
	l.pos += len(rawQuote)
	return s
}

// scanEscape reads an escape sequence.
func (l *lexer) scanEscape() rune {
	at := l.pos
	rest := l.text[at+1:]
	if rest == "" {
		fail(at, "string is not closed")
	}
	if rest[0] == 'u' {
		return l.scanUnicodeEscape()
	}
	const letters, meaning = `nrtbf\"'`, "\n\r\t\b\f\\\"'"
	i := strings.IndexByte(letters, rest[0])
	if i < 0 {
		r, _ := utf8.DecodeRuneInString(rest)
		fail(at, `unknown escape \%c in a string: write \\ for a backslash, or use """ quotes`, r)
	}
	l.pos += 2
	return rune(meaning[i])
}

// scanUnicodeEscape reads \u{...}, the hexadecimal number of a character.
func (l *lexer) scanUnicodeEscape() rune {
	at := l.pos
	rest := l.text[at+2:]
	end := strings.IndexByte(rest[:min(len(rest), 10)], '}')
	if !strings.HasPrefix(rest, "{") || end < 2 {
		fail(at, `\u takes one to eight hexadecimal digits in braces, as in \u{e9}`)
	}
	n, err := strconv.ParseUint(rest[1:end], 16, 32)
	if err != nil || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		fail(at, `\u%s is not a character`, rest[:end+1])
	}
	l.pos += 2 + end + 1
	return rune(n)
}
