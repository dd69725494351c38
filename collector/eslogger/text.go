package eslogger

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// text decodes the string whose opening quote is before i, and returns it with the
// index after the closing quote. The result lies in the line where that is the same
// text, in the decoder's arena otherwise.
func (d *Decoder) text(i int) ([]byte, int) {
	b, start := d.line, i
	var all uint64 // every byte's high bit: no bit, only ASCII
	for len(b)-i >= 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		all |= w
		if m := special(w); m != 0 {
			i += bits.TrailingZeros64(m) >> 3
			break
		}
		i += 8
	}
	for i < len(b) && b[i] >= 0x20 && b[i] != '"' && b[i] != '\\' {
		all |= uint64(b[i])
		i++
	}
	if i >= len(b) || b[i] < 0x20 {
		return nil, ^i
	}
	if b[i] == '\\' {
		return d.unescape(start, i)
	}
	if all&highs != 0 {
		return d.valid(b[start:i]), i + 1
	}
	return b[start:i], i + 1
}

// unescape decodes the string that starts at start and has its first backslash at i.
// The arena has room for it: Decode made it as long as the line, and no escape is
// shorter than what it stands for.
func (d *Decoder) unescape(start, i int) ([]byte, int) {
	b := d.line
	out := d.arena[len(d.arena):cap(d.arena)]
	n := copy(out, b[start:i])
	all := uint64(0x80) // says that there may be more than ASCII
	if i-start <= 8 && isASCII(out[:n]) {
		all = 0
	}
	for {
		for len(b)-i >= fastRoom && len(out)-n >= 8 {
			w := load(b, i)
			binary.LittleEndian.PutUint64(out[n:], w) // what follows the match is overwritten
			k := bits.TrailingZeros64(special(w)) >> 3
			i, n = i+k, n+k
			all |= w
			if b[i] == '\\' && b[i+1] == '/' {
				i++ // the slash comes with the next word
				continue
			}
			if k < 8 {
				goto found
			}
		}
		for i < len(b) && b[i] >= 0x20 && b[i] != '"' && b[i] != '\\' {
			out[n] = b[i]
			all |= uint64(b[i])
			i, n = i+1, n+1
		}
		if i >= len(b) {
			return nil, ^i
		}
	found:
		switch {
		case b[i] == '"':
			d.arena = d.arena[:len(d.arena)+n]
			if all&highs == 0 {
				return out[:n:n], i + 1
			}
			return d.valid(out[:n:n]), i + 1
		case b[i] != '\\':
			return nil, ^i
		case i+1 < len(b) && b[i+1] == '/': // by far the commonest
			out[n] = '/'
			i, n = i+2, n+1
		default:
			r, next := readEscape(b, i)
			if next < 0 {
				return nil, next
			}
			n += utf8.EncodeRune(out[n:], r) // valid by itself
			i = next
		}
	}
}

func isASCII(s []byte) bool {
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
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

// valid returns s with each byte that is not part of UTF-8 replaced by U+FFFD, as
// encoding/json does. eslogger has done so already; a hostile stream may not have.
func (d *Decoder) valid(s []byte) []byte {
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
