package eql

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// fewStrings is the length up to which looking through a list beats hashing.
const fewStrings = 8

// verbatim returns a test for being one of a list.
func verbatim(list []string) func(string) bool {
	switch {
	case len(list) == 1: // what nearly all conditions ask for
		want := list[0]
		return func(s string) bool { return s == want }
	case len(list) <= fewStrings:
		return func(s string) bool { return slices.Contains(list, s) }
	}
	set := make(map[string]struct{}, len(list))
	for _, s := range list {
		set[s] = struct{}{}
	}
	return func(s string) bool { _, found := set[s]; return found }
}

// verbatimFold returns a test for being one of a list, in any case.
func verbatimFold(list []string) func(string) bool {
	if len(list) <= fewStrings {
		return func(s string) bool { return containsFold(list, s) }
	}
	set := make(map[uint64][]string, len(list))
	for _, s := range list {
		h := FoldedHash(s)
		set[h] = append(set[h], s)
	}
	return func(s string) bool { return containsFold(set[FoldedHash(s)], s) }
}

func containsFold(list []string, s string) bool {
	for _, want := range list {
		if strings.EqualFold(s, want) {
			return true
		}
	}
	return false
}

// FoldedHash hashes strings that are equal in any case to one number (FNV-1a). With it an
// index can look up in one step what requirements ask for.
func FoldedHash(s string) uint64 {
	h := uint64(14695981039346656037)
	for _, r := range s {
		h = (h ^ uint64(folded(r))) * 1099511628211
	}
	return h
}

// folded returns the one character that stands for all that equal r in any case, a
// lower-case letter for the letters of ASCII.
func folded(r rune) rune {
	if r < utf8.RuneSelf {
		return rune(lower(byte(r)))
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if least < utf8.RuneSelf {
		return rune(lower(byte(least)))
	}
	return least
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
