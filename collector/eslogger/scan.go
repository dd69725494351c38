package eslogger

import "math/bits"

// The scanners below walk over JSON text without building anything. Each takes the
// index at which to start and returns the index after what it read; on text that is
// not JSON it returns the complement of the offending index, a negative number.
// They accept exactly what encoding/json accepts, down to maxDepth.

// maxDepth bounds nesting. eslogger's own lines reach 7.
const maxDepth = 64

// One byte repeated, and the high bit of each byte, of a word.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special marks with its high bit the first byte of w that is a quote, a backslash or a
// control character. Marks above the first one may be false: a subtraction borrows
// upwards only.
func special(w uint64) uint64 {
	q := w ^ (ones * '"')
	s := w ^ (ones * '\\')
	return ((q - ones) | (s - ones) | (w - ones*0x20)) &^ w & highs
}

// skipString starts after the opening quote and ends after the closing one. The first loop
// knows one escape, the slash that eslogger writes as \/ in every path, and looks for the
// quote past any number of them, without a decision for each.
func skipString(b []byte, i int) int {
	start := i
	var wrong, escaped uint64 // escaped: the first byte of the next word is behind a backslash
	for len(b)-i >= 8 {
		w := load(b, i)
		end := ((w ^ ones*'"') - ones | (w - ones*0x20)) &^ w & highs
		backslashes := zeroBytes(w ^ ones*'\\')
		odd := (backslashes<<8 | escaped) &^ zeroBytes(w^ones*'/')
		if end != 0 {
			first := end & -end
			if wrong|odd&(first|(first-1)) != 0 || b[i+bits.TrailingZeros64(end)>>3] != '"' {
				break
			}
			return i + bits.TrailingZeros64(end)>>3 + 1
		}
		wrong |= odd
		escaped = backslashes >> 56
		i += 8
	}
	return skipAnyString(b, start)
}

// zeroBytes marks with its high bit every byte of w that is zero, and no other.
func zeroBytes(w uint64) uint64 {
	const lows = ones * 0x7f
	return ^((w&lows + lows) | w | lows)
}

// skipAnyString is skipString for all of JSON.
func skipAnyString(b []byte, i int) int {
	for {
		for len(b)-i >= 8 {
			m := special(load(b, i))
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				goto found
			}
			i += 8
		}
		for i < len(b) && b[i] >= 0x20 && b[i] != '"' && b[i] != '\\' {
			i++
		}
		if i >= len(b) {
			return ^i
		}
	found:
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
	if len(b)-i > 16 { // the fast way: up to 15 digits
		if n := wholeNumber(b, i); n > 0 && (b[i+n] == ',' || b[i+n] == '}') {
			return i + n
		}
	}
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i >= len(b):
		return ^i
	case b[i] == '0':
		i++
	case '1' <= b[i] && b[i] <= '9':
		i = skipDigits(b, i)
	default:
		return ^i
	}
	return skipFraction(b, i)
}

// skipFraction starts after a number's integer part.
func skipFraction(b []byte, i int) int {
	if i < len(b) && b[i] == '.' {
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

// skipSpace skips what JSON calls white space. eslogger writes none, so the common
// case is one comparison.
func skipSpace(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' {
		if c := b[i]; c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			break
		}
		i++
	}
	return i
}

// skipWord skips the literal that the byte at i begins.
func skipWord(b []byte, i int) int {
	// Comparisons with texts of known length need no call.
	switch left := len(b) - i; {
	case left >= 5 && string(b[i:i+5]) == "false":
		return i + 5
	case left >= 4 && (string(b[i:i+4]) == "true" || string(b[i:i+4]) == "null"):
		return i + 4
	}
	return ^i
}

// skipScalar skips a string, a number or a literal.
func skipScalar(b []byte, i int) int {
	switch c := b[i]; {
	case c == '"':
		return skipString(b, i+1)
	case c == '-' || c-'0' <= 9:
		return skipNumber(b, i)
	default:
		return skipWord(b, i)
	}
}

// skipValue skips any value, which lies below depth open objects and arrays.
func skipValue(b []byte, i, depth int) int {
	if i < 0 {
		return i
	}
	if i >= len(b) {
		return ^len(b)
	}
	if c := b[i]; c != '{' && c != '[' {
		return skipScalar(b, i)
	}
	base := depth
	var objects uint64 // bit d: the value open at depth d is an object
	for {
		// b[i] begins a value.
		if i >= len(b) {
			return ^len(b)
		}
		switch b[i] {
		case '{', '[':
			if depth++; depth > maxDepth {
				return ^i
			}
			object := b[i] == '{'
			if object {
				// A small one; for a large one it costs too much to try.
				if end := skipFlat(b, i, 1); end >= 0 {
					i = end - 1 // at the brace, which closes it below
					objects |= 1 << (depth - 1)
					break
				}
			}
			objects &^= 1 << (depth - 1)
			if object {
				objects |= 1 << (depth - 1)
			}
			i = skipSpace(b, i+1)
			if i < len(b) && (object && b[i] == '}' || !object && b[i] == ']') {
				break // empty: b[i] closes it
			}
			if object {
				var done bool
				if i, done = skipStat(b, i); done {
					i-- // at the brace, which closes it below
					break
				}
				if i = skipKey(b, skipSpace(b, i)); i < 0 {
					return i
				}
			}
			continue
		default:
			if i = skipScalar(b, i); i < 0 {
				return i
			}
		}
		// A value has ended: close what it completes, go on to the next.
		for {
			if i < len(b) && b[i] <= ' ' {
				i = skipSpace(b, i)
			}
			if i >= len(b) {
				return ^len(b)
			}
			object := objects>>(depth-1)&1 != 0
			if b[i] == ',' {
				if i++; i < len(b) && b[i] <= ' ' {
					i = skipSpace(b, i)
				}
				if object {
					if i = skipKey(b, i); i < 0 {
						return i
					}
				}
				break
			}
			if object && b[i] != '}' || !object && b[i] != ']' {
				return ^i
			}
			i++
			if depth--; depth == base {
				return i
			}
		}
	}
}

// skipKey starts at the quote of a member's name and ends at its value.
func skipKey(b []byte, i int) int {
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
	if i < len(b) && b[i] != ':' {
		i = skipSpace(b, i)
	}
	if i >= len(b) || b[i] != ':' {
		return ^i
	}
	if i++; i < len(b) && b[i] <= ' ' {
		i = skipSpace(b, i)
	}
	return i
}
