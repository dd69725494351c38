package detect

import (
	"encoding/binary"
	"slices"
)

// prefixes finds the rules that ask for a value which begins with something, in any case,
// by its first eight bytes at the most.
type prefixes struct {
	used  uint                              // has the bit of each length that there is
	rules [prefixBytes + 1]map[uint64][]int // by length, and then by the bytes in lower case
	all   []int
}

const prefixBytes = 8

// add files the rule of a number under a prefix, and reports whether it could.
func (p *prefixes) add(prefix string, n int) bool {
	prefix = prefix[:min(len(prefix), prefixBytes)]
	for i := range len(prefix) {
		if prefix[i] >= 0x80 {
			prefix = prefix[:i]
			break
		}
	}
	length := len(prefix)
	if length == 0 {
		return false
	}
	if p.rules[length] == nil {
		p.rules[length] = map[uint64][]int{}
	}
	p.used |= 1 << length
	key := lower(begin(prefix))
	if list := p.rules[length][key]; !slices.Contains(list, n) {
		p.rules[length][key] = append(list, n)
	}
	if !slices.Contains(p.all, n) {
		p.all = append(p.all, n)
	}
	return true
}

// look adds the rules that ask for the beginning of a value. A letter beyond ASCII may be
// equal to one of ASCII in another case, so that all of them are asked where there is one.
func (p *prefixes) look(s string, found *set) {
	w := begin(s)
	if w&0x8080808080808080 != 0 {
		for _, n := range p.all {
			found.add(n)
		}
		return
	}
	w = lower(w)
	for length := 1; length <= min(len(s), prefixBytes); length++ {
		if p.used>>length&1 != 0 {
			for _, n := range p.rules[length][w&(1<<(8*length)-1)] {
				found.add(n)
			}
		}
	}
}

// begin returns the first eight bytes of a text, zeros for those that it lacks.
func begin(s string) uint64 {
	var b [prefixBytes]byte
	copy(b[:], s)
	return binary.LittleEndian.Uint64(b[:])
}

// lower returns eight bytes of ASCII in lower case.
func lower(w uint64) uint64 {
	const ones = 0x0101010101010101
	from, to := w+(0x80-'A')*ones, w+(0x80-'Z'-1)*ones // the high bit: at least A, more than Z
	return w | (from&^to&(0x80*ones))>>2
}
