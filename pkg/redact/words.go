package redact

import "strings"

// word is one word of a command. Its span leaves out quotation marks around the whole
// word; the bytes in it are as they were written.
type word struct {
	span
	kind  wordKind
	quote byte // the mark around the whole word, or 0
}

type wordKind uint8

const (
	plain      wordKind = iota
	argument            // a whole argument, which no shell has split
	inputFile           // after <
	outputFile          // after >
	hereText            // after <<<
	hereLine            // the first line of a here-document
)

func (s *scan) text(w word) string { return s.args[w.arg][w.from:w.to] }

// maxEscapes bounds the backslashes before a quotation mark: quotes within quotes
// double them, so this allows four levels.
const maxEscapes = 7

// quoteSize returns the size of the quotation mark at a place of a text, with the
// backslashes before it: 0 if there is none. A string ends at the same mark that it
// began with, so texts within texts need no unescaping. The two ways to write an
// apostrophe within apostrophes are marks too, also as they stand in double quotes.
func quoteSize(text string, at int) int {
	for _, mark := range [...]string{`'\''`, `'"'"'`, `'\\''`, `'\"'\"'`} {
		if at+1 < len(text) && text[at] == '\'' && strings.HasPrefix(text[at:], mark) {
			return len(mark)
		}
	}
	n := 0
	for at+n < len(text) && text[at+n] == '\\' && n < maxEscapes {
		n++
	}
	if at+n == len(text) || text[at+n] != '"' && text[at+n] != '\'' {
		return 0
	}
	return n + 1
}

// lexer splits text into words. A quotation mark that nothing closes is found out once
// and then taken for an apostrophe, so that the time stays linear.
type lexer struct {
	src      string
	pos      int
	unclosed [2][maxEscapes + 1]bool
}

// closing returns where the string ends that the quotation mark before from began.
func (l *lexer) closing(mark string, from int) (int, bool) {
	unclosed := &l.unclosed[strings.IndexByte(`"'`, mark[len(mark)-1])][len(mark)-1]
	for i := from; i < len(l.src) && !*unclosed; i++ {
		if c := l.src[i]; c != '\\' && c != mark[len(mark)-1] {
			continue
		}
		size := quoteSize(l.src, i)
		if size > 0 && l.src[i:i+size] == mark {
			return i, true
		}
		i += max(size, 1) - 1
	}
	*unclosed = true
	return 0, false
}

// element steps over one element of a word: a string, an escaped byte or a byte. It
// returns what stands between the quotation marks of a string, and the mark.
func (l *lexer) element() (from, to int, quote byte) {
	if size := quoteSize(l.src, l.pos); size > 0 {
		from = l.pos + size
		if to, ok := l.closing(l.src[l.pos:from], from); ok {
			l.pos = to + size
			return from, to, l.src[from-1]
		}
		l.pos = from
	} else if l.src[l.pos] == '\\' {
		l.pos = min(l.pos+2, len(l.src))
	} else {
		l.pos++
	}
	return l.pos, l.pos, 0
}

// word reads one word; the text at pos is not a blank or an operator.
func (l *lexer) word(arg int) word {
	start := l.pos
	if l.src[l.pos] == '$' && quoteSize(l.src, l.pos+1) > 0 {
		l.pos++
	}
	from, to, quote := l.element()
	if quote != 0 && (l.pos == len(l.src) || endsWord(l.src[l.pos])) {
		return word{span: span{arg, from, to}, quote: quote}
	}
	for l.pos < len(l.src) && !endsWord(l.src[l.pos]) {
		l.element()
	}
	return word{span: span{arg, start, l.pos}}
}

// endsWord reports whether a byte ends a word that is not quoted.
func endsWord(c byte) bool { return strings.IndexByte(" \t\r\n;&|()<>`", c) >= 0 }

// unquote returns the range without one pair of quotation marks around it, and the
// mark.
func unquote(text string, from, to int) (int, int, byte) {
	l := lexer{src: text[:to], pos: from}
	if to-from > 2 && text[from] == '$' {
		l.pos++
	}
	if quoteSize(l.src, l.pos) > 0 {
		if start, end, quote := l.element(); l.pos == to && quote != 0 {
			return start, end, quote
		}
	}
	return from, to, 0
}
