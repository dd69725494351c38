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
// at it: quote, 16 bytes of name, quote, colon, 8 bytes of value, with room to spare.
const fastRoom = 48

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

// leadingZero tells of a number that begins at i and has a zero too many.
func leadingZero(b []byte, i int) bool { return b[i] == '0' && b[i+1]-'0' <= 9 }

// skipMembers skips the members of a flat object as far as it knows how, from the quote of
// a name. It returns the index behind the object's brace and true, or the index of the
// member's name that it leaves, and false.
func skipMembers(b []byte, i int) (int, bool) {
	for len(b)-i >= fastRoom && b[i] == '"' {
		v := nameEnd(b, i+1)
		if b[v] != '"' || b[v+1] != ':' {
			return i, false
		}
		v += 2
		switch c := b[v]; {
		case c == '"':
			if v = skipString(b, v+1); v < 0 {
				return i, false
			}
		case c-'0' <= 9 && !leadingZero(b, v):
			v = digitsEnd(b, v)
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

// tokenSlot is a member of an audit token: the first eight bytes of its name, and its
// length.
type tokenSlot struct {
	word   uint64
	length int
}

// tokenMagic spreads the names of the members over tokenSlots without a clash; it was
// found by trying.
const tokenMagic = 0x6a3ac4a78ea07405

// Where tokenMagic puts the members.
const (
	slotRGID = iota
	slotAUID
	slotRUID
	slotPID
	slotVersion
	slotEGID
	slotASID
	slotEUID
)

var tokenSlots = [8]tokenSlot{
	slotRGID: {'r' | 'g'<<8 | 'i'<<16 | 'd'<<24, 4}, slotAUID: {'a' | 'u'<<8 | 'i'<<16 | 'd'<<24, 4},
	slotRUID: {'r' | 'u'<<8 | 'i'<<16 | 'd'<<24, 4}, slotPID: {'p' | 'i'<<8 | 'd'<<16, 3},
	slotVersion: {'p' | 'i'<<8 | 'd'<<16 | 'v'<<24 | 'e'<<32 | 'r'<<40 | 's'<<48 | 'i'<<56, len("pidversion")},
	slotEGID:    {'e' | 'g'<<8 | 'i'<<16 | 'd'<<24, 4}, slotASID: {'a' | 's'<<8 | 'i'<<16 | 'd'<<24, 4},
	slotEUID: {'e' | 'u'<<8 | 'i'<<16 | 'd'<<24, 4},
}

// fastToken reads an audit token of exactly the known members. It leaves any other.
func fastToken(b []byte, i int) (t event.Token, next int, ok bool) {
	var values [8]uint64
	seen := 0
	for i++; len(b)-i >= fastRoom && b[i] == '"'; {
		v := nameEnd(b, i+1)
		n := v - i - 1
		w := load(b, i+1)
		if n < 8 {
			w &= 1<<(8*n) - 1
		}
		slot := w * tokenMagic >> 61
		if s := tokenSlots[slot]; s.word != w || s.length != n || n > 8 && (b[i+9] != 'o' || b[i+10] != 'n') {
			return t, 0, false
		}
		if b[v] != '"' || b[v+1] != ':' || leadingZero(b, v+2) {
			return t, 0, false
		}
		i = v + 2
		end := digitsEnd(b, i)
		if end == i || end-i > 10 || end >= len(b) {
			return t, 0, false
		}
		values[slot] = number(b, i, end)
		if seen |= 1 << slot; values[slot] > math.MaxUint32 {
			return t, 0, false
		}
		if b[end] == '}' {
			t = event.Token{
				PID: int32(values[slotPID]), Version: uint32(values[slotVersion]), AUID: uint32(values[slotAUID]),
				EUID: uint32(values[slotEUID]), RUID: uint32(values[slotRUID]), EGID: uint32(values[slotEGID]),
				RGID: uint32(values[slotRGID]), ASID: uint32(values[slotASID]),
			}
			return t, end + 1, seen == 0xff && values[slotPID] <= math.MaxInt32
		}
		if b[end] != ',' || seen == 0xff {
			return t, 0, false
		}
		i = end + 1
	}
	return t, 0, false
}
