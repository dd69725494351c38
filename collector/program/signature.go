package program

import (
	"encoding/binary"
	"io"
)

// What a signature is made of, all big-endian, from <kern/cs_blobs.h>.
const (
	magicSignature = 0xfade0cc0
	magicDirectory = 0xfade0c02
	slotDirectory  = 0
	versionTeam    = 0x20200 // of a code directory, the first that has a team id
)

// Bounds on a signature.
const (
	maxBlobs = 64
	maxClaim = 256 // bytes of an identifier
)

// claim is whom a Mach-O names as its signer. Nothing is verified: anyone can write any.
type claim struct {
	signed   bool // each slice has a code directory
	id, team string
}

// readClaims reads the signatures of a Mach-O. What its slices do not agree on is no claim:
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

// claimOf reads a signature.
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

// readIdentifier reads a NUL-terminated string at an offset, "" if it is too long or holds what no
// readIdentifier does.
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
