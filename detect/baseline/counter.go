package baseline

// ring is the times of the latest events, oldest first, as many as a threshold asks
// for and no more.
type ring struct {
	times []int64
	head  int // of the oldest
	n     int
}

// push adds a time, which is none before the newest. At the limit it takes the place of
// the oldest.
func (r *ring) push(at int64, limit int) {
	if r.n == len(r.times) {
		if r.n == limit {
			r.head = (r.head + 1) % limit
			r.n--
		} else {
			r.grow(limit)
		}
	}
	r.times[(r.head+r.n)%len(r.times)] = at
	r.n++
}

// grow doubles the room, so that a group that is seen once costs little.
func (r *ring) grow(limit int) {
	times := make([]int64, min(max(2*r.n, 2), limit))
	for i := range r.n {
		times[i] = r.at(i)
	}
	r.times, r.head = times, 0
}

// at returns a time, counted from the oldest.
func (r *ring) at(i int) int64 { return r.times[(r.head+i)%len(r.times)] }

// expire removes the times up to and including one.
func (r *ring) expire(upTo int64) {
	for r.n > 0 && r.times[r.head] <= upTo {
		r.head = (r.head + 1) % len(r.times)
		r.n--
	}
}

// sighting is a value and when it was last seen.
type sighting struct {
	key  digest
	last int64
}

// distinct is the values that were seen last, each once, in the order of their last
// sighting, as many as a threshold asks for. That is enough: there are so many
// different ones in the window if the oldest of them is in it.
type distinct []sighting

// note notes a sighting, which is none before the latest.
func (d *distinct) note(key digest, at int64, limit int) {
	list := *d
	for i := range list {
		if list[i].key == key {
			copy(list[i:], list[i+1:])
			list[len(list)-1] = sighting{key, at}
			return
		}
	}
	switch {
	case len(list) == limit:
		copy(list, list[1:])
		list[limit-1] = sighting{key, at}
		return
	case len(list) == cap(list):
		list = append(make(distinct, 0, min(max(2*len(list), 2), limit)), list...)
	}
	*d = append(list, sighting{key, at})
}

// expire removes the sightings up to and including a time.
func (d *distinct) expire(upTo int64) {
	list := *d
	n := 0
	for n < len(list) && list[n].last <= upTo {
		n++
	}
	*d = list[:copy(list, list[n:])]
}

// counter is what is remembered of one group.
type counter struct {
	times    ring
	distinct []distinct
	newest   int64
	fired    int64 // notFired, or the time
}

const notFired = -1

// Sizes in bytes, for the bound on memory. What an entry takes beside its times and
// sightings is bounded by the number of groups.
const (
	timeSize     = 8
	sightingSize = 24
)

// bytes returns the size of what the counter holds.
func (c *counter) bytes() int {
	n := timeSize * len(c.times.times)
	for _, d := range c.distinct {
		n += sightingSize * cap(d)
	}
	return n
}
