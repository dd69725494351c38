package redact

import "strings"

// lexer reads the words of a shell script: sh, bash, zsh and ksh alike. Text that is
// no script (a message, a program in another language) reads as some words too.
type lexer struct {
	s    *scan
	text string
	pos  int

	// The word being read. As long as its bytes lie side by side in the text it is a
	// range of it; from the first gap on its bytes are gathered.
	start, size int
	gathered    bool
	pieces      int // of the scan, where the word's begin
	subs        int
	w           word
}

// begin starts a word at pos.
func (l *lexer) begin() {
	s := l.s
	l.w, l.start, l.size, l.gathered = word{}, l.pos, 0, false
	l.pieces, l.subs = len(s.pieces), len(s.subs)
	s.bytes = s.bytes[:0]
}

// word reads one word; the text at pos is not a blank or an operator.
func (l *lexer) word() word {
	l.begin()
	first := l.pos
	for l.pos < len(l.text) {
		c := l.text[l.pos]
		if ends(c) && (l.pos != first || !l.substitutes()) {
			break
		}
		switch c {
		case '\\':
			l.w.loud = true
			l.escape()
		case '\'':
			l.w.loud = true
			l.pos++
			l.until(quoteEnd(l.text, l.pos, '\''))
			l.pos++
		case '"':
			l.w.loud = true
			l.double()
		case '$', '`', '<', '>':
			l.dollar(false)
		default:
			l.literal()
		}
	}
	l.pos = min(l.pos, len(l.text))
	return l.finish()
}

// finish completes the word.
func (l *lexer) finish() word {
	s := l.s
	l.w.subs = s.subs[l.subs:len(s.subs):len(s.subs)]
	if l.gathered {
		l.w.text, l.w.pieces = string(s.bytes), s.pieces[l.pieces:len(s.pieces):len(s.pieces)]
		return l.w
	}
	l.w.at, l.w.text = l.start, l.text[l.start:l.start+l.size]
	return l.w
}

// put adds a byte that stands at [from, to) of the text.
func (l *lexer) put(b byte, from, to int) {
	s, one := l.s, to > from+1
	if !l.gathered {
		if l.size == 0 {
			l.start = from
		}
		if !one && from == l.start+l.size {
			l.size++
			return
		}
		l.gathered = true
		s.bytes = append(s.bytes, l.text[l.start:l.start+l.size]...)
		if l.size > 0 {
			s.pieces = append(s.pieces, piece{from: int32(l.start), to: int32(l.start + l.size)})
		}
	}
	s.bytes = append(s.bytes, b)
	if n := len(s.pieces); !one && n > l.pieces && !s.pieces[n-1].one && int(s.pieces[n-1].to) == from {
		s.pieces[n-1].to++
	} else {
		s.pieces = append(s.pieces, piece{int32(l.size), int32(from), int32(to), one})
	}
	l.size++
}

// literal adds the byte at pos as it is.
func (l *lexer) literal() {
	l.put(l.text[l.pos], l.pos, l.pos+1)
	l.pos++
}

// until adds the bytes up to end as they are.
func (l *lexer) until(end int) {
	for l.pos < end {
		l.literal()
	}
}

// escape reads a backslash outside quotes.
func (l *lexer) escape() {
	if l.pos+1 == len(l.text) {
		l.literal()
		return
	}
	if l.text[l.pos+1] != '\n' {
		l.put(l.text[l.pos+1], l.pos, l.pos+2)
	}
	l.pos += 2
}

// double reads text in double quotes.
func (l *lexer) double() {
	l.pos++
	for l.pos < len(l.text) {
		switch c := l.text[l.pos]; c {
		case '"':
			l.pos++
			return
		case '\\':
			if l.pos+1 < len(l.text) && strings.IndexByte("$`\"\\\n", l.text[l.pos+1]) >= 0 {
				l.escape()
			} else {
				l.literal()
			}
		case '$', '`':
			l.dollar(true)
		default:
			l.literal()
		}
	}
}

// substitutes reports whether a process substitution begins at pos.
func (l *lexer) substitutes() bool {
	rest := l.text[l.pos:]
	return strings.HasPrefix(rest, "<(") || strings.HasPrefix(rest, ">(")
}

// dollar reads what the shell expands: its text stays as written, for the value is
// not here, but the commands in it are remembered.
func (l *lexer) dollar(quoted bool) {
	rest := l.text[l.pos:]
	l.w.live = true
	switch {
	case rest[0] == '`':
		l.substitution(1, quoteEndEscaped(l.text, l.pos+1, '`'))
	case strings.HasPrefix(rest, "$("), strings.HasPrefix(rest, "<("), strings.HasPrefix(rest, ">("):
		l.substitution(2, closing(l.text, l.pos+2))
	case strings.HasPrefix(rest, "${"):
		l.until(min(quoteEnd(l.text, l.pos, '}')+1, len(l.text)))
	case strings.HasPrefix(rest, "$'") && !quoted:
		l.w.loud = true
		l.pos += 2
		l.ansi()
	case strings.HasPrefix(rest, `$"`) && !quoted:
		l.w.loud = true
		l.pos++
		l.double()
	default:
		l.literal()
	}
}

// substitution adds a command substitution whose commands end at end.
func (l *lexer) substitution(opening, end int) {
	l.until(l.pos + opening)
	from := l.size
	l.until(end)
	l.s.subs = append(l.s.subs, span{from, l.size})
	l.until(min(end+1, len(l.text)))
}

// quoteEnd returns where the next c stands, or the end of the text.
func quoteEnd(text string, from int, c byte) int {
	if n := strings.IndexByte(text[from:], c); n >= 0 {
		return from + n
	}
	return len(text)
}

// quoteEndEscaped is quoteEnd for quotes in which a backslash takes the next byte.
func quoteEndEscaped(text string, from int, c byte) int {
	for i := from; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case c:
			return i
		}
	}
	return len(text)
}

// closing returns where the parenthesis closes that was opened before from.
func closing(text string, from int) int {
	open := 1
	for i := from; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '\'':
			i = quoteEnd(text, i+1, '\'')
		case '"':
			i = quoteEndEscaped(text, i+1, '"')
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				return i
			}
		}
	}
	return len(text)
}

// ends reports whether a byte ends a word that is not quoted.
func ends(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', ';', '&', '|', '(', ')', '<', '>':
		return true
	}
	return false
}
