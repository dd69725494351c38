package eql

import (
	"strings"
	"unicode/utf8"
)

// stackRun is the number of characters of a text to look for in any case up to which
// that needs no memory of its own.
const stackRun = 64

// first returns the byte at which part begins in s for the first time, or -1.
func first(s, part string, fold bool) int {
	if !fold {
		return strings.Index(s, part)
	}
	return findFold(s, part, false)
}

// last returns the byte at which part begins in s for the last time, or -1.
func last(s, part string, fold bool) int {
	if !fold {
		return strings.LastIndex(s, part)
	}
	return findFold(s, part, true)
}

// findFold looks for part in any case. It goes through s once (the method of Knuth,
// Morris and Pratt), whatever both hold: either can be the choice of an attacker.
func findFold(s, part string, last bool) int {
	if part == "" {
		if last {
			return len(s)
		}
		return 0
	}
	var runes [stackRun]rune
	var lengths [stackRun]int32
	run := runes[:0]
	for _, r := range part {
		run = append(run, folded(r))
	}
	back := lengths[:0]
	if len(run) > stackRun {
		back = make([]int32, 0, len(run))
	}
	back = borders(back, run)
	end, have := -1, 0
	for i, r := range s {
		r = folded(r)
		for have > 0 && r != run[have] {
			have = int(back[have-1])
		}
		if r == run[have] {
			have++
		}
		if have == len(run) {
			if end = i + runeLen(s[i:]); !last {
				break
			}
			have = int(back[have-1])
		}
	}
	if end < 0 {
		return -1
	}
	for range run {
		_, n := utf8.DecodeLastRuneInString(s[:end])
		end -= n
	}
	return end
}

// borders appends to back, for each beginning of run, the length of the longest shorter
// beginning of run that it ends with.
func borders(back []int32, run []rune) []int32 {
	back = append(back, 0)
	n := int32(0)
	for _, r := range run[1:] {
		for n > 0 && r != run[n] {
			n = back[n-1]
		}
		if r == run[n] {
			n++
		}
		back = append(back, n)
	}
	return back
}

func runeLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

func hasPrefix(s, part string, fold bool) bool { return prefixLen(s, part, fold) >= 0 }

// prefixLen returns how many bytes of s are part, or -1 if s does not begin with it. In
// any case, that need not be the length of part.
func prefixLen(s, part string, fold bool) int {
	if !fold {
		if !strings.HasPrefix(s, part) {
			return -1
		}
		return len(part)
	}
	n := 0
	for _, want := range part {
		if n == len(s) {
			return -1
		}
		r, size := utf8.DecodeRuneInString(s[n:])
		if r != want && folded(r) != folded(want) {
			return -1
		}
		n += size
	}
	return n
}

func hasSuffix(s, part string, fold bool) bool {
	if !fold {
		return strings.HasSuffix(s, part)
	}
	for part != "" {
		if s == "" {
			return false
		}
		want, m := utf8.DecodeLastRuneInString(part)
		r, n := utf8.DecodeLastRuneInString(s)
		if r != want && folded(r) != folded(want) {
			return false
		}
		s, part = s[:len(s)-n], part[:len(part)-m]
	}
	return true
}

// containing returns the test for a part that is known beforehand and not empty.
func containing(part string, fold bool) func(string) bool {
	if !fold {
		return func(s string) bool { return strings.Contains(s, part) }
	}
	var run []rune
	for _, r := range part {
		run = append(run, folded(r))
	}
	if len(run) > maxBetweenStars {
		return func(s string) bool { return first(s, part, true) >= 0 }
	}
	search := newSearch(run, true)
	return func(s string) bool { return search.find(s) >= 0 }
}
