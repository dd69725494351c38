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

// plainEnd returns the index of the next quote, backslash or control character from i on,
// the length of b if there is none. It looks at eight bytes at a time.
func plainEnd(b []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for len(b)-i >= 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, backslash := w^(ones*'"'), w^(ones*'\\')
		// The high bit of the first byte that is one of them is set. Bits above it may
		// be false: a subtraction borrows upwards only.
		if found := ((quote - ones) | (backslash - ones) | (w - ones*' ')) &^ w & highs; found != 0 {
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
	for _, word := range [...]string{"null", "true", "false"} {
		if len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
			return i + len(word)
		}
	}
	return ^i
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
			if i >= len(b) || b[i] != '"' {
				return ^i
			}
			if i = skipString(b, i+1); i < 0 {
				return i
			}
			if i = skipColon(b, i); i < 0 {
				return i
			}
		}
		switch {
		case i < len(b) && b[i] == '"': // most values are strings and numbers
			i = skipString(b, i+1)
		case i < len(b) && b[i]-'0' <= 9:
			i = skipNumber(b, i)
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

// skipColon starts after a member's name and ends at its value.
func skipColon(b []byte, i int) int {
	if i = skipSpace(b, i); i >= len(b) || b[i] != ':' {
		return ^i
	}
	return skipSpace(b, i+1)
}
