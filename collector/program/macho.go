package program

import (
	"encoding/binary"
	"io"
)

// Magic numbers of a Mach-O file, as the first four bytes read big-endian, from
// <mach-o/loader.h> and <mach-o/fat.h>.
const (
	magicFat   = 0xcafebabe
	magicFat64 = 0xcafebabf
	magic32    = 0xfeedface
	magic64    = 0xfeedfacf
	magic32LE  = 0xcefaedfe
	magic64LE  = 0xcffaedfe
)

// Bounds on what is read of a Mach-O: any real file stays far below.
const (
	maxSlices   = 16
	maxCommands = 256 << 10 // bytes
)

// loadCodeSignature is the load command that says where a slice's signature is.
const loadCodeSignature = 0x1d

// section is a part of a file, in bytes.
type section struct{ at, size int64 }

// within reports whether a part lies in the first size bytes.
func (s section) within(size int64) bool {
	return s.at >= 0 && s.size >= 0 && s.at <= size && s.size <= size-s.at
}

// isMachO tells a Mach-O by its first bytes. A Java class begins as a fat file does; the
// number of slices is its version there, 45 or more.
func isMachO(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	switch binary.BigEndian.Uint32(head) {
	case magic32, magic64, magic32LE, magic64LE:
		return true
	case magicFat, magicFat64:
		return binary.BigEndian.Uint32(head[4:]) <= maxSlices
	}
	return false
}

// parts returns the parts of a Mach-O that are one for each architecture, nil if it is
// malformed.
func parts(r io.ReaderAt, size int64) []section {
	head := part(r, section{0, 8}, size)
	if head == nil {
		return nil
	}
	entry := int64(20)
	switch binary.BigEndian.Uint32(head) {
	default:
		return []section{{0, size}}
	case magicFat64:
		entry = 32
	case magicFat:
	}
	n := int64(binary.BigEndian.Uint32(head[4:]))
	if n == 0 || n > maxSlices {
		return nil
	}
	table := part(r, section{8, n * entry}, size)
	if table == nil {
		return nil
	}
	out := make([]section, 0, n)
	for ; len(table) > 0; table = table[entry:] {
		s := section{int64(binary.BigEndian.Uint32(table[8:])), int64(binary.BigEndian.Uint32(table[12:]))}
		if entry == 32 {
			s = section{int64(binary.BigEndian.Uint64(table[8:])), int64(binary.BigEndian.Uint64(table[16:]))}
		}
		if !s.within(size) {
			return nil
		}
		out = append(out, s)
	}
	return out
}

// codeSignature returns where the signature of a slice is.
func codeSignature(r io.ReaderAt, slice section, size int64) (section, bool) {
	head := part(r, section{slice.at, 28}, size)
	if head == nil || slice.size < 28 {
		return section{}, false
	}
	var order binary.ByteOrder = binary.LittleEndian
	length := int64(28)
	switch binary.BigEndian.Uint32(head) {
	case magic32LE:
	case magic64LE:
		length = 32
	case magic32:
		order = binary.BigEndian
	case magic64:
		order, length = binary.BigEndian, 32
	default:
		return section{}, false
	}
	n := int64(order.Uint32(head[20:]))
	at := section{slice.at + length, n}
	if n > maxCommands || !(section{length, n}).within(slice.size) {
		return section{}, false
	}
	for commands := part(r, at, size); len(commands) >= 8; {
		cmd, length := order.Uint32(commands), int64(order.Uint32(commands[4:]))
		if length < 8 || length > int64(len(commands)) {
			return section{}, false
		}
		if cmd == loadCodeSignature && length >= 16 {
			s := section{int64(order.Uint32(commands[8:])), int64(order.Uint32(commands[12:]))}
			if !s.within(slice.size) {
				return section{}, false
			}
			s.at += slice.at
			return s, true
		}
		commands = commands[length:]
	}
	return section{}, false
}

// part reads a part of a file, nil if it is not all there.
func part(r io.ReaderAt, s section, size int64) []byte {
	if !s.within(size) {
		return nil
	}
	b := make([]byte, s.size)
	if n, _ := r.ReadAt(b, s.at); n < len(b) {
		return nil
	}
	return b
}
