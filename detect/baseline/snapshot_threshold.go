package baseline

import (
	"encoding/binary"
	"fmt"
)

// Least sizes in a snapshot, in bytes: of a group, and of a sighting.
const (
	groupSize        = len(digest{}) + 8 + 8 + 4
	savedSightingLen = len(digest{}) + 8
)

// identity says of which rule a snapshot is. Counts towards other numbers are of no use.
func (t *Threshold) identity() digest {
	return t.digester.of(t.o.Identity, fmt.Sprint(t.o.AtLeast, t.window, t.o.Distinct))
}

// Snapshot returns the counts as they are.
func (t *Threshold) Snapshot() []byte {
	b := header(thresholdKind, t.identity())
	b = binary.BigEndian.AppendUint64(b, t.stats.Dropped)
	b = binary.BigEndian.AppendUint64(b, t.stats.Cut)
	b = appendCount(b, t.groups.len())
	for key, c := range t.groups.all {
		b = append(b, key[:]...)
		b = appendTime(b, c.newest)
		b = appendTime(b, c.fired)
		b = appendCount(b, c.times.n)
		for i := range c.times.n {
			b = appendTime(b, c.times.at(i))
		}
		for _, d := range c.distinct {
			b = appendCount(b, len(d))
			for _, s := range d {
				b = append(b, s.key[:]...)
				b = appendTime(b, s.last)
			}
		}
	}
	return seal(b)
}

// Restore replaces the counts by a snapshot. On an error nothing changes.
func (t *Threshold) Restore(data []byte) error {
	r, err := open(data, thresholdKind, t.identity())
	if err != nil {
		return err
	}
	restored := &Threshold{o: t.o, window: t.window, groups: newRecent[counter](), digester: t.digester}
	restored.stats = ThresholdStats{Dropped: r.uint64(), Cut: r.uint64()}
	count := r.count(groupSize)
	for range count {
		key := r.digest()
		c, ok := t.readCounter(r)
		if !ok || restored.groups.use(key) != nil {
			return errShape
		}
		for restored.groups.len() >= t.o.MaxGroups {
			restored.lose(c.newest)
		}
		*restored.groups.add(key) = c
		restored.bytes += c.bytes()
		restored.shrink(c.newest)
	}
	if err := r.end(); err != nil {
		return err
	}
	*t = *restored
	return nil
}

// readCounter reads one group. Everything in it must be as counting leaves it.
func (t *Threshold) readCounter(r *reader) (c counter, ok bool) {
	c.newest, c.fired = r.time(), r.time()
	last := int64(0)
	inOrder := func(at int64) bool {
		ok := at >= last && at <= c.newest
		last = at
		return ok
	}
	times := r.count(timeSize)
	if times > t.o.AtLeast || c.fired > c.newest {
		return c, false
	}
	for range times {
		at := r.time()
		if !inOrder(at) {
			return c, false
		}
		c.times.push(at, t.o.AtLeast)
	}
	if len(t.o.Distinct) > 0 {
		c.distinct = make([]distinct, len(t.o.Distinct))
	}
	for i, limit := range t.o.Distinct {
		last = 0
		n := r.count(savedSightingLen)
		if n > limit {
			return c, false
		}
		for range n {
			key, at := r.digest(), r.time()
			if !inOrder(at) {
				return c, false
			}
			c.distinct[i].note(key, at, limit)
		}
		if len(c.distinct[i]) != n {
			return c, false // a value twice
		}
	}
	return c, !r.bad
}
