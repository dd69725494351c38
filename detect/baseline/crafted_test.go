package baseline

import (
	"bytes"
	"testing"
)

// group writes a group of someThreshold with these times, and sightings of values in
// its first field.
func group(key byte, newest, fired int64, times []int64, sightings ...sighting) []byte {
	b := bytes.Repeat([]byte{key}, len(digest{}))
	b = appendTime(appendTime(b, newest), fired)
	b = appendCount(b, len(times))
	for _, t := range times {
		b = appendTime(b, t)
	}
	b = appendCount(b, len(sightings))
	for _, s := range sightings {
		b = appendTime(append(b, s.key[:]...), s.last)
	}
	return appendCount(b, 0)
}

// TestCrafted gives snapshots that have the right checksum and what counting never
// leaves.
func TestCrafted(t *testing.T) {
	x, y := digest{1}, digest{2}
	for _, c := range []struct {
		name   string
		groups [][]byte
		ok     bool
	}{
		{"nothing", nil, true},
		{"a group", [][]byte{group(1, 9, 5, []int64{5, 5, 9}, sighting{x, 5}, sighting{y, 9})}, true},
		{"two groups", [][]byte{group(1, 9, 5, nil), group(2, 9, notFired, []int64{1})}, true},
		{"a group twice", [][]byte{group(1, 9, 5, nil), group(1, 9, 5, nil)}, false},
		{"times out of order", [][]byte{group(1, 9, 5, []int64{6, 5})}, false},
		{"a time after the newest", [][]byte{group(1, 9, 5, []int64{10})}, false},
		{"a time before 1970", [][]byte{group(1, 9, 5, []int64{-1})}, false},
		{"fired after the newest", [][]byte{group(1, 9, 10, []int64{9})}, false},
		{"a time out of range", [][]byte{group(1, 1<<62+1, 5, nil)}, false},
		{"more times than the threshold", [][]byte{group(1, 9, 5, []int64{1, 2, 3, 4})}, false},
		{"sightings out of order", [][]byte{group(1, 9, 5, nil, sighting{x, 5}, sighting{y, 4})}, false},
		{"a sighting after the newest", [][]byte{group(1, 9, 5, nil, sighting{x, 10})}, false},
		{"a value twice", [][]byte{group(1, 9, 5, nil, sighting{x, 5}, sighting{x, 6})}, false},
		{"more values than the threshold", [][]byte{group(1, 9, 5, nil, sighting{x, 5}, sighting{y, 6}, sighting{digest{3}, 7})}, false},
		{"a part of a group", [][]byte{group(1, 9, 5, nil)[:39]}, false},
		{"bytes behind the end", [][]byte{append(group(1, 9, 5, nil), 0)}, false},
	} {
		th := newThreshold(t, someThreshold)
		b := append(header(thresholdKind, th.identity()), make([]byte, 16)...)
		b = appendCount(b, len(c.groups))
		for _, g := range c.groups {
			b = append(b, g...)
		}
		err := th.Restore(seal(b))
		if (err == nil) != c.ok || err == nil && th.Stats().Groups != len(c.groups) {
			t.Errorf("%s: got %v and %d groups, want accepted: %v", c.name, err, th.Stats().Groups, c.ok)
		}
	}
}

func TestCraftedTerms(t *testing.T) {
	for _, c := range []struct {
		name         string
		start, until int64
		keys         []byte
		ok           bool
	}{
		{"two entries", 5, 6, []byte{1, 2}, true},
		{"an entry twice", 5, 6, []byte{1, 2, 1}, false},
		{"learning that ends before it begins", 5, 4, nil, false},
		{"a time out of range", 5, 1<<62 + 1, nil, false},
	} {
		m := newTerms(t, someTerms)
		b := header(termsKind, m.identity())
		b = appendTime(appendTime(appendTime(b, c.start), c.until), 5)
		b = appendCount(append(b, make([]byte, 24)...), len(c.keys))
		for _, k := range c.keys {
			b = appendTime(append(b, bytes.Repeat([]byte{k}, len(digest{}))...), 5)
		}
		if err := m.Restore(seal(b), start); (err == nil) != c.ok {
			t.Errorf("%s: got %v, want accepted: %v", c.name, err, c.ok)
		}
	}
}
