package spool

import (
	"cmp"
	"iter"
	"slices"
)

// index holds the records of waiting alerts in order of their numbers. An alert for which
// nobody waits any more has an empty mask, and goes when there are many of these. Spool.mu guards it.
type index struct {
	recs  []record
	live  int
	bytes int64 // of live ones
}

// position returns the place of the first record not below seq.
func (x *index) position(seq uint64) int {
	i, _ := slices.BinarySearchFunc(x.recs, seq, func(r record, seq uint64) int { return cmp.Compare(r.seq, seq) })
	return i
}

// findLive returns a record that is alive, nil when there is none of that number. It stays
// valid until the next addRecord.
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
	if len(x.recs) >= 1024 && x.live <= len(x.recs)/2 {
		x.recs = slices.Clone(slices.DeleteFunc(x.recs, func(r record) bool { return r.mask == 0 }))
	}
	i := x.position(r.seq)
	if i < len(x.recs) && x.recs[i].seq == r.seq {
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
