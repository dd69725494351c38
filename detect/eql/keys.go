package eql

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
)

// stageMatcher finds the events of one stage of a sequence and the values of their join
// keys. It remembers what it found out about the latest event.
type stageMatcher[T any] struct {
	matcher *Matcher[T]
	by      []*fieldRef
	fields  []Field[T] // of by
	number  uint64     // of the event that keys is about
	keys    [][]byte   // parts of text
	text    []byte
}

// longKey is the length from which on a key is remembered by its hash: what an event
// has in its fields can be a megabyte.
const longKey = 256

// keysOf returns the keys of the latest event, one for each choice of elements of their
// fields: none if it does not match or a value is missing.
func (s *Sequence[T]) keysOf(m *stageMatcher[T], rec T) [][]byte {
	if m.number == s.number {
		return m.keys
	}
	m.number, m.keys, m.text = s.number, m.keys[:0], m.text[:0]
	if !m.matcher.Match(rec) {
		return nil
	}
	choices := 1
	for i, field := range m.fields {
		n := field(rec).len()
		if n == 0 && !m.by[i].Optional {
			return nil
		}
		choices = min(choices*max(n, 1), math.MaxInt32)
	}
	s.dropped.Expanded += uint64(max(0, choices-maxKeysPerEvent))
	for pick := range min(choices, maxKeysPerEvent) {
		m.addKey(rec, pick)
	}
	return m.keys
}

// addKey adds the key for one choice of elements, unless a value is missing or it is there
// already.
func (m *stageMatcher[T]) addKey(rec T, pick int) {
	start := len(m.text)
	for i, field := range m.fields {
		v := field(rec)
		if n := v.len(); n > 0 {
			v = v.at(pick % n)
			pick /= n
		}
		if v.missing() && !m.by[i].Optional {
			return
		}
		m.text = appendKey(m.text, v)
	}
	if len(m.text)-start > longKey {
		sum := sha256.Sum256(m.text[start:])
		m.text = append(m.text[:start], sum[:]...)
	}
	key := m.text[start:]
	if !slices.ContainsFunc(m.keys, func(k []byte) bool { return bytes.Equal(k, key) }) {
		m.keys = append(m.keys, key)
	}
}

// appendKey writes a value so that what is written is equal where the values are, and
// none is the beginning of another. Numbers are equal whatever their kind.
func appendKey(to []byte, v Value) []byte {
	if v.kind == kFloat && v.decimal() == math.Trunc(v.decimal()) && math.Abs(v.decimal()) < 1<<62 {
		v = Int(int64(v.decimal()))
	}
	to = append(to, byte(v.kind))
	switch v.kind {
	case kString:
		to = binary.AppendUvarint(to, uint64(len(v.text)))
		return append(to, v.text...)
	case kBool, kInt, kFloat:
		return binary.BigEndian.AppendUint64(to, v.bits)
	}
	return to
}

// partial is a sequence that has begun.
type partial[T any] struct {
	events      []T
	start, last int64  // times of the first and of the latest event
	number      uint64 // of the latest event
	spoiled     bool   // an event came that had to be missing
	before      moment
}

// moment is the time of the latest event that had to be missing before the first.
type moment struct {
	at    int64
	known bool
}

// pending is what is known for one value of the join keys.
type pending[T any] struct {
	key     string
	owner   uint64        // the least of those whose events it is about
	parts   []*partial[T] // by the step that they reached
	waiting int           // complete sequences that wait
	before  moment
	touched int64         // time of the latest event
	element *list.Element // of keyTable.recent
}

// size returns how much it counts for.
func (p *pending[T]) size() int {
	n := 1 + p.waiting
	for _, part := range p.parts {
		if part != nil {
			n++
		}
	}
	return n
}

// keyTable holds what is pending.
type keyTable[T any] struct {
	byKey    map[string]*pending[T]
	recent   list.List // of *pending[T], the least recently used first
	reached  []int     // partials that reached each step
	partials int       // their sum
}

// use returns what is pending for a key, and marks it as used by an event of an owner.
func (t *keyTable[T]) use(key []byte, owner uint64, now int64) *pending[T] {
	p := t.byKey[string(key)]
	if p == nil {
		p = &pending[T]{key: string(key), owner: owner, parts: make([]*partial[T], len(t.reached))}
		p.element = t.recent.PushBack(p)
		t.byKey[p.key] = p
	}
	t.recent.MoveToBack(p.element)
	p.touched, p.owner = now, min(p.owner, owner)
	return p
}

// oldest returns the least recently used, nil if there is none.
func (t *keyTable[T]) oldest() *pending[T] {
	if e := t.recent.Front(); e != nil {
		return e.Value.(*pending[T])
	}
	return nil
}

// victim returns what is to be forgotten for want of room: of the owner that has the most,
// the least recently used. So what one owner begins pushes out nothing of another's as long
// as that has less.
func (t *keyTable[T]) victim() *pending[T] {
	held, oldest := map[uint64]int{}, map[uint64]*pending[T]{}
	for e := t.recent.Back(); e != nil; e = e.Prev() {
		p := e.Value.(*pending[T])
		held[p.owner] += p.size()
		oldest[p.owner] = p
	}
	var most uint64
	for owner, n := range held {
		if n > held[most] || n == held[most] && owner > most {
			most = owner
		}
	}
	return oldest[most]
}

// put remembers that a partial reached a step, in place of one that was there.
func (t *keyTable[T]) put(p *pending[T], step int, part *partial[T]) {
	t.take(p, step)
	t.reached[step]++
	t.partials++
	p.parts[step] = part
}

// take returns the partial at a step and forgets it.
func (t *keyTable[T]) take(p *pending[T], step int) *partial[T] {
	part := p.parts[step]
	if part != nil {
		p.parts[step] = nil
		t.reached[step]--
		t.partials--
	}
	return part
}

// clearPartials forgets the partials of a key and returns how many there were.
func (t *keyTable[T]) clearPartials(p *pending[T]) (n int) {
	for step := range p.parts {
		if t.take(p, step) != nil {
			n++
		}
	}
	return n
}

// remove forgets a key that has no partials.
func (t *keyTable[T]) remove(p *pending[T]) {
	t.recent.Remove(p.element)
	delete(t.byKey, p.key)
}
