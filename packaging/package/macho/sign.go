package macho

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Magics and slots of a signature.
const (
	magicSuperBlob     = 0xFADE0CC0
	magicCodeDirectory = 0xFADE0C02
	magicRequirements  = 0xFADE0C01
	magicCMS           = 0xFADE0B01

	slotCodeDirectory = 0
	slotRequirements  = 2
	slotCMS           = 0x10000

	flagAdHoc   = 0x2
	flagRuntime = 0x10000 // hardened runtime, which notarization asks for

	mainBinary = 1       // execSegFlags: the program, no library
	pageBits   = 12      // pages are 4 KiB for every processor
	headerSize = 96      // of a code directory
	directory  = 0x20500 // its version: with the version of the hardened runtime
)

// Identity is what a signature says about a program, and who says so.
type Identity struct {
	Identifier string
	Team       string // "" for none
	// Sign returns the CMS of a code directory, and Size is what it has at most; nil for an ad-hoc
	// signature, which says nothing about who made it.
	Sign func(codeDirectory []byte) ([]byte, error)
	Size int
}

// Sign returns a thin program with a signature instead of the one that it may have.
func Sign(b []byte, id Identity) ([]byte, error) {
	p, err := parse(b)
	if err != nil {
		return nil, err
	}
	requirements := blob(magicRequirements, []byte{0, 0, 0, 0}) // none: macOS derives them from the certificates
	room := roundUp(uint64(12+3*8+p.directorySize(&id)+len(requirements)+8+id.Size), 16)
	p.reserve(int(room))
	code := p.directory(&id, requirements)
	var cms []byte
	if id.Sign != nil {
		if cms, err = id.Sign(code); err != nil {
			return nil, err
		}
		if len(cms) > id.Size {
			return nil, fmt.Errorf("signature has %d bytes, more than the %d foreseen", len(cms), id.Size)
		}
	}
	signature := superBlob(code, requirements, blob(magicCMS, cms))
	out := append(p.code, signature...)
	return append(out, make([]byte, int(room)-len(signature))...), nil
}

// pages is how many pages are hashed.
func (p *program) pages() int { return (len(p.code) + 1<<pageBits - 1) >> pageBits }

func (id *Identity) names() []byte {
	names := append([]byte(id.Identifier), 0)
	if id.Team != "" {
		names = append(append(names, id.Team...), 0)
	}
	return names
}

func (p *program) directorySize(id *Identity) int {
	return headerSize + len(id.names()) + (slotRequirements+p.pages())*sha256.Size
}

// directory returns the code directory: a hash of each page, and of the requirements before them.
func (p *program) directory(id *Identity, requirements []byte) []byte {
	names := id.names()
	hashes := headerSize + len(names) + slotRequirements*sha256.Size
	flags, team := uint32(flagRuntime), uint32(0)
	if id.Sign == nil {
		flags |= flagAdHoc
	}
	if id.Team != "" {
		team = uint32(headerSize + len(id.Identifier) + 1)
	}
	var d bytes.Buffer
	for _, v := range []any{
		uint32(directory), flags, uint32(hashes), uint32(headerSize), uint32(slotRequirements), uint32(p.pages()), uint32(len(p.code)),
		uint8(sha256.Size), uint8(2), uint8(0), uint8(pageBits), // 2 is SHA-256
		uint32(0), uint32(0), team, uint32(0), uint64(0), // spare, scatter, team, spare, limit beyond 4 GiB
		uint64(0), p.textSize, uint64(mainBinary), // what may be executed
		p.sdk, uint32(0), // version of the runtime, nothing encrypted
	} {
		binary.Write(&d, binary.BigEndian, v) // into memory
	}
	d.Write(names)
	sum := sha256.Sum256(requirements)
	d.Write(sum[:])
	d.Write(make([]byte, sha256.Size)) // slot 1, Info.plist: there is none
	for rest := p.code; len(rest) > 0; {
		page := rest[:min(len(rest), 1<<pageBits)]
		rest = rest[len(page):]
		sum := sha256.Sum256(page)
		d.Write(sum[:])
	}
	return blob(magicCodeDirectory, d.Bytes())
}

func superBlob(code, requirements, cms []byte) []byte {
	parts := []struct {
		slot uint32
		blob []byte
	}{{slotCodeDirectory, code}, {slotRequirements, requirements}, {slotCMS, cms}}
	index := binary.BigEndian.AppendUint32(nil, uint32(len(parts)))
	at := 12 + 8*len(parts)
	var body []byte
	for _, part := range parts {
		index = binary.BigEndian.AppendUint32(index, part.slot)
		index = binary.BigEndian.AppendUint32(index, uint32(at+len(body)))
		body = append(body, part.blob...)
	}
	return blob(magicSuperBlob, append(index, body...))
}

// blob puts magic and length before a body.
func blob(magic uint32, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, magic)
	b = binary.BigEndian.AppendUint32(b, uint32(8+len(body)))
	return append(b, body...)
}
