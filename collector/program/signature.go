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

// claim is who a Mach-O says signed it. Nothing is verified: anyone can write any.
type claim struct {
	signed   bool // each slice has a code directory
	id, team string
}

// claims reads the signatures of a Mach-O. What its slices do not agree on is no claim:
// which of them will run is not known here.
func claims(r io.ReaderAt, size int64) claim {
	var out claim
	for i, s := range parts(r, size) {
		c := claimOf(r, s, size)
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

// claimOf reads the signature of one slice.
func claimOf(r io.ReaderAt, slice section, size int64) claim {
	sig, ok := codeSignature(r, slice, size)
	if !ok || sig.size < 12 {
		return claim{}
	}
	head := part(r, section{sig.at, 12}, size)
	if head == nil || binary.BigEndian.Uint32(head) != magicSignature {
		return claim{}
	}
	n := int64(binary.BigEndian.Uint32(head[8:]))
	if n > maxBlobs || 12+8*n > sig.size {
		return claim{}
	}
	index := part(r, section{sig.at + 12, 8 * n}, size)
	for ; len(index) > 0; index = index[8:] {
		if binary.BigEndian.Uint32(index) != slotDirectory {
			continue
		}
		at := int64(binary.BigEndian.Uint32(index[4:]))
		if at > sig.size {
			return claim{}
		}
		return directory(r, section{sig.at + at, sig.size - at}, size)
	}
	return claim{}
}

// directory reads the code directory that begins where s does.
func directory(r io.ReaderAt, s section, size int64) claim {
	const fixed, withTeam = 44, 52
	head := part(r, section{s.at, fixed}, size)
	if head == nil || binary.BigEndian.Uint32(head) != magicDirectory {
		return claim{}
	}
	length := int64(binary.BigEndian.Uint32(head[4:]))
	if length < fixed || length > s.size {
		return claim{}
	}
	s.size = length
	c := claim{signed: true, id: text(r, s, int64(binary.BigEndian.Uint32(head[20:])), size)}
	if binary.BigEndian.Uint32(head[8:]) >= versionTeam && length >= withTeam {
		if b := part(r, section{s.at + 48, 4}, size); b != nil {
			c.team = text(r, s, int64(binary.BigEndian.Uint32(b)), size)
		}
	}
	return c
}

// text reads a NUL-terminated string at an offset of a part, "" if it is too long or holds
// what no identifier does.
func text(r io.ReaderAt, s section, offset, size int64) string {
	if offset == 0 || offset >= s.size {
		return ""
	}
	b := part(r, section{s.at + offset, min(s.size-offset, maxClaim+1)}, size)
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
