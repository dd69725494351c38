package spool

import (
	"bytes"
	"cmp"
	"iter"
	"slices"
)

// index holds the records of waiting alerts in order of their numbers. An alert for which
// nobody waits any more has an empty mask, and goes when there are many of these.
type index struct {
	recs  []record
	live  int
	bytes int64 // of live ones
}

func order(a, b record) int {
	if c := cmp.Compare(a.seq, b.seq); c != 0 {
		return c
	}
	return bytes.Compare(a.sum[:], b.sum[:])
}

// same says whether two records are of one file.
func (r *record) same(o record) bool {
	return r.seq == o.seq && r.sum == o.sum && r.ms == o.ms && r.size == o.size && r.sev == o.sev && r.share == o.share
}

// at returns the place of the first record not below seq.
func (x *index) at(seq uint64) int {
	i, _ := slices.BinarySearchFunc(x.recs, seq, func(r record, seq uint64) int { return cmp.Compare(r.seq, seq) })
	return i
}

// find returns a record that is alive, nil when there is none of that number. It stays
// valid until the next add.
func (x *index) find(seq uint64) *record {
	if i := x.at(seq); i < len(x.recs) && x.recs[i].seq == seq && x.recs[i].mask != 0 {
		return &x.recs[i]
	}
	return nil
}

// waiting are the records that wait in a queue and have certain flags, the oldest first.
func (x *index) waiting(bit uint64, flags uint16) iter.Seq[*record] {
	return func(yield func(*record) bool) {
		for i := range x.recs {
			if r := &x.recs[i]; r.mask&bit != 0 && r.flags&flags == flags && !yield(r) {
				return
			}
		}
	}
}

// add takes a record for which someone waits, and whose number is not alive.
func (x *index) add(r record) {
	x.compact()
	if n := len(x.recs); n == 0 || x.recs[n-1].seq < r.seq {
		x.recs = append(x.recs, r)
	} else if i := x.at(r.seq); x.recs[i].seq == r.seq {
		x.recs[i] = r
	} else {
		x.recs = slices.Insert(x.recs, i, r)
	}
	x.count(r)
}

func (x *index) count(r record) {
	x.live++
	x.bytes += int64(r.size)
}

// forget takes account of a record whose mask has become empty.
func (x *index) forget(r *record) {
	x.live--
	x.bytes -= int64(r.size)
}

// compact drops records nobody waits for, when they are most of all.
func (x *index) compact() {
	if len(x.recs) < 1024 || x.live > len(x.recs)/2 {
		return
	}
	kept := make([]record, 0, x.live+x.live/4+1)
	for _, r := range x.recs {
		if r.mask != 0 {
			kept = append(kept, r)
		}
	}
	x.recs = kept
}

// merge adds what one queue waits for to sorted records. Of two with the same number and
// different content the one that is there stays, and the other is shown to clash.
func merge(into, from []record, clash func(record)) []record {
	var fresh []record
	i := 0
	for k, r := range from {
		for i < len(into) && into[i].seq < r.seq {
			i++
		}
		there := i < len(into) && into[i].seq == r.seq
		switch {
		case there && into[i].same(r):
			into[i].mask |= r.mask
		case there || k > 0 && from[k-1].seq == r.seq:
			clash(r)
		default:
			fresh = append(fresh, r)
		}
	}
	if len(into) == 0 || len(fresh) == 0 {
		return append(into, fresh...)
	}
	into = append(into, fresh...)
	slices.SortFunc(into, order)
	return into
}
