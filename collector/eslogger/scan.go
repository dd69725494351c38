package eslogger

import (
	"encoding/binary"
	"math/bits"
)

// The scanners below walk over JSON text without building anything. Each takes the
// index at which to start and returns the index after what it read; on text that is
// not JSON it returns the complement of the offending index, a negative number.
// They accept exactly what encoding/json accepts, down to maxDepth.

// maxDepth bounds nesting. eslogger's own lines reach 7.
const maxDepth = 64

// The scanners look at eight bytes at a time, as one little-endian word. Each byte of the
// words below is the same.
const (
	ones       = 0x0101010101010101
	highs      = ones << 7
	digitZeros = ones * '0'
)

func wordAt(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// findSpecial sets the high bit of the first byte of a word that is a quote, a backslash or
// a control character. Bits above it may be false: a subtraction borrows upwards only.
func findSpecial(w uint64) uint64 {
	quote, backslash := w^(ones*'"'), w^(ones*'\\')
	return ((quote - ones) | (backslash - ones) | (w - ones*' ')) &^ w & highs
}

// findNonDigit does the same for what is not a digit, in a word that was combined with
// digitZeros by exclusive or.
func findNonDigit(w uint64) uint64 { return (w + ones*(0x7f-9) | w) & highs }

// plainEnd returns the index of the next quote, backslash or control character from i on,
// the length of b if there is none.
func plainEnd(b []byte, i int) int {
	for len(b)-i >= 8 {
		if found := findSpecial(wordAt(b, i)); found != 0 {
			return i + bits.TrailingZeros64(found)>>3
		}
		i += 8
	}
	for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

// skipString starts after the opening quote and ends after the closing one.
func skipString(b []byte, i int) int {
	for {
		if i = plainEnd(b, i); i >= len(b) {
			return ^i
		}
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			if i = skipEscape(b, i); i < 0 {
				return i
			}
		default:
			return ^i
		}
	}
}

// skipEscape starts at the backslash.
func skipEscape(b []byte, i int) int {
	if i+1 >= len(b) {
		return ^len(b)
	}
	switch b[i+1] {
	case '/', '"', '\\', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		if _, ok := hex4(b, i+2); ok {
			return i + 6
		}
	}
	return ^i
}

// hex4 reads four hexadecimal digits at i.
func hex4(b []byte, i int) (rune, bool) {
	if len(b)-i < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[i : i+4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// skipNumber starts at the sign or the first digit.
func skipNumber(b []byte, i int) int {
	if i < len(b) && b[i] == '-' {
		i++
	}
	start := i
	i = skipDigits(b, i)
	switch {
	case i == start:
		return ^i
	case b[start] == '0' && i > start+1:
		return start + 1 // where the digits after it are not JSON
	case i < len(b) && (b[i] == '.' || b[i]|0x20 == 'e'):
		return skipFraction(b, i)
	}
	return i
}

// plainNumberEnd returns the index after a number of at most seven digits that has no sign,
// fraction or exponent, as most have not; 0 for another value.
func plainNumberEnd(b []byte, i int) int {
	if len(b)-i < 8 {
		return 0
	}
	w := wordAt(b, i) ^ digitZeros
	n := bits.TrailingZeros64(findNonDigit(w)) >> 3 // 8 if all are digits
	if n == 0 || n == 8 || n > 1 && w&0xff == 0 {
		return 0
	}
	if c := b[i+n]; c == '.' || c|0x20 == 'e' {
		return 0
	}
	return i + n
}

// skipFraction starts after a number's integer part.
func skipFraction(b []byte, i int) int {
	if b[i] == '.' {
		if i = skipDigits(b, i+1); b[i-1] == '.' {
			return ^i
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start := i
		if i = skipDigits(b, i); i == start {
			return ^i
		}
	}
	return i
}

func skipDigits(b []byte, i int) int {
	for len(b)-i >= 8 {
		if found := findNonDigit(wordAt(b, i) ^ digitZeros); found != 0 {
			return i + bits.TrailingZeros64(found)>>3
		}
		i += 8
	}
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// skipSpace skips what JSON calls white space. eslogger writes none, so the common case
// is one comparison.
func skipSpace(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}

// skipWord skips the literal that the byte at i begins.
func skipWord(b []byte, i int) int {
	word := "null"
	switch b[i] {
	case 't':
		word = "true"
	case 'f':
		word = "false"
	}
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return ^i
	}
	return i + len(word)
}

// skipValue skips any value, which lies below depth open objects and arrays.
func skipValue(b []byte, i, depth int) int {
	if i >= len(b) {
		return ^len(b)
	}
	switch c := b[i]; {
	case c == '"':
		return skipString(b, i+1)
	case c == '-' || c-'0' <= 9:
		return skipNumber(b, i)
	case c == '{' || c == '[':
		if depth >= maxDepth {
			return ^i
		}
		return skipMembers(b, i, depth+1)
	}
	return skipWord(b, i)
}

// skipMembers skips the object or array whose bracket is at i.
func skipMembers(b []byte, i, depth int) int {
	isObject, closer := b[i] == '{', b[i]+2 // of both brackets in ASCII
	if i = skipSpace(b, i+1); i < len(b) && b[i] == closer {
		return i + 1
	}
	for {
		if isObject {
			if _, at := skippedNames.match(b, i); at > 0 {
				i = at
			} else if i = skipName(b, i); i < 0 {
				return i
			}
		}
		switch end := plainNumberEnd(b, i); {
		case end > 0:
			i = end
		case i < len(b) && b[i] == '"':
			i = skipString(b, i+1)
		default:
			i = skipValue(b, i, depth)
		}
		if i < 0 {
			return i
		}
		if i = skipSpace(b, i); i >= len(b) {
			return ^i
		}
		if b[i] == closer {
			return i + 1
		}
		if b[i] != ',' {
			return ^i
		}
		i = skipSpace(b, i+1)
	}
}

// skipName starts before a member's name and ends at its value.
func skipName(b []byte, i int) int {
	if i >= len(b) || b[i] != '"' {
		return ^i
	}
	if i = skipString(b, i+1); i < 0 {
		return i
	}
	return skipColon(b, i)
}

// skipColon starts after a member's name and ends at its value.
func skipColon(b []byte, i int) int {
	if i = skipSpace(b, i); i >= len(b) || b[i] != ':' {
		return ^i
	}
	return skipSpace(b, i+1)
}
