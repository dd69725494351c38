package detect

import (
	"cmp"
	"slices"
)

// How many elements of one share a ring keeps, and how many in all. Over the bound in all
// the share with the most gives way, which is never one that has few.
const (
	maxReserved = 1024
	maxShared   = 256
	maxRing     = 8192
)

// ring is a list in order of time that forgets the oldest of a share when that has too many.
type ring[T any] struct {
	list      []T
	share     func(T) Share
	compare   func(a, b T) int
	count     map[Share]int
	forgotten uint64
}

func newRing[T any](share func(T) Share, compare func(a, b T) int) ring[T] {
	return ring[T]{share: share, compare: compare, count: map[Share]int{}}
}

// insert puts an element in its place.
func (r *ring[T]) insert(v T) {
	at, _ := slices.BinarySearchFunc(r.list, v, func(a, b T) int { return cmp.Or(r.compare(a, b), -1) })
	r.list = slices.Insert(r.list, at, v)
	share := r.share(v)
	r.count[share]++
	most := maxShared
	if share.Reserved() {
		most = maxReserved
	}
	switch {
	case r.count[share] > most:
		r.forgetOldest(share)
	case len(r.list) > maxRing:
		r.forgetOldest(r.largest())
	}
}

// largest returns the share with the most elements; a reserved one only where there is no
// other.
func (r *ring[T]) largest() Share {
	var found Share
	for share, n := range r.count {
		better := n > r.count[found] || n == r.count[found] && share < found
		if found == "" || found.Reserved() && !share.Reserved() || found.Reserved() == share.Reserved() && better {
			found = share
		}
	}
	return found
}

func (r *ring[T]) forgetOldest(share Share) {
	i := slices.IndexFunc(r.list, func(v T) bool { return r.share(v) == share })
	if i < 0 {
		return
	}
	r.list = slices.Delete(r.list, i, i+1)
	r.uncount(share)
	r.forgotten++
}

func (r *ring[T]) uncount(share Share) {
	if r.count[share]--; r.count[share] == 0 {
		delete(r.count, share)
	}
}

// drop removes elements that are no longer needed.
func (r *ring[T]) drop(old func(T) bool) {
	r.list = slices.DeleteFunc(r.list, func(v T) bool {
		if !old(v) {
			return false
		}
		r.uncount(r.share(v))
		return true
	})
}
