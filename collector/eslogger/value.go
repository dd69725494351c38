package eslogger

import (
	"math"
	"time"
)

// string reads a string; nil when it is absent.
func (d *Decoder) string(i int) ([]byte, int) {
	if i < len(d.line) && d.line[i] == '"' {
		return d.text(i + 1)
	}
	return nil, d.skipOdd(i)
}

// array calls read at each element of the array whose bracket is at i.
func (d *Decoder) array(i int, read func(i int) int) (next int) {
	b := d.line
	if i = skipSpace(b, i+1); i < len(b) && b[i] == ']' {
		return i + 1
	}
	d.depth++
	for {
		if i = read(i); i < 0 {
			return i
		}
		if i = skipSpace(b, i); i >= len(b) {
			return ^i
		}
		switch b[i] {
		case ',':
			i = skipSpace(b, i+1)
		case ']':
			d.depth--
			return i + 1
		default:
			return ^i
		}
	}
}

// maxWords bounds the arguments or the environment of one process. The kernel takes 1 MiB of both
// together, in which each word has at least its zero byte: no real event has more, and headers of
// the words of a made-up line would take many times its length.
const maxWords = 1 << 20

// strings reads an array of strings into to, those that keep accepts (nil: all). An
// element of another type is odd and left out.
func (d *Decoder) strings(i int, to [][]byte, keep func([]byte) bool) (list [][]byte, isArray bool, next int) {
	b := d.line
	if i >= len(b) || b[i] != '[' {
		return to, false, d.skipOdd(i)
	}
	next = d.array(i, func(i int) int {
		switch {
		case i >= len(b) || b[i] != '"':
			return d.skipOdd(i)
		case keep != nil && i+1 < len(b) && !mayBeAllowed(b[i+1]):
			return skipString(b, i+1)
		}
		s, next := d.text(i + 1)
		if next >= 0 && (keep == nil || keep(s)) {
			if len(to) == maxWords {
				return ^i
			}
			to = append(to, s)
		}
		return next
	})
	return to, next >= 0, next
}

// mayBeAllowed tells from the first byte whether an environment entry can be an allowed
// one, so that the many others are checked but not decoded.
func mayBeAllowed(first byte) bool {
	switch first {
	case 'H', 'C', 'S', 'D', '\\':
		return true
	}
	return false
}

// integer reads an integer: its sign, and its magnitude where that fits 64 bits.
func (d *Decoder) integer(i int) (negative bool, magnitude uint64, ok bool, next int) {
	b := d.line
	if end := plainNumberEnd(b, i); end > 0 {
		return false, digitsOf((wordAt(b, i) ^ digitZeros) << (64 - 8*(end-i))), true, end
	}
	if i >= len(b) || b[i] != '-' && b[i]-'0' > 9 {
		return false, 0, false, d.skipOdd(i)
	}
	if next = skipNumber(b, i); next < 0 {
		return false, 0, false, next
	}
	if b[i] == '-' {
		negative, i = true, i+1
	}
	const safe = 19 // digits that never overflow
	for n, c := range b[i:next] {
		c -= '0'
		if c > 9 || n >= safe && magnitude > (math.MaxUint64-uint64(c))/10 {
			d.odd++ // a fraction, an exponent, or more than 64 bits
			return false, 0, false, next
		}
		magnitude = magnitude*10 + uint64(c)
	}
	return negative, magnitude, true, next
}

// digitsOf returns the number whose eight digits are the bytes of a word: of two digits,
// of two of these, and of both halves.
func digitsOf(w uint64) uint64 {
	w = (w*10 + w>>8) & 0x00ff00ff00ff00ff
	w = (w*100 + w>>16) & 0x0000ffff0000ffff
	return (w*10_000 + w>>32) & 0xffffffff
}

func (d *Decoder) uint64(i int) (uint64, bool, int) {
	negative, n, ok, next := d.integer(i)
	if ok && negative && n != 0 {
		d.odd++
		return 0, false, next
	}
	return n, ok, next
}

func (d *Decoder) int32(i int) (int32, int) {
	n, _, next := d.signed(i)
	return n, next
}

func (d *Decoder) int(i int) (int, int) {
	n, next := d.int32(i)
	return int(n), next
}

// signed reads a number of 32 bits with its sign, 0 and false where there is none.
func (d *Decoder) signed(i int) (int32, bool, int) {
	negative, n, ok, next := d.integer(i)
	switch {
	case !ok:
		return 0, false, next
	case negative && n <= -math.MinInt32:
		return int32(-int64(n)), true, next
	case !negative && n <= math.MaxInt32:
		return int32(n), true, next
	}
	d.odd++
	return 0, false, next
}

// uint32 reads a number of 32 bits, 0 and false where there is none.
func (d *Decoder) uint32(i int) (uint32, bool, int) {
	negative, n, ok, next := d.integer(i)
	switch {
	case !ok:
		return 0, false, next
	case !negative && n <= math.MaxUint32 || n == 0:
		return uint32(n), true, next
	case negative && n <= -math.MinInt32: // some tools print an id with its sign
		return uint32(int32(-int64(n))), true, next
	}
	d.odd++
	return 0, false, next
}

func (d *Decoder) bool(i int) (bool, int) {
	if i < len(d.line) && (d.line[i] == 't' || d.line[i] == 'f') {
		return d.line[i] == 't', skipWord(d.line, i)
	}
	return false, d.skipOdd(i)
}

// time reads a time; zero when it is absent or not a time.
func (d *Decoder) time(i int) (time.Time, int) {
	text, next := d.string(i)
	if text == nil {
		return time.Time{}, next
	}
	t, ok := parseTime(text)
	if !ok {
		d.odd++
	}
	return t, next
}

// parseTime reads a time as RFC 3339 has it.
func parseTime(text []byte) (time.Time, bool) {
	var t time.Time
	if t.UnmarshalText(text) == nil { // without allocation, but stricter than Parse
		return t.UTC(), true
	}
	t, err := time.Parse(time.RFC3339Nano, string(text))
	return t.UTC(), err == nil
}
