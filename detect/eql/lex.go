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

var (
	spaceForm  = regexp.MustCompile(`^(?:[ \t\r\n\f]+|//[^\n]*|/\*(?s:.*?)\*/)*`)
	wordForm   = regexp.MustCompile(`^[A-Za-z_@][A-Za-z_0-9]*~?`)
	numberForm = regexp.MustCompile(`^(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]*)?`)
	symbolForm = regexp.MustCompile(`^(?:[=!<>]=|[-=<>:+*/%()\[\]{},.?|!])`)
	nameForm   = regexp.MustCompile("^`((?:[^`\n]|``)*)`")
	// A raw string: nothing is special in it, and up to two quotes before the closing three
	// belong to it.
	rawForm = regexp.MustCompile(`^"""([^\r\n]*?)"""("{0,2})`)
)

// next returns the next token.
func (l *lexer) next() token {
	l.skipSpace()
	at, rest := l.pos, l.text[l.pos:]
	switch {
	case rest == "":
		return token{endOfText, at, ""}
	case rest[0] == '"' || rest[0] == '\'':
		return token{stringText, at, l.scanString()}
	case rest[0] == '`':
		name := l.match(nameForm)
		if name == nil {
			fail(at, "name in backticks is not closed on its line")
		}
		if name[1] == "" {
			fail(at, "empty name in backticks")
		}
		return token{quotedName, at, strings.ReplaceAll(name[1], "``", "`")}
	}
	if m := l.match(wordForm); m != nil {
		return token{word, at, m[0]}
	}
	if m := l.match(numberForm); m != nil {
		if strings.TrimRight(m[0], "eE+-") != m[0] {
			fail(at, "number %s has no digits in its exponent", m[0])
		}
		if l.pos < len(l.text) && isNameStart(l.text[l.pos]) {
			fail(l.pos, "unexpected character %q in a number", l.text[l.pos])
		}
		return token{number, at, m[0]}
	}
	if m := l.match(symbolForm); m != nil {
		return token{symbol, at, m[0]}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	fail(at, "unexpected character %q", r)
	panic("unreachable")
}

// match moves past what matches a form, which it returns with its groups, nil if nothing
// does.
func (l *lexer) match(form *regexp.Regexp) []string {
	m := form.FindStringSubmatch(l.text[l.pos:])
	if m != nil {
		l.pos += len(m[0])
	}
	return m
}

// skipSpace moves past white space and comments.
func (l *lexer) skipSpace() {
	l.match(spaceForm)
	if strings.HasPrefix(l.text[l.pos:], "/*") {
		fail(l.pos, "comment is not closed")
	}
}

func isNameStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '@'
}

// scanString reads a string at the lexer's position, in quotes of any sort, and returns
// what it stands for.
func (l *lexer) scanString() string {
	at, quote := l.pos, l.text[l.pos]
	if strings.HasPrefix(l.text[at:], `"""`) {
		raw := l.match(rawForm)
		if raw == nil {
			fail(at, "raw string is not closed on its line")
		}
		return raw[1] + raw[2]
	}
	stop := "\\\n\r" + string(rune(quote))
	var s strings.Builder
	for l.pos++; ; {
		n := strings.IndexAny(l.text[l.pos:], stop)
		if n < 0 {
			fail(at, "string is not closed")
		}
		s.WriteString(l.text[l.pos : l.pos+n])
		l.pos += n + 1
		switch l.text[l.pos-1] {
		case quote:
			return s.String()
		case '\\':
			s.WriteRune(l.scanEscape(l.pos - 1))
		default:
			fail(at, "string is not closed on its line")
		}
	}
}

// scanEscape reads an escape sequence behind its backslash.
func (l *lexer) scanEscape(at int) rune {
	rest := l.text[l.pos:]
	if rest == "" {
		fail(at, "string is not closed")
	}
	if rest[0] == 'u' {
		end := strings.IndexByte(rest[:min(len(rest), 11)], '}')
		if !strings.HasPrefix(rest, "u{") || end < 3 {
			fail(at, `\u takes one to eight hexadecimal digits in braces, as in \u{e9}`)
		}
		n, err := strconv.ParseUint(rest[2:end], 16, 32)
		if err != nil || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
			fail(at, `\%s is not a character`, rest[:end+1])
		}
		l.pos += end + 1
		return rune(n)
	}
	const letters, meaning = `nrtbf\"'`, "\n\r\t\b\f\\\"'"
	i := strings.IndexByte(letters, rest[0])
	if i < 0 {
		r, _ := utf8.DecodeRuneInString(rest)
		fail(at, `unknown escape \%c in a string: write \\ for a backslash, or use """ quotes`, r)
	}
	l.pos++
	return rune(meaning[i])
}
