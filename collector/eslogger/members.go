package eslogger

import (
	"math"
	"time"

	"hooksnare/pkg/event"
)

// The readers below take the index of a value and return the index after it, or a
// negative one on an error. depth is the number of objects and arrays open around it.

// members are those of one object that were seen, a bit each.
type members uint32

// once refuses a member that its object has twice: readers disagree which of the two
// counts, and one that is not eslogger must not choose for us.
func (d *Decoder) once(seen *members, bit, i int) int {
	if *seen&(1<<bit) != 0 {
		d.why = "a member is there twice"
		return ^i
	}
	*seen |= 1 << bit
	return i
}

// open starts at '{' and ends at the first member's name, or behind an empty object.
func (d *Decoder) open(i int) (next int, more bool) {
	b := d.line
	if i++; i < len(b) && b[i] <= ' ' {
		i = skipSpace(b, i)
	}
	if i < len(b) && b[i] == '}' {
		return i + 1, false
	}
	return i, true
}

// object is open for a value that should be an object: null counts as absent, anything
// else as odd.
func (d *Decoder) object(i, depth int) (next int, more bool) {
	if i < 0 {
		return i, false
	}
	if i < len(d.line) && d.line[i] == '{' {
		return d.open(i)
	}
	return d.other(i, depth), false
}

// other skips a value of a type that was not wanted.
func (d *Decoder) other(i, depth int) int {
	if i < len(d.line) && d.line[i] != 'n' {
		d.odd++
	}
	return skipValue(d.line, i, depth)
}

// key reads a member's name and ends at its value. The fast way is what eslogger writes:
// a name without escapes, a colon, and no white space.
func (d *Decoder) key(i int) ([]byte, int) {
	b := d.line
	if i >= len(b) || b[i] != '"' {
		return nil, ^i
	}
	start := i + 1
	for j := start; len(b)-j >= fastRoom; j += 16 {
		end := nameEnd(b, j)
		if end == j+16 {
			continue
		}
		if b[end] == '"' && b[end+1] == ':' && b[end+2] > ' ' {
			return b[start:end], end + 2
		}
		break
	}
	key, i := d.text(start)
	if i < 0 {
		return nil, i
	}
	return key, skipColon(b, i)
}

// next starts after a member's value and ends at the next member's name, or behind the
// object.
func (d *Decoder) next(i int) (next int, more bool) {
	b := d.line
	if i < len(b) && b[i] <= ' ' {
		i = skipSpace(b, i)
	}
	if i >= len(b) {
		return ^len(b), false
	}
	switch b[i] {
	case ',':
		if i++; i < len(b) && b[i] <= ' ' {
			i = skipSpace(b, i)
		}
		return i, true
	case '}':
		return i + 1, false
	}
	return ^i, false
}

// str reads a string; nil when it is absent.
func (d *Decoder) str(i, depth int) ([]byte, int) {
	if i < 0 {
		return nil, i
	}
	if i < len(d.line) && d.line[i] == '"' {
		s, next := d.text(i + 1)
		if next >= 0 && s == nil {
			s = []byte{}
		}
		return s, next
	}
	return nil, d.other(i, depth)
}

// strings reads an array of strings into to, those that keep accepts (nil: all). An
// element of another type is odd and left out.
func (d *Decoder) strings(i int, to [][]byte, keep func([]byte) bool) ([][]byte, bool, int) {
	if i < 0 {
		return to, false, i
	}
	b := d.line
	if i >= len(b) || b[i] != '[' {
		return to, false, d.other(i, 3)
	}
	if words, next := d.flatStrings(i, to, keep); next >= 0 {
		return words, true, next
	}
	if i = skipSpace(b, i+1); i < len(b) && b[i] == ']' {
		return to, true, i + 1
	}
	for {
		switch {
		case i >= len(b) || b[i] != '"':
			i = d.other(i, 4)
		case keep == nil || i+1 < len(b) && mayKeep(b[i+1]):
			var s []byte
			if s, i = d.text(i + 1); i >= 0 && (keep == nil || keep(s)) {
				to = append(to, s)
			}
		default:
			i = skipString(b, i+1)
		}
		if i < 0 {
			return to, false, i
		}
		if i < len(b) && b[i] <= ' ' {
			i = skipSpace(b, i)
		}
		if i >= len(b) {
			return to, false, ^len(b)
		}
		if b[i] == ']' {
			return to, true, i + 1
		}
		if b[i] != ',' {
			return to, false, ^i
		}
		if i++; i < len(b) && b[i] <= ' ' {
			i = skipSpace(b, i)
		}
	}
}

// mayKeep tells from the first byte whether an environment entry can be an allowed one,
// so that the many others are checked but not decoded.
func mayKeep(first byte) bool {
	switch first {
	case 'H', 'C', 'S', 'D', '\\':
		return true
	}
	return false
}

// digits reads an integer: its sign, and its magnitude where that fits 64 bits.
func (d *Decoder) digits(i, depth int) (negative bool, magnitude uint64, ok bool, next int) {
	if i < 0 {
		return false, 0, false, i
	}
	b := d.line
	if i >= len(b) || b[i] != '-' && b[i]-'0' > 9 {
		return false, 0, false, d.other(i, depth)
	}
	if len(b)-i > 16 { // the fast way: up to 15 digits
		n := wholeNumber(b, i)
		if end := b[i+n]; n > 0 && (end == ',' || end == '}' || end == ']') {
			return false, number(b, i, n), true, i + n
		}
	}
	if next = skipNumber(b, i); next < 0 {
		return false, 0, false, next
	}
	if b[i] == '-' {
		negative, i = true, i+1
	}
	for _, c := range b[i:next] {
		c -= '0'
		if c > 9 || magnitude > (math.MaxUint64-uint64(c))/10 {
			d.odd++ // a fraction, an exponent, or more than 64 bits
			return false, 0, false, next
		}
		magnitude = magnitude*10 + uint64(c)
	}
	return negative, magnitude, true, next
}

func (d *Decoder) uint(i, depth int) (uint64, bool, int) {
	negative, n, ok, next := d.digits(i, depth)
	if ok && negative && n != 0 {
		d.odd++
		return 0, false, next
	}
	return n, ok, next
}

func (d *Decoder) int32(i, depth int) (int32, int) {
	n, _, next := d.signed(i, depth)
	return n, next
}

// signed reads a number of 32 bits with its sign, 0 and false where there is none.
func (d *Decoder) signed(i, depth int) (int32, bool, int) {
	negative, n, ok, next := d.digits(i, depth)
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

// unsigned reads a number of 32 bits, 0 and false where there is none.
func (d *Decoder) unsigned(i, depth int) (uint32, bool, int) {
	negative, n, ok, next := d.digits(i, depth)
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

// id reads the id of a user or a group, None where there is none.
func (d *Decoder) id(i, depth int) (uint32, int) {
	n, ok, next := d.unsigned(i, depth)
	if !ok {
		return event.None, next
	}
	return n, next
}

func (d *Decoder) small(i, depth int) (int, int) {
	n, next := d.int32(i, depth)
	return int(n), next
}

func (d *Decoder) bool(i, depth int) (bool, int) {
	if i < 0 {
		return false, i
	}
	if i < len(d.line) && (d.line[i] == 't' || d.line[i] == 'f') {
		return d.line[i] == 't', skipWord(d.line, i)
	}
	return false, d.other(i, depth)
}

func (d *Decoder) time(b []byte) time.Time {
	t, ok := timestamp(b)
	if !ok {
		d.odd++
		return time.Time{}
	}
	return t
}
