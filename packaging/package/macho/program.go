package macho

import (
	"debug/macho"
	"encoding/binary"
	"errors"
	"fmt"
)

// Load commands, and where their fields are.
const (
	cmdSegment64     = 0x19
	cmdCodeSignature = 0x1D
	cmdBuildVersion  = 0x32

	fileHeaderSize = 32
)

// program is a thin program that is being signed: what precedes its signature, and where the load
// commands that name the signature are.
type program struct {
	code      []byte // up to the signature, which replaces one that is there
	signature int    // offset of LC_CODE_SIGNATURE
	linkedit  int    // offset of the LC_SEGMENT_64 of __LINKEDIT, the last segment
	textSize  uint64 // of __TEXT in the file
	sdk       uint32 // version of the SDK that the program says that it was built with
}

// parse reads a program and gives it the load command of a signature if it has none.
func parse(b []byte) (*program, error) {
	if len(b) < fileHeaderSize || binary.LittleEndian.Uint32(b) != macho.Magic64 {
		return nil, errors.New("not a 64-bit Mach-O program")
	}
	p := &program{code: append([]byte(nil), b...)}
	end, first := fileHeaderSize, len(b)
	for range binary.LittleEndian.Uint32(b[16:]) {
		if end+16 > len(b) {
			return nil, errors.New("its load commands are cut off")
		}
		size := int(binary.LittleEndian.Uint32(b[end+4:]))
		if size < 8 || end+size > len(b) {
			return nil, fmt.Errorf("a load command of %d bytes at %d", size, end)
		}
		if err := p.command(end, size, &first); err != nil {
			return nil, err
		}
		end += size
	}
	if p.linkedit == 0 || p.textSize == 0 {
		return nil, errors.New("expected segments __TEXT and __LINKEDIT")
	}
	if p.signature != 0 {
		at := binary.LittleEndian.Uint32(b[p.signature+8:])
		if int64(at) > int64(len(b)) {
			return nil, errors.New("its signature lies behind its end")
		}
		p.code = p.code[:at]
		return p, nil
	}
	if end+16 > first {
		return nil, errors.New("no room for the load command of a signature")
	}
	p.signature = end
	binary.LittleEndian.PutUint32(p.code[end:], cmdCodeSignature)
	binary.LittleEndian.PutUint32(p.code[end+4:], 16)
	binary.LittleEndian.PutUint32(p.code[16:], binary.LittleEndian.Uint32(b[16:])+1)
	binary.LittleEndian.PutUint32(p.code[20:], binary.LittleEndian.Uint32(b[20:])+16)
	p.code = append(p.code, make([]byte, roundUp(uint64(len(b)), 16)-uint64(len(b)))...)
	return p, nil
}

// command notes what of a load command matters. first becomes the offset of the first section.
func (p *program) command(at, size int, first *int) error {
	le := binary.LittleEndian
	switch le.Uint32(p.code[at:]) {
	case cmdSegment64:
		if size < 72 {
			return fmt.Errorf("a segment of %d bytes", size)
		}
		switch name := string(p.code[at+8 : at+24]); name {
		case "__TEXT\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00":
			p.textSize = le.Uint64(p.code[at+48:])
		case "__LINKEDIT\x00\x00\x00\x00\x00\x00":
			p.linkedit = at
		}
		for s := at + 72; s+80 <= at+size; s += 80 {
			if offset := int(le.Uint32(p.code[s+48:])); offset > 0 {
				*first = min(*first, offset)
			}
		}
	case cmdCodeSignature:
		p.signature = at
	case cmdBuildVersion:
		if size >= 24 {
			p.sdk = le.Uint32(p.code[at+16:])
		}
	}
	return nil
}

// reserve makes the load commands say that a signature of so many bytes ends the program.
func (p *program) reserve(size int) {
	le := binary.LittleEndian
	le.PutUint32(p.code[p.signature+8:], uint32(len(p.code)))
	le.PutUint32(p.code[p.signature+12:], uint32(size))
	start := le.Uint64(p.code[p.linkedit+40:])
	length := uint64(len(p.code)+size) - start
	le.PutUint64(p.code[p.linkedit+48:], length)
	le.PutUint64(p.code[p.linkedit+32:], roundUp(length, 1<<14)) // in memory
}
