package eql

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// described is the description of an event in a sequence: what it is, and the keys by
// which it belongs to others. It remembers what it found out about the latest event.
type described[T any] struct {
	matcher *Matcher[T]
	by      []joinKey[T]
	number  uint64 // of the event that the rest is about
	holds   bool
	values  []byte // the values of the keys, one after the other
	ends    []int  // where each ends
}

// longKey is the length from which on a key is remembered by its hash: what an event
// has in its fields can be a megabyte.
const longKey = 256

type joinKey[T any] struct {
	field    Field[T]
	optional bool
}

// look reports whether an event matches and has all of its keys. What they are is then
// in values. over is how many elements of keys were left out.
func (d *described[T]) look(rec T, number uint64) (holds bool, over int) {
	if d.number == number {
		return d.holds, 0
	}
	d.number, d.values, d.ends = number, d.values[:0], d.ends[:0]
	if d.holds = d.matcher.Match(rec); !d.holds {
		return false, 0
	}
	if len(d.by) == 0 {
		d.ends = append(d.ends, 0)
		return true, 0
	}
	over = d.expand(rec)
	d.holds = len(d.ends) > 0
	return d.holds, over
}

// count returns the number of keys of the latest event.
func (d *described[T]) count() int { return len(d.ends) }

// key returns one of them.
func (d *described[T]) key(i int) []byte {
	start := 0
	if i > 0 {
		start = d.ends[i-1]
	}
	return d.values[start:d.ends[i]]
}

// expand writes the keys of an event: one for each choice of elements of their fields.
func (d *described[T]) expand(rec T) (over int) {
	var p [maxKeys]int
	all := 1
	for _, k := range d.by {
		n := k.field(rec).len()
		if n == 0 && !k.optional {
			return 0
		}
		all = min(all*max(n, 1), math.MaxInt32)
	}
	for range min(all, maxKeysPerEvent) {
		d.write(rec, &p)
		for i := len(d.by) - 1; i >= 0; i-- {
			if p[i]++; p[i] < d.by[i].field(rec).len() {
				break
			}
			p[i] = 0
		}
	}
	return max(0, all-maxKeysPerEvent)
}

// write appends the key for one choice of elements, unless it has a missing value or
// is there already.
func (d *described[T]) write(rec T, p *[maxKeys]int) {
	start := len(d.values)
	for i, k := range d.by {
		v := k.field(rec)
		if !v.missing() {
			v = v.at(p[i])
		}
		if v.missing() && !k.optional {
			d.values = d.values[:start]
			return
		}
		d.values = appendKey(d.values, v)
	}
	added := d.values[start:]
	if len(added) > longKey {
		sum := sha256.Sum256(added)
		d.values = append(d.values[:start], sum[:]...)
		added = d.values[start:]
	}
	for i := range d.ends {
		if string(d.key(i)) == string(added) {
			d.values = d.values[:start]
			return
		}
	}
	d.ends = append(d.ends, len(d.values))
}

// appendKey writes a value so that what is written is equal where the values are, and
// none is the beginning of another. Numbers are equal whatever their kind.
func appendKey(to []byte, v Value) []byte {
	if v.kind == kFloat && v.decimal() == math.Trunc(v.decimal()) && math.Abs(v.decimal()) < 1<<62 {
		v = Int(int64(v.decimal()))
	}
	to = append(to, byte(v.kind))
	switch v.kind {
	case kString:
		to = binary.AppendUvarint(to, uint64(len(v.text)))
		return append(to, v.text...)
	case kBool, kInt, kFloat:
		return binary.BigEndian.AppendUint64(to, v.bits)
	}
	return to
}
