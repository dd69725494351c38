package archive

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path"
)

// maxPaths is how many paths one leaf of a Bom's tree holds: no component has as many.
const maxPaths = 256

// Bom returns the bill of materials of files, with mtime for each of them. The format has no
// published description; this is the part that mkbom writes and lsbom reads: a store of numbered
// blocks, of which five have names.
func Bom(files []File, mtime int64) ([]byte, error) {
	if err := checkOrder(files); err != nil {
		return nil, err
	}
	if len(files) > maxPaths {
		return nil, fmt.Errorf("%d paths: a Bom has at most %d here", len(files), maxPaths)
	}
	var s bomStore
	s.name("BomInfo", s.block(uint32(1), uint32(len(files)+1), uint32(1), make([]byte, 16)))
	s.name("Paths", s.tree(4096, s.paths(files, mtime), len(files)))
	s.name("HLIndex", s.tree(4096, s.leaf(nil), 0))
	s.name("VIndex", s.block(uint32(1), s.tree(128, s.leaf(nil), 0), uint32(0), uint8(0)))
	s.name("Size64", s.tree(4096, s.leaf(nil), 0))
	return s.bytes(), nil
}

// bomStore collects blocks, numbered from 1, and the names of some.
type bomStore struct {
	blocks [][]byte
	names  bytes.Buffer
	named  uint32
}

// block adds values as a block and returns its number.
func (s *bomStore) block(values ...any) uint32 {
	s.blocks = append(s.blocks, bigEndian(values...))
	return uint32(len(s.blocks))
}

func (s *bomStore) name(name string, block uint32) {
	s.names.Write(bigEndian(block, uint8(len(name)), []byte(name)))
	s.named++
}

func (s *bomStore) tree(blockSize, leaf uint32, paths int) uint32 {
	return s.block([]byte("tree"), uint32(1), leaf, blockSize, uint32(paths), uint8(0))
}

// leaf adds the only node of a tree. It has the full size of one, as mkbom's have.
func (s *bomStore) leaf(entries [][2]uint32) uint32 {
	node := bigEndian(uint16(1), uint16(len(entries)), uint32(0), uint32(0), entries)
	return s.block(node, make([]byte, max(0, 4096-len(node))))
}

// paths adds a leaf with what a Bom knows of each file.
func (s *bomStore) paths(files []File, mtime int64) uint32 {
	ids := map[string]uint32{} // of folders
	var entries [][2]uint32
	for i, f := range files {
		id, kind, parent := uint32(i+1), uint8(1), uint32(0)
		if f.IsFolder() {
			kind, ids[f.Name] = 2, id
		}
		if f.Name != "." {
			parent = ids[parentOf(f.Name)]
		}
		var sum uint32
		if !f.IsFolder() {
			sum = Checksum(f.Body)
		}
		facts := s.block(kind, uint8(1), uint16(3), uint16(f.Mode), uint32(0), uint32(0),
			uint32(mtime), uint32(len(f.Body)), uint8(1), sum, uint32(0))
		key := s.block(id, facts)
		entries = append(entries, [2]uint32{key, s.block(parent, []byte(path.Base(f.Name)+"\x00"))})
	}
	return s.leaf(entries)
}

// headerSize is what precedes the first block, in bytes.
const headerSize = 512

// bytes returns the store: header, blocks, names, and the index of the blocks with its free list.
func (s *bomStore) bytes() []byte {
	var body, index bytes.Buffer
	index.Write(bigEndian(uint32(len(s.blocks)+1), uint64(0))) // block 0 is none
	for _, b := range s.blocks {
		index.Write(bigEndian(uint32(headerSize+body.Len()), uint32(len(b))))
		body.Write(b)
	}
	index.Write(bigEndian(uint32(0), uint64(0), uint64(0))) // nothing is free
	names := append(bigEndian(s.named), s.names.Bytes()...)
	namesAt := headerSize + body.Len()
	header := bigEndian([]byte("BOMStore"), uint32(1), uint32(len(s.blocks)),
		uint32(namesAt+len(names)), uint32(index.Len()), uint32(namesAt), uint32(len(names)))
	header = append(header, make([]byte, headerSize-len(header))...)
	return bytes.Join([][]byte{header, body.Bytes(), names, index.Bytes()}, nil)
}

// bigEndian returns values of fixed size one behind the other.
func bigEndian(values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		if err := binary.Write(&b, binary.BigEndian, v); err != nil {
			panic(err) // a value without a fixed size: wrong code
		}
	}
	return b.Bytes()
}
