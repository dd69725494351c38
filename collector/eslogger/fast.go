package eslogger

import (
	"encoding/binary"
	"math"
	"math/bits"

	"hooksnare/pkg/event"
)

// What follows reads what eslogger writes: members without white space, names of at most
// 16 bytes without escapes, whole numbers and strings. Order and length of members are
// random, so a loop over bytes would pay for a wrong guess of the processor at the end
// of each; these read a word at a time and decide once. Whatever they do not know they
// leave, where it begins, to the readers that know all of JSON.

// fastRoom is how many bytes must follow the start of a member for a fast reader to look
// at it: the longest known name with its value, and a word to spare.
const fastRoom = 64

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

// digitsEnd returns the index of the first byte from i on that is no digit. Eight bytes
// must be there to look at.
func digitsEnd(b []byte, i int) int {
	for len(b)-i >= 8 {
		if m := notDigits(load(b, i)); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
	}
	return skipDigits(b, i)
}

// leadingZero tells of a number that begins at i and has a zero too many. It is one
// comparison, which as good as never holds: many numbers are 0, and a look at the first
// digit alone would be a guess each time.
func leadingZero(b []byte, i int) bool {
	return uint(b[i]-'0')<<8|uint(b[i+1]-'0') <= 9
}

// timeBytes is the length of a time as eslogger writes those of files, with its quotes.
const timeBytes = len(`"2006-01-02T15:04:05.000000000Z"`)

// isPlainTime reports whether a string of timeBytes, with its quotes, begins at i.
func isPlainTime(b []byte, i int) bool {
	return b[i] == '"' && b[i+timeBytes-1] == '"' &&
		special(load(b, i+1))|special(load(b, i+9))|special(load(b, i+17))|special(load(b, i+timeBytes-9)) == 0
}

// skipStat skips the members of a stat object as far as it knows how, from the quote of a
// name. It returns the index behind the object's brace and true, or the index of the
// member that it leaves, and false.
func skipStat(b []byte, i int) (int, bool) {
	for len(b)-i >= fastRoom && b[i] == '"' {
		member, v := statNames.find(b, i+1)
		switch {
		case member == 0:
			return i, false
		case member < statTimes:
			if b[v] == '-' {
				v++
			}
			if b[v]-'0' > 9 || leadingZero(b, v) {
				return i, false
			}
			v = digitsEnd(b, v)
		case isPlainTime(b, v):
			v += timeBytes
		default:
			return i, false
		}
		if v >= len(b) {
			return i, false
		}
		if b[v] == '}' {
			return v + 1, true
		}
		if b[v] != ',' {
			return i, false
		}
		i = v + 1
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

// number returns the number that the digits from i to end say, which must be at most 19.
func number(b []byte, i, end int) uint64 {
	n := end - i
	if n <= 8 {
		return eightDigits(load(b, i), n)
	}
	v := eightDigits(load(b, i), 8)
	for _, c := range b[i+8 : end] {
		v = v*10 + uint64(c-'0')
	}
	return v
}

// fastToken reads an audit token of exactly the known members. It leaves any other.
func fastToken(b []byte, i int) (t event.Token, next int, ok bool) {
	var values [9]uint64
	seen := 0
	for i++; len(b)-i >= fastRoom && b[i] == '"'; {
		member, v := tokenNames.find(b, i+1)
		if member == 0 || leadingZero(b, v) {
			return t, 0, false
		}
		end := digitsEnd(b, v)
		if end == v || end-v > 10 || end >= len(b) {
			return t, 0, false
		}
		values[member] = number(b, v, end)
		seen |= 1 << member
		if values[member] > math.MaxUint32 {
			return t, 0, false
		}
		if b[end] == '}' {
			t = event.Token{
				PID: int32(values[tokenPID]), Version: uint32(values[tokenVersion]), AUID: uint32(values[tokenAUID]),
				EUID: uint32(values[tokenEUID]), RUID: uint32(values[tokenRUID]), EGID: uint32(values[tokenEGID]),
				RGID: uint32(values[tokenRGID]), ASID: uint32(values[tokenASID]),
			}
			return t, end + 1, seen == allOfToken && values[tokenPID] <= math.MaxInt32
		}
		if b[end] != ',' || seen == allOfToken {
			return t, 0, false
		}
		i = end + 1
	}
	return t, 0, false
}

// allOfToken has the bit of every member set.
const allOfToken = 1<<(tokenVersion+1) - 2
