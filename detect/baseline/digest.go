package baseline

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// digest stands for a combination of values. It is long enough that nobody can make
// two that are equal, which would hide one behind the other.
type digest [16]byte

// digester computes digests in a buffer that it keeps.
type digester struct{ buffer []byte }

// maxBuffer bounds what is kept for the next use, in bytes; longer values are rare.
const maxBuffer = 64 << 10

// of returns the digest of values in this order. Each counts with its length, so that
// no two combinations run together.
func (d *digester) of(values ...string) digest {
	b := d.buffer[:0]
	for _, v := range values {
		b = binary.AppendUvarint(b, uint64(len(v)))
		b = append(b, v...)
	}
	sum := sha256.Sum256(b)
	if cap(b) <= maxBuffer {
		d.buffer = b
	}
	return digest(sum[:16])
}

// combinations calls yield with each choice of one element from each list, up to the
// bound, and returns whether there were more. A list that is empty leaves none. yield
// must not keep the slice.
func combinations(lists [][]string, yield func([]string)) (more bool) {
	if len(lists) > maxFields || slices.ContainsFunc(lists, func(l []string) bool { return len(l) == 0 }) {
		return false
	}
	var at [maxFields]int
	var room [maxFields]string
	choice := room[:len(lists)]
	for range maxCombinations {
		for i, l := range lists {
			choice[i] = l[at[i]]
		}
		yield(choice)
		i := len(lists) - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < len(lists[i]) {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return false
		}
	}
	return true
}
