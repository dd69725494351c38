package eql

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxBetweenStars bounds the characters between two stars of a pattern, and so the
// state of a search, which lives on the stack.
const maxBetweenStars = searchWords * 64

// anyChar is the element of a pattern that stands for any one character.
const anyChar rune = -1

// glob is a compiled pattern of * and ?. What stands before the first star and after
// the last is compared in place; what stands between two is searched from left to
// right, each part at its first occurrence, which for parts of fixed length is never
// the wrong one. So a match takes one pass and never goes back.
type glob struct {
	fold   bool
	stars  bool
	least  int // characters that a match has at least
	prefix []rune
	suffix []rune
	parts  []*search
}

func hasWildcard(s string) bool { return strings.ContainsAny(s, "*?") }

// newGlob compiles a pattern.
func newGlob(pattern string, fold bool) (*glob, error) {
	g := &glob{fold: fold}
	pieces := strings.Split(pattern, "*")
	last := len(pieces) - 1
	g.stars = last > 0
	for i, piece := range pieces {
		chars := elements(piece, fold)
		g.least += len(chars)
		switch {
		case i == 0:
			g.prefix = chars
		case i == last:
			g.suffix = chars
		case len(chars) > maxBetweenStars:
			return nil, fmt.Errorf("pattern has more than %d characters between two stars", maxBetweenStars)
		case len(chars) > 0:
			g.parts = append(g.parts, newSearch(chars, fold))
		}
	}
	return g, nil
}

// elements returns the characters of a piece of a pattern as match compares them.
func elements(piece string, fold bool) []rune {
	var chars []rune
	for _, r := range piece {
		switch {
		case r == '?':
			r = anyChar
		case fold:
			r = folded(r)
		}
		chars = append(chars, r)
	}
	return chars
}

// match reports whether the whole of s matches.
func (g *glob) match(s string) bool {
	if len(s) < g.least {
		return false
	}
	s, ok := g.cutPrefix(s)
	if !ok || !g.stars {
		return ok && s == ""
	}
	if s, ok = g.cutSuffix(s); !ok {
		return false
	}
	for _, part := range g.parts {
		end := part.find(s)
		if end < 0 {
			return false
		}
		s = s[end:]
	}
	return true
}

func (g *glob) cutPrefix(s string) (rest string, ok bool) {
	for _, want := range g.prefix {
		if s == "" {
			return "", false
		}
		r, n := rune(s[0]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s)
		}
		if !g.same(r, want) {
			return "", false
		}
		s = s[n:]
	}
	return s, true
}

func (g *glob) cutSuffix(s string) (rest string, ok bool) {
	for i := len(g.suffix) - 1; i >= 0; i-- {
		if s == "" {
			return "", false
		}
		r, n := rune(s[len(s)-1]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeLastRuneInString(s)
		}
		if !g.same(r, g.suffix[i]) {
			return "", false
		}
		s = s[:len(s)-n]
	}
	return s, true
}

// same reports whether a character is the one of the pattern.
func (g *glob) same(r, want rune) bool {
	return r == want || want == anyChar || g.fold && folded(r) == want
}
