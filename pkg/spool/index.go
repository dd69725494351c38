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

func compareRecords(a, b record) int {
	if c := cmp.Compare(a.seq, b.seq); c != 0 {
		return c
	}
	return bytes.Compare(a.sum[:], b.sum[:])
}

// sameFile reports whether two records are of one file.
func (r *record) sameFile(o record) bool {
	return r.seq == o.seq && r.sum == o.sum && r.ms == o.ms && r.size == o.size && r.sev == o.sev && r.share == o.share
}

// position returns the place of the first record not below seq.
func (x *index) position(seq uint64) int {
	i, _ := slices.BinarySearchFunc(x.recs, seq, func(r record, seq uint64) int { return cmp.Compare(r.seq, seq) })
	return i
}

// findLive returns a record that is alive, nil when there is none of that number. It stays
// valid until the next add.
func (x *index) findLive(seq uint64) *record {
	if i := x.position(seq); i < len(x.recs) && x.recs[i].seq == seq && x.recs[i].mask != 0 {
		return &x.recs[i]
	}
	return nil
}

// waitingFor returns the records that wait in a queue and have certain flags, the oldest first.
func (x *index) waitingFor(bit uint64, flags uint16) iter.Seq[*record] {
	return func(yield func(*record) bool) {
		for i := range x.recs {
			if r := &x.recs[i]; r.mask&bit != 0 && r.flags&flags == flags && !yield(r) {
				return
			}
		}
	}
}

// addRecord takes a record for which someone waits, and whose number is not alive.
func (x *index) addRecord(r record) {
	x.dropDead()
	if n := len(x.recs); n == 0 || x.recs[n-1].seq < r.seq {
		x.recs = append(x.recs, r)
	} else if i := x.position(r.seq); x.recs[i].seq == r.seq {
		x.recs[i] = r
	} else {
		x.recs = slices.Insert(x.recs, i, r)
	}
	x.countLive(r)
}

func (x *index) countLive(r record) {
	x.live++
	x.bytes += int64(r.size)
}

// forgetLive takes account of a record whose mask has become empty.
func (x *index) forgetLive(r *record) {
	x.live--
	x.bytes -= int64(r.size)
}

// dropDead drops records nobody waits for, when they are most of all.
func (x *index) dropDead() {
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

// mergeRecords adds what one queue waits for to sorted records. Of two with the same number and
// different content the one that is there stays, and the other is shown to clash.
func mergeRecords(into, from []record, clash func(record)) []record {
	var fresh []record
	i := 0
	for k, r := range from {
		for i < len(into) && into[i].seq < r.seq {
			i++
		}
		there := i < len(into) && into[i].seq == r.seq
		switch {
		case there && into[i].sameFile(r):
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
	slices.SortFunc(into, compareRecords)
	return into
}
