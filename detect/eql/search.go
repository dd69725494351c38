package eql

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// searchWords is the size of a search's state, in machine words.
const searchWords = 16

// search finds a run of characters, some of which may be any, in one pass: bit i of
// its state says that the last i+1 characters of the input are the first i+1 of the
// run (the shift-and method). The time per character does not depend on the input.
//
// A run of certain characters, in their case, is looked for as the text that it is.
type search struct {
	plain string // the run, "" if it takes a state to find it
	fold  bool
	words int             // of the state
	final uint64          // the bit of the last word that says: found
	ascii [128]uint16     // character to class
	other map[rune]uint16 // the same for the rest
	masks []uint64        // class*words: which characters of the run are of the class
}

// newSearch prepares the search for a run of 1 to maxBetweenStars characters.
func newSearch(run []rune, fold bool) *search {
	s := &search{fold: fold, words: (len(run) + 63) / 64, final: 1 << ((len(run) - 1) % 64)}
	if !fold && !slices.Contains(run, anyChar) && !slices.Contains(run, utf8.RuneError) { // which stands for bytes that are no text
		s.plain = string(run)
	}
	s.masks = make([]uint64, s.words) // class 0: characters that are not in the run
	for i, r := range run {
		if r == anyChar {
			s.masks[i/64] |= 1 << (i % 64)
		}
	}
	for i, r := range run {
		if r == anyChar {
			continue
		}
		class := s.class(r)
		if class == 0 {
			class = s.newClass(r)
		}
		s.masks[int(class)*s.words+i/64] |= 1 << (i % 64)
	}
	return s
}

func (s *search) newClass(r rune) uint16 {
	class := uint16(len(s.masks) / s.words)
	s.masks = append(s.masks, s.masks[:s.words]...)
	if r >= utf8.RuneSelf {
		if s.other == nil {
			s.other = map[rune]uint16{}
		}
		s.other[r] = class
		return class
	}
	s.ascii[r] = class
	if s.fold && 'a' <= r && r <= 'z' {
		s.ascii[r-'a'+'A'] = class
	}
	return class
}

// class returns the class of a character.
func (s *search) class(r rune) uint16 {
	if r < utf8.RuneSelf {
		return s.ascii[r]
	}
	if s.fold {
		if r = folded(r); r < utf8.RuneSelf {
			return s.ascii[r]
		}
	}
	return s.other[r]
}

// find returns the end of the first occurrence in text, or -1.
func (s *search) find(text string) int {
	if s.plain != "" {
		i := strings.Index(text, s.plain)
		if i < 0 {
			return -1
		}
		return i + len(s.plain)
	}
	if s.words > 1 {
		return s.findLong(text)
	}
	var state uint64
	for i := 0; i < len(text); {
		r, n := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(text[i:])
		}
		state = (state<<1 | 1) & s.masks[s.class(r)]
		i += n
		if state&s.final != 0 {
			return i
		}
	}
	return -1
}

// findLong is find for a run that needs more than one word.
func (s *search) findLong(text string) int {
	var state [searchWords]uint64
	for i := 0; i < len(text); {
		r, n := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(text[i:])
		}
		mask := s.masks[int(s.class(r))*s.words:]
		carry := uint64(1)
		for w := range s.words {
			out := state[w] >> 63
			state[w] = (state[w]<<1 | carry) & mask[w]
			carry = out
		}
		i += n
		if state[s.words-1]&s.final != 0 {
			return i
		}
	}
	return -1
}
