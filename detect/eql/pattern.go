package eql

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxBetweenStars bounds the characters between two stars of a pattern, and so the time
// that a match takes for each byte of a hostile text.
const maxBetweenStars = 1024

// anyChar is the element of a pattern that stands for any one character.
const anyChar rune = -1

// pattern is what a text has to look like. Its pieces follow each other with anything
// between them: the text begins with the first and ends with the last. Each of the others
// is searched from left to right and taken where it occurs first, which for pieces of fixed
// length is never wrong, so that a match never goes back further than one piece is long.
type pattern struct {
	fold        bool
	first, last []rune
	stars       bool // without, the first piece is all
	between     []*search
}

// newWildcard compiles a pattern of * and ?.
func newWildcard(text string, fold bool) (*pattern, error) {
	var pieces [][]rune
	for i, text := range strings.Split(text, "*") {
		if i > 1 && len(pieces[i-1]) > maxBetweenStars {
			return nil, fmt.Errorf("pattern has more than %d characters between two stars", maxBetweenStars)
		}
		piece := characters(text, fold)
		for i, r := range piece {
			if r == '?' {
				piece[i] = anyChar
			}
		}
		pieces = append(pieces, piece)
	}
	return newPattern(fold, pieces...), nil
}

func newPattern(fold bool, pieces ...[]rune) *pattern {
	n := len(pieces) - 1
	p := &pattern{fold: fold, first: pieces[0], last: pieces[n], stars: n > 0}
	for i := 1; i < n; i++ {
		if len(pieces[i]) > 0 {
			p.between = append(p.between, newSearch(pieces[i]))
		}
	}
	return p
}

// characters returns the characters of a text as a match compares them.
func characters(s string, fold bool) []rune {
	if fold {
		s = strings.Map(FoldRune, s)
	}
	return []rune(s)
}

// match reports whether the whole of s matches.
func (p *pattern) match(s string) bool {
	n := p.begins(s, p.first)
	if n < 0 || !p.stars {
		return n == len(s)
	}
	s = s[n:]
	end := len(s)
	for range p.last {
		if end == 0 {
			return false
		}
		_, n := utf8.DecodeLastRuneInString(s[:end])
		end -= n
	}
	if p.begins(s[end:], p.last) < 0 {
		return false
	}
	s = s[:end]
	for _, piece := range p.between {
		n := p.find(s, piece)
		if n < 0 {
			return false
		}
		s = s[n:]
	}
	return true
}

// begins returns how many bytes of s are a piece that s begins with, -1 if it does not.
func (p *pattern) begins(s string, piece []rune) int {
	at := 0
	for _, want := range piece {
		if at == len(s) {
			return -1
		}
		r, n := firstRune(s[at:])
		if r != want && want != anyChar && !(p.fold && FoldRune(r) == want) {
			return -1
		}
		at += n
	}
	return at
}

// firstRune is utf8.DecodeRuneInString with a short way for ASCII. s is not empty.
func firstRune(s string) (r rune, size int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	return utf8.DecodeRuneInString(s)
}

// search finds a piece in one pass: bit i of its state says that the last i+1 characters of
// the text are the first i+1 of the piece (the shift-and method). Of a longer piece that
// finds the beginning.
type search struct {
	piece []rune
	final uint64          // the bit that says: found
	wild  uint64          // which of the characters may be any
	ascii [128]uint64     // which of them are this one
	other map[rune]uint64 // the same for the rest
}

func newSearch(piece []rune) *search {
	n := min(len(piece), 64)
	s := &search{piece: piece, final: 1 << (n - 1), other: map[rune]uint64{}}
	for i, r := range piece[:n] {
		if r == anyChar {
			s.wild |= 1 << i
		} else if r < utf8.RuneSelf {
			s.ascii[r] |= 1 << i
		} else {
			s.other[r] |= 1 << i
		}
	}
	return s
}

// find returns where the first occurrence of a piece in s ends, -1 if there is none.
func (p *pattern) find(s string, search *search) int {
	var state uint64
	for at := 0; at < len(s); {
		r, n := firstRune(s[at:])
		at += n
		if p.fold {
			r = FoldRune(r)
		}
		same := search.wild
		if r < utf8.RuneSelf {
			same |= search.ascii[r]
		} else {
			same |= search.other[r]
		}
		if state = (state<<1 | 1) & same; state&search.final == 0 {
			continue
		}
		if rest := p.begins(s[at:], search.piece[min(len(search.piece), 64):]); rest >= 0 {
			return at + rest
		}
	}
	return -1
}

// find returns where part is in s for the first or the last time, -1 if it is not.
func find(s, part string, fold, last bool) (begin, end int) {
	switch {
	case fold:
		return findFolded(s, part, last)
	case last:
		begin = strings.LastIndex(s, part)
	default:
		begin = strings.Index(s, part)
	}
	return begin, begin + len(part)
}

// findFolded is find in any case.
func findFolded(s, part string, last bool) (begin, end int) {
	var space, partSpace [128]byte // longer texts take memory
	text, want := appendFolded(space[:0], s), appendFolded(partSpace[:0], part)
	n := bytes.Index(text, want)
	if last {
		n = bytes.LastIndex(text, want)
	}
	if n < 0 {
		return -1, -1
	}
	// Letters that are equal in any case can have different lengths.
	begin, _ = offset(s, int64(utf8.RuneCount(text[:n])))
	n, _ = offset(s[begin:], int64(utf8.RuneCountInString(part)))
	return begin, begin + n
}

func appendFolded(to []byte, s string) []byte {
	for _, r := range s {
		to = utf8.AppendRune(to, FoldRune(r))
	}
	return to
}

// FoldRune returns the one character that stands for all that equal r in any case, a
// lower-case letter for the letters of ASCII.
func FoldRune(r rune) rune {
	if r >= utf8.RuneSelf {
		r = leastFold(r)
	}
	if 'A' <= r && r <= 'Z' {
		r += 'a' - 'A'
	}
	return r
}

// leastFold returns the least of all characters that equal r in any case.
func leastFold(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

// FoldedHash hashes strings that are equal in any case to one number (FNV-1a). With it an
// index can look up in one step what requirements ask for.
func FoldedHash(s string) uint64 {
	h := uint64(14695981039346656037)
	for _, r := range s {
		h = (h ^ uint64(FoldRune(r))) * 1099511628211
	}
	return h
}
