package detect

import (
	"cmp"
	"slices"
	"time"
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
	list      []ringElement[T]
	count     map[Share]int
	forgotten uint64
}

type ringElement[T any] struct {
	share Share
	at    time.Time
	order uint64 // of those of one time
	value T
}

// insert puts an element in its place.
func (r *ring[T]) insert(e ringElement[T]) {
	at, _ := slices.BinarySearchFunc(r.list, e, func(a, b ringElement[T]) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.order, b.order), -1)
	})
	r.list = slices.Insert(r.list, at, e)
	r.count[e.share]++
	most := maxShared
	if e.share.Reserved() {
		most = maxReserved
	}
	switch {
	case r.count[e.share] > most:
		r.forgetOldest(e.share)
	case len(r.list) > maxRing:
		r.forgetOldest(r.largestShare())
	}
}

// largestShare returns the share with the most elements; a reserved one only where there is no
// other.
func (r *ring[T]) largestShare() Share {
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
	i := slices.IndexFunc(r.list, func(e ringElement[T]) bool { return e.share == share })
	r.list = slices.Delete(r.list, i, i+1)
	r.uncount(share)
	r.forgotten++
}

// dropBefore removes the elements of earlier times.
func (r *ring[T]) dropBefore(at time.Time) {
	n := 0
	for n < len(r.list) && r.list[n].at.Before(at) {
		r.uncount(r.list[n].share)
		n++
	}
	r.list = slices.Delete(r.list, 0, n)
}

func (r *ring[T]) uncount(share Share) {
	if r.count[share]--; r.count[share] == 0 {
		delete(r.count, share)
	}
}
