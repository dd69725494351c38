package baseline

// recent is a map that knows the order in which its entries were last used.
type recent[V any] struct {
	index  map[digest]int32
	slots  []slot[V]
	newest int32 // place in slots, -1 without entries
	oldest int32
	free   []int32 // places that were given up
}

type slot[V any] struct {
	key          digest
	older, newer int32 // -1 at the ends
	value        V
}

func newRecent[V any]() *recent[V] {
	return &recent[V]{index: map[digest]int32{}, newest: -1, oldest: -1}
}

func (r *recent[V]) len() int { return len(r.index) }

// use returns the value of a key and makes it the newest; nil if there is none. The
// pointer holds until the next add.
func (r *recent[V]) use(key digest) *V {
	n, ok := r.index[key]
	if !ok {
		return nil
	}
	if n != r.newest {
		r.unlink(n)
		r.link(n)
	}
	return &r.slots[n].value
}

// add adds a key, which must be new, as the newest, and returns its zero value. The
// pointer holds until the next add.
func (r *recent[V]) add(key digest) *V {
	var n int32
	if last := len(r.free) - 1; last >= 0 {
		n, r.free = r.free[last], r.free[:last]
	} else {
		n = int32(len(r.slots))
		r.slots = append(r.slots, slot[V]{})
	}
	r.slots[n] = slot[V]{key: key}
	r.index[key] = n
	r.link(n)
	return &r.slots[n].value
}

// last returns the value that was not used for longest, nil without entries.
func (r *recent[V]) last() *V {
	if r.oldest < 0 {
		return nil
	}
	return &r.slots[r.oldest].value
}

// dropLast removes the entry that was not used for longest.
func (r *recent[V]) dropLast() {
	n := r.oldest
	r.unlink(n)
	delete(r.index, r.slots[n].key)
	r.slots[n] = slot[V]{}
	r.free = append(r.free, n)
}

// all yields the entries, oldest first.
func (r *recent[V]) all(yield func(digest, *V) bool) {
	for n := r.oldest; n >= 0; n = r.slots[n].newer {
		if !yield(r.slots[n].key, &r.slots[n].value) {
			return
		}
	}
}

// link makes a place the newest.
func (r *recent[V]) link(n int32) {
	r.slots[n].older, r.slots[n].newer = r.newest, -1
	if r.newest >= 0 {
		r.slots[r.newest].newer = n
	} else {
		r.oldest = n
	}
	r.newest = n
}

// unlink takes a place out of the order.
func (r *recent[V]) unlink(n int32) {
	older, newer := r.slots[n].older, r.slots[n].newer
	if older >= 0 {
		r.slots[older].newer = newer
	} else {
		r.oldest = newer
	}
	if newer >= 0 {
		r.slots[newer].older = older
	} else {
		r.newest = older
	}
}
