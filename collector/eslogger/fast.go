package eslogger

import (
	"encoding/binary"
	"math"
	"math/bits"

	"hooksnare/pkg/event"
)

// What follows reads what eslogger writes: members without white space, of known names,
// with whole numbers and plain strings. Order and length of members are random, so a loop
// over bytes would pay for a wrong guess of the processor at the end of each; these read a
// word at a time and decide once. Whatever they do not know they leave, where it begins,
// to the readers that know all of JSON.

// fastRoom is how many bytes must follow the start of a member for a fast reader to look
// at it: nameRoom for its name, valueRoom for its value.
const (
	nameRoom  = 32 // a power of two
	valueRoom = 40
	fastRoom  = nameRoom + valueRoom
)

// word returns the first eight bytes of p.
func word(p []byte) uint64 { return binary.LittleEndian.Uint64(p) }

func load(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i : i+8]) }

// nameEnd returns the index of the quote, backslash or control character that is first
// among the 16 bytes from i, or i+16.
func nameEnd(b []byte, i int) int {
	low, high := special(load(b, i)), special(load(b, i+8))
	n := bits.TrailingZeros64(low) >> 3
	if low == 0 {
		n = 8 + bits.TrailingZeros64(high)>>3
	}
	return i + n
}

// notDigits marks with its high bit the first byte of w that is no digit. Marks above it
// may be false.
func notDigits(w uint64) uint64 {
	t := w ^ (ones * '0')
	return ((t + ones*(0x80-10)) | t) & highs
}

// zeroFirst tells of a number with a zero too many at the start of w. It is one
// comparison, which as good as never holds: many numbers are 0, and a look at the first
// digit alone would be a guess each time.
func zeroFirst(w uint64) bool {
	t := w ^ (ones * '0')
	return t<<8&0xff00|t>>8&0xff <= 9
}

// wholeNumber returns how many digits stand at i, if these are 1 to 15 without a zero too
// many, and 0 otherwise. There must be 16 bytes from i on.
func wholeNumber(b []byte, i int) int {
	w := load(b, i)
	low, high := notDigits(w), notDigits(load(b, i+8))
	n := bits.TrailingZeros64(low) >> 3
	if low == 0 {
		n = 8 + bits.TrailingZeros64(high)>>3
	}
	if n == 16 || zeroFirst(w) {
		return 0
	}
	return n
}

// timeBytes is the length of a time as eslogger writes those of files, with its quotes.
const timeBytes = len(`"2006-01-02T15:04:05.000000000Z"`)

// skipStat skips the members of a stat object as far as it knows how, from the quote of a
// name. It returns the index behind the object's brace and true, or the index of the
// member's name that it leaves, and false.
func skipStat(b []byte, i int) (int, bool) {
	for len(b)-i >= fastRoom {
		p := (*[fastRoom]byte)(b[i:])
		first := word(p[1:])
		s := &statNames.slots[first*statMagic>>(64-nameBits)]
		if p[0] != '"' || s.differs(first, word(p[9:]), word(p[17:])) {
			return i, false
		}
		v := int(s.value) & (nameRoom - 1)
		q := (*[valueRoom]byte)(p[v:])
		end := i + v
		if s.member < statTimes {
			n := wholeNumber(q[:], 0)
			if end += n; n == 0 { // very long, negative or wrong
				if end = skipNumber(b, end); end < 0 {
					return i, false
				}
			}
		} else {
			if q[0] != '"' || q[timeBytes-1] != '"' ||
				special(word(q[1:]))|special(word(q[9:]))|special(word(q[17:]))|special(word(q[timeBytes-9:])) != 0 {
				return i, false
			}
			end += timeBytes
		}
		if end >= len(b) {
			return i, false
		}
		if b[end] == '}' {
			return end + 1, true
		}
		if b[end] != ',' {
			return i, false
		}
		i = end + 1
	}
	return i, false
}

// eightDigits returns the number that the n digits at the start of w say, 1 <= n <= 8.
func eightDigits(w uint64, n int) uint64 {
	t := (w ^ ones*'0') << (64 - 8*n) // in front of them come zeros
	t = t*10 + t>>8
	const pairs = 0x000000ff000000ff
	return ((t&pairs)*(100+1000000<<32) + (t>>16&pairs)*(1+10000<<32)) >> 32
}

// number returns the number that the n digits at i say, 1 <= n <= 15.
func number(b []byte, i, n int) uint64 {
	if n <= 8 {
		return eightDigits(load(b, i), n)
	}
	return eightDigits(load(b, i), 8)*tens[n-8] + eightDigits(load(b, i+8), n-8)
}

var tens = [8]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7}

// fastToken reads an audit token of exactly the known members, each of them once: as many
// members as there are names, and every name among them. It leaves any other.
func fastToken(b []byte, i int) (t event.Token, next int, ok bool) {
	if i >= len(b) || b[i] != '{' {
		return t, 0, false
	}
	var values [16]uint64
	seen := 0
	i++
	for range tokenMembers {
		if len(b)-i < fastRoom {
			break
		}
		p := (*[fastRoom]byte)(b[i:])
		first := word(p[1:])
		s := &tokenNames.slots[(first&(1<<32-1))*tokenMagic>>(64-nameBits)]
		if p[0] != '"' || s.differs(first, word(p[9:]), 0) {
			return t, 0, false
		}
		v := int(s.value) & (nameRoom - 1)
		q := (*[valueRoom]byte)(p[v:])
		w := word(q[:])
		m := notDigits(w)
		if m&0x80 != 0 || zeroFirst(w) {
			return t, 0, false
		}
		n := bits.TrailingZeros64(m) >> 3 // 8 for more
		value := eightDigits(w, n)
		for n >= 8 && q[n&15]-'0' <= 9 {
			if n++; n > 10 {
				return t, 0, false
			}
			value = value*10 + uint64(q[(n-1)&15]-'0')
		}
		values[s.member&15] = value
		seen |= 1 << (s.member & 15)
		if value > math.MaxUint32 {
			return t, 0, false
		}
		end := q[n&15]
		i += v + n + 1
		if end == '}' {
			t = event.Token{
				PID: int32(values[tokenPID]), Version: uint32(values[tokenVersion]), AUID: uint32(values[tokenAUID]),
				EUID: uint32(values[tokenEUID]), RUID: uint32(values[tokenRUID]), EGID: uint32(values[tokenEGID]),
				RGID: uint32(values[tokenRGID]), ASID: uint32(values[tokenASID]),
			}
			return t, i, seen == allOfToken && values[tokenPID] <= math.MaxInt32
		}
		if end != ',' {
			return t, 0, false
		}
	}
	return t, 0, false
}

// tokenMembers is how many members an audit token has; allOfToken has the bit of each set.
const (
	tokenMembers = tokenVersion
	allOfToken   = 1<<(tokenVersion+1) - 2
)
