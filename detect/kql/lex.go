package kql

import (
	"strings"
	"unicode/utf8"

	"hooksnare/detect/eql"
)

// tokenKind tells the sorts of tokens apart.
type tokenKind uint8

const (
	endOfText tokenKind = iota
	word                // characters without quotes, escapes and stars as written
	keyword             // and, or, not; the text is in lower case
	quoted              // as written, with its quotes
	symbol              // an operator or punctuation
)

// token is one token and the byte offset where it begins.
type token struct {
	kind tokenKind
	at   int
	text string
}

// is reports whether the token is this symbol or keyword.
func (t token) is(text string) bool {
	return (t.kind == symbol || t.kind == keyword) && t.text == text
}

func (t token) isLiteral() bool { return t.kind == word || t.kind == quoted }

// describe names the token in messages.
func (t token) describe() string {
	switch t.kind {
	case endOfText:
		return "the end of the query"
	case quoted:
		return abridge(t.text)
	}
	return `"` + abridge(t.text) + `"`
}

// abridge cuts a text to what a message can carry.
func abridge(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	n := most
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}

// lexer cuts a text into tokens.
type lexer struct {
	text string
	pos  int
}

// special are the characters that end a word and that a backslash makes ordinary.
const special = `():<>"{}`

// symbols of two characters come before those that are their beginnings.
var symbols = []string{"<=", ">=", "<", ">", ":", "(", ")", "{", "}"}

// space is the white space of the language, which counts the no-break space.
const space = " \t\r\n\u00a0"

// next returns the next token.
func (l *lexer) next() (token, error) {
	rest := strings.TrimLeft(l.text[l.pos:], space)
	at := len(l.text) - len(rest)
	l.pos = at
	if rest == "" {
		return token{endOfText, at, ""}, nil
	}
	if rest[0] == '"' {
		n := quotedLen(rest)
		if n < 0 {
			return token{}, eql.FaultAt(at, "quote is not closed")
		}
		return token{quoted, at, l.take(n)}, nil
	}
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			return token{symbol, at, l.take(len(s))}, nil
		}
	}
	text := l.take(wordLen(rest))
	if k := keywordOf(text); k != "" {
		return token{keyword, at, k}, nil
	}
	return token{word, at, text}, nil
}

// take returns the next n bytes and moves past them.
func (l *lexer) take(n int) string {
	s := l.text[l.pos : l.pos+n]
	l.pos += n
	return s
}

// keywordOf returns the keyword that a word is, in any case, or "".
func keywordOf(s string) string {
	for _, k := range []string{"and", "or", "not"} {
		if len(s) == len(k) && strings.EqualFold(s, k) {
			return k
		}
	}
	return ""
}

// wordLen returns the length of the word at the start of s, which has one.
func wordLen(s string) int {
	for n := 0; n < len(s); {
		if s[n] == '\\' && n+1 < len(s) {
			n++ // what is behind a backslash belongs to the word
		} else if strings.IndexByte(special, s[n]) >= 0 {
			return n
		}
		r, size := utf8.DecodeRuneInString(s[n:])
		if strings.ContainsRune(space, r) {
			return n
		}
		n += size
	}
	return len(s)
}

// quotedLen returns the length of the string in quotes at the start of s, or -1.
func quotedLen(s string) int {
	for n := 1; n < len(s); n++ {
		switch s[n] {
		case '"':
			return n + 1
		case '\\':
			if n+1 < len(s) && (s[n+1] == '"' || s[n+1] == '\\') {
				n++
			}
		}
	}
	return -1
}
