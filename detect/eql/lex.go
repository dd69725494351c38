package eql

import (
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
func (l *lexer) next() (token, error) {
	if err := l.skipSpace(); err != nil {
		return token{}, err
	}
	at, rest := l.pos, l.text[l.pos:]
	if rest == "" {
		return token{endOfText, at, ""}, nil
	}
	switch c := rest[0]; {
	case isNameStart(c):
		return token{word, at, l.take(wordLen(rest))}, nil
	case c == '"' || c == '\'':
		s, err := l.string()
		return token{stringText, at, s}, err
	case c == '`':
		s, err := l.quotedName()
		return token{quotedName, at, s}, err
	case isDigit(c) || c == '.' && len(rest) > 1 && isDigit(rest[1]):
		s, err := l.number()
		return token{number, at, s}, err
	}
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			return token{symbol, at, l.take(len(s))}, nil
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return token{}, FaultAt(at, "unexpected character %q", r)
}

// take returns the next n bytes and moves past them.
func (l *lexer) take(n int) string {
	s := l.text[l.pos : l.pos+n]
	l.pos += n
	return s
}

// skipSpace moves past white space and comments.
func (l *lexer) skipSpace() error {
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
				return FaultAt(l.pos, "comment is not closed")
			}
			l.pos += n + 4
		default:
			return nil
		}
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNameStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '@'
}

// wordLen returns the length of the name or keyword at the start of s.
func wordLen(s string) int {
	n := 1
	for n < len(s) && (isNameStart(s[n]) && s[n] != '@' || isDigit(s[n])) {
		n++
	}
	if n < len(s) && s[n] == '~' {
		n++
	}
	return n
}

// quotedName reads a name in backticks; a doubled backtick stands for one.
func (l *lexer) quotedName() (string, error) {
	at := l.pos
	var name strings.Builder
	for l.pos++; ; l.pos++ {
		n := strings.IndexAny(l.text[l.pos:], "`\n")
		if n < 0 || l.text[l.pos+n] == '\n' {
			return "", FaultAt(at, "name in backticks is not closed on its line")
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
		return "", FaultAt(at, "empty name in backticks")
	}
	return name.String(), nil
}

// number reads digits with an optional fraction and exponent.
func (l *lexer) number() (string, error) {
	s := l.text[l.pos:]
	n := digits(s)
	if n < len(s) && s[n] == '.' {
		n++
		n += digits(s[n:])
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		n++
		if n < len(s) && (s[n] == '+' || s[n] == '-') {
			n++
		}
		exp := digits(s[n:])
		if exp == 0 {
			return "", FaultAt(l.pos, "number %s has no digits in its exponent", s[:n])
		}
		n += exp
	}
	if n < len(s) && isNameStart(s[n]) {
		return "", FaultAt(l.pos+n, "unexpected character %q in a number", s[n])
	}
	return l.take(n), nil
}

func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}
