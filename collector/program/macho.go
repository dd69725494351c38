package program

import (
	"encoding/binary"
	"io"
)

// Magic numbers of a Mach-O file of several architectures, as its first four bytes read big-endian,
// from <mach-o/fat.h>.
const (
	magicFat   = 0xcafebabe
	magicFat64 = 0xcafebabf
)

// headers are those of a Mach-O of one architecture, by magic number, from <mach-o/loader.h>.
var headers = map[uint32]struct {
	order binary.ByteOrder
	size  int64 // bytes
}{
	0xfeedface: {binary.BigEndian, 28}, 0xfeedfacf: {binary.BigEndian, 32},
	0xcefaedfe: {binary.LittleEndian, 28}, 0xcffaedfe: {binary.LittleEndian, 32},
}

// loadCodeSignature is the load command that says where a slice's signature is.
const loadCodeSignature = 0x1d

// What a signature is made of, all big-endian, from <kern/cs_blobs.h>.
const (
	magicSignature = 0xfade0cc0
	magicDirectory = 0xfade0c02
	slotDirectory  = 0
	versionTeam    = 0x20200 // of a code directory, the first that has a team id
)

// Bounds on what is read of a Mach-O: any real file stays far below.
const (
	maxSlices   = 16
	maxCommands = 256 << 10 // bytes
	maxBlobs    = 64        // of a signature
	maxClaim    = 256       // bytes of an identifier
)

// claim is whom a Mach-O names as its signer. Nothing is verified: anyone can write any.
type claim struct {
	signed   bool // each slice has a code directory
	id, team string
}

// readClaims reads the signatures of a Mach-O. What its slices do not agree on is not a claim:
// which of them will run is not known here.
func readClaims(r io.ReaderAt, size int64) claim {
	var out claim
	for i, slice := range listSlices(io.NewSectionReader(r, 0, size)) {
		c := claimOf(codeSignature(slice))
		if i == 0 {
			out = c
		}
		out.signed = out.signed && c.signed
		if out.id != c.id {
			out.id = ""
		}
		if out.team != c.team {
			out.team = ""
		}
	}
	return out
}

// isMachO recognises a Mach-O by its first bytes. A Java class begins as a fat file does; the
// number of slices is its version there, 45 or more.
func isMachO(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	magic := binary.BigEndian.Uint32(head)
	if magic == magicFat || magic == magicFat64 {
		return binary.BigEndian.Uint32(head[4:]) <= maxSlices
	}
	_, thin := headers[magic]
	return thin
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
	h, known := headers[binary.BigEndian.Uint32(head)]
	if !known {
		return nil
	}
	n := int64(h.order.Uint32(head[20:]))
	if n > maxCommands {
		return nil
	}
	for commands := readSection(slice, h.size, n); len(commands) >= 8; {
		cmd, length := h.order.Uint32(commands), int64(h.order.Uint32(commands[4:]))
		if length < 8 || length > int64(len(commands)) {
			return nil
		}
		if cmd == loadCodeSignature && length >= 16 {
			return cutSection(slice, int64(h.order.Uint32(commands[8:])), int64(h.order.Uint32(commands[12:])))
		}
		commands = commands[length:]
	}
	return nil
}

// claimOf reads a signature: the code directory in it.
func claimOf(sig *io.SectionReader) claim {
	head := readSection(sig, 0, 12)
	if head == nil || binary.BigEndian.Uint32(head) != magicSignature {
		return claim{}
	}
	n := int64(binary.BigEndian.Uint32(head[8:]))
	if n > maxBlobs {
		return claim{}
	}
	for index := readSection(sig, 12, 8*n); len(index) > 0; index = index[8:] {
		if binary.BigEndian.Uint32(index) == slotDirectory {
			at := int64(binary.BigEndian.Uint32(index[4:]))
			return directoryClaim(cutSection(sig, at, sig.Size()-at))
		}
	}
	return claim{}
}

// directoryClaim reads the code directory with which a part begins.
func directoryClaim(part *io.SectionReader) claim {
	const fixed, withTeam = 44, 52
	head := readSection(part, 0, fixed)
	if head == nil || binary.BigEndian.Uint32(head) != magicDirectory {
		return claim{}
	}
	length := int64(binary.BigEndian.Uint32(head[4:]))
	directory := cutSection(part, 0, length)
	if length < fixed || directory == nil {
		return claim{}
	}
	c := claim{signed: true, id: readIdentifier(directory, binary.BigEndian.Uint32(head[20:]))}
	if binary.BigEndian.Uint32(head[8:]) >= versionTeam && length >= withTeam {
		if b := readSection(directory, 48, 4); b != nil {
			c.team = readIdentifier(directory, binary.BigEndian.Uint32(b))
		}
	}
	return c
}

// readIdentifier reads a NUL-terminated string at an offset, "" if it is too long or holds what
// no identifier does.
func readIdentifier(directory *io.SectionReader, offset uint32) string {
	at := int64(offset)
	if at == 0 {
		return ""
	}
	b := readSection(directory, at, min(directory.Size()-at, maxClaim+1))
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
		if c <= ' ' || c > '~' {
			return ""
		}
	}
	return ""
}

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
