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

// cutSection returns a part of a part of a file, nil if it does not lie within.
func cutSection(part *io.SectionReader, at, size int64) *io.SectionReader {
	if part == nil || at < 0 || size < 0 || at > part.Size() || size > part.Size()-at {
		return nil
	}
	return io.NewSectionReader(part, at, size)
}

// readSection reads some bytes of a part of a file, nil if they are not all there.
func readSection(part *io.SectionReader, at, size int64) []byte {
	wanted := cutSection(part, at, size)
	if wanted == nil {
		return nil
	}
	b := make([]byte, size)
	if n, _ := wanted.ReadAt(b, 0); n < len(b) {
		return nil
	}
	return b
}

// isMachO recognises a Mach-O by its first bytes. A Java class begins as a fat file does; the
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

// listSlices returns the parts of a Mach-O that are one for each architecture, nil if it is
// malformed.
func listSlices(file *io.SectionReader) []*io.SectionReader {
	head := readSection(file, 0, 8)
	if head == nil {
		return nil
	}
	entry := int64(20)
	switch binary.BigEndian.Uint32(head) {
	default:
		return []*io.SectionReader{file}
	case magicFat64:
		entry = 32
	case magicFat:
	}
	n := int64(binary.BigEndian.Uint32(head[4:]))
	if n > maxSlices {
		return nil
	}
	var out []*io.SectionReader
	for table := readSection(file, 8, n*entry); len(table) > 0; table = table[entry:] {
		at, size := int64(binary.BigEndian.Uint32(table[8:])), int64(binary.BigEndian.Uint32(table[12:]))
		if entry == 32 {
			at, size = int64(binary.BigEndian.Uint64(table[8:])), int64(binary.BigEndian.Uint64(table[16:]))
		}
		slice := cutSection(file, at, size)
		if slice == nil {
			return nil
		}
		out = append(out, slice)
	}
	return out
}

// codeSignature returns the signature of a slice, nil if there is none.
func codeSignature(slice *io.SectionReader) *io.SectionReader {
	head := readSection(slice, 0, 28)
	if head == nil {
		return nil
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
		return nil
	}
	n := int64(order.Uint32(head[20:]))
	if n > maxCommands {
		return nil
	}
	for commands := readSection(slice, length, n); len(commands) >= 8; {
		cmd, length := order.Uint32(commands), int64(order.Uint32(commands[4:]))
		if length < 8 || length > int64(len(commands)) {
			return nil
		}
		if cmd == loadCodeSignature && length >= 16 {
			return cutSection(slice, int64(order.Uint32(commands[8:])), int64(order.Uint32(commands[12:])))
		}
		commands = commands[length:]
	}
	return nil
}
