package baseline

import (
	"encoding/binary"
	"strconv"
	"time"
)

// termSize is what an entry takes in a snapshot, in bytes.
const termSize = len(digest{}) + 8

// identity says of which rule a snapshot is.
func (t *Terms) identity() digest {
	return t.digester.of(t.o.Identity, strconv.Itoa(t.o.Fields))
}

// Snapshot returns the memory as it is at a time.
func (t *Terms) Snapshot(at time.Time) []byte {
	b := header(termsKind, t.identity())
	b = appendTime(b, t.start)
	b = appendTime(b, t.until)
	b = appendTime(b, nanos(at))
	b = binary.BigEndian.AppendUint64(b, t.stats.Learned)
	b = binary.BigEndian.AppendUint64(b, t.stats.Dropped)
	b = binary.BigEndian.AppendUint64(b, t.stats.Cut)
	b = appendCount(b, t.known.len())
	for key, last := range t.known.all {
		b = append(b, key[:]...)
		b = appendTime(b, *last)
	}
	return seal(b)
}

// Restore replaces the memory by a snapshot, at the time from which it is watched again.
// If that is more than a window after the snapshot nothing is known of the window, and
// learning begins anew. On an error nothing changes.
func (t *Terms) Restore(data []byte, at time.Time) error {
	r, err := open(data, termsKind, t.identity())
	if err != nil {
		return err
	}
	restored := &Terms{o: t.o, window: t.window, known: newRecent[int64](), digester: t.digester}
	restored.start, restored.until = r.time(), r.time()
	saved := r.time()
	restored.stats = TermsStats{Learned: r.uint64(), Dropped: r.uint64(), Cut: r.uint64()}
	count := r.count(termSize)
	for range count {
		key, last := r.digest(), r.time()
		if restored.known.use(key) != nil {
			return errShape
		}
		for restored.known.len() >= t.o.MaxEntries {
			restored.dropLast(nanos(at))
		}
		*restored.known.add(key) = last
	}
	if err := r.end(); err != nil {
		return err
	}
	if restored.until < restored.start {
		return errShape
	}
	if within(saved, nanos(at), t.window) {
		restored.until = min(restored.until, restored.start+int64(t.o.Learning)) // it may have been made shorter
	} else {
		restored.learn(nanos(at))
	}
	*t = *restored
	return nil
}
