// Package macho joins programs for several processors into a universal one, and signs Mach-O
// programs as codesign does, on any system. Formats are those of Apple's open sources: mach-o/fat.h,
// mach-o/loader.h and xnu's osfmk/kern/cs_blobs.h.
package macho

import (
	"debug/macho"
	"encoding/binary"
	"fmt"
)

const fatMagic = 0xCAFEBABE

// alignments are powers of two: the size of a page of each processor. arm64 maps 16 KiB at a time.
var alignments = map[macho.Cpu]uint32{macho.CpuAmd64: 12, macho.CpuArm64: 14}

// Universal returns the program that has these ones, in their order, as slices.
func Universal(slices ...[]byte) ([]byte, error) {
	out := binary.BigEndian.AppendUint32(nil, fatMagic)
	out = binary.BigEndian.AppendUint32(out, uint32(len(slices)))
	offset := uint64(8 + 20*len(slices))
	var offsets []uint64
	for i, s := range slices {
		if len(s) < 32 || binary.LittleEndian.Uint32(s) != macho.Magic64 {
			return nil, fmt.Errorf("slice %d: not a 64-bit Mach-O program", i)
		}
		cpu := macho.Cpu(binary.LittleEndian.Uint32(s[4:]))
		align, known := alignments[cpu]
		if !known {
			return nil, fmt.Errorf("slice %d: unknown processor %v", i, cpu)
		}
		offset = roundUp(offset, 1<<align)
		if offset+uint64(len(s)) >= 1<<32 {
			return nil, fmt.Errorf("slice %d: the program would be larger than 4 GiB", i)
		}
		for _, v := range []uint32{uint32(cpu), binary.LittleEndian.Uint32(s[8:]), uint32(offset), uint32(len(s)), align} {
			out = binary.BigEndian.AppendUint32(out, v)
		}
		offsets = append(offsets, offset)
		offset += uint64(len(s))
	}
	for i, s := range slices {
		out = append(out, make([]byte, offsets[i]-uint64(len(out)))...)
		out = append(out, s...)
	}
	return out, nil
}

func roundUp(n, to uint64) uint64 { return (n + to - 1) / to * to }
