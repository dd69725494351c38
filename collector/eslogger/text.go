package eslogger

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// text decodes the string whose opening quote is before i, in place: no escape is shorter
// than what it stands for. It returns the text with the index after the closing quote.
func (d *Decoder) text(i int) ([]byte, int) {
	b, start := d.line, i
	i = plainEnd(b, i)
	n := i // end of the decoded text
	for i < len(b) {
		switch b[i] {
		case '"':
			return toValidUTF8(b[start:n:n]), i + 1
		case '\\':
			r, next := readEscape(b, i)
			if next < 0 {
				return nil, next
			}
			if r < utf8.RuneSelf {
				b[n] = byte(r)
				n++
			} else {
				n += utf8.EncodeRune(b[n:], r)
			}
			n, i = movePlain(b, n, next)
		default:
			return nil, ^i
		}
	}
	return nil, ^i
}

// movePlain moves the plain text at i down to n, and returns the ends of both.
func movePlain(b []byte, n, i int) (to, from int) {
	for len(b)-i >= 8 {
		w := wordAt(b, i)
		if findSpecial(w) != 0 {
			break
		}
		binary.LittleEndian.PutUint64(b[n:], w) // what it overwrites was read
		i, n = i+8, n+8
	}
	for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
		b[n] = b[i]
		i, n = i+1, n+1
	}
	return n, i
}

// readEscape decodes the escape whose backslash is at i; a surrogate without its other
// half becomes U+FFFD.
func readEscape(b []byte, i int) (rune, int) {
	next := skipEscape(b, i)
	if next < 0 {
		return 0, next
	}
	switch b[i+1] {
	case 'b':
		return '\b', next
	case 'f':
		return '\f', next
	case 'n':
		return '\n', next
	case 'r':
		return '\r', next
	case 't':
		return '\t', next
	case 'u':
		r, _ := hex4(b, i+2)
		if !utf16.IsSurrogate(r) {
			return r, next
		}
		if next+1 < len(b) && b[next] == '\\' && b[next+1] == 'u' {
			if low, ok := hex4(b, next+2); ok {
				if r := utf16.DecodeRune(r, low); r != utf8.RuneError {
					return r, next + 6
				}
			}
		}
		return utf8.RuneError, next
	}
	return rune(b[i+1]), next
}

// toValidUTF8 returns s with each byte that is not part of UTF-8 replaced by U+FFFD, as
// encoding/json does. eslogger has done so already; a hostile stream may not have.
func toValidUTF8(s []byte) []byte {
	if utf8.Valid(s) {
		return s
	}
	out := make([]byte, 0, len(s)+2*utf8.UTFMax)
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		out = utf8.AppendRune(out, r)
		s = s[n:]
	}
	return out
}
