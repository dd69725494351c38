package eql

import (
	"cmp"
	"slices"
)

// partial is a sequence that has begun.
type partial[T any] struct {
	events      []T
	start, last int64  // times of the first and of the latest event
	number      uint64 // of the latest event
	spoiled     bool   // an event came that had to be missing
	before      int64  // time of the latest event that had to be missing before the first
	hasBefore   bool
}

// pending is what is known for one value of the join keys.
type pending[T any] struct {
	key         string
	owner       uint64        // the least of those whose events it is about
	parts       []*partial[T] // by the step that they reached
	waiting     int           // complete sequences that wait
	before      int64         // time of the latest event that has to be missing before the first
	hasBefore   bool
	touched     int64 // time of the latest event
	newer, last *pending[T]
}

// live reports whether there is anything to remember.
func (p *pending[T]) live() bool {
	return p.hasBefore || p.waiting > 0 || slices.ContainsFunc(p.parts, func(part *partial[T]) bool { return part != nil })
}

// keyTable holds what is pending, and knows what was used least recently.
type keyTable[T any] struct {
	steps    int
	byKey    map[string]*pending[T]
	ends     pending[T] // a ring: newer is the least, last the most recently used
	reached  []int      // partials that reached each step
	partials int        // their sum
	held     map[uint64]int
}

func newKeyTable[T any](steps int) keyTable[T] {
	return keyTable[T]{steps: steps, byKey: map[string]*pending[T]{}, reached: make([]int, steps), held: map[uint64]int{}}
}

// find returns what is pending for a key, or nil.
func (t *keyTable[T]) find(key []byte) *pending[T] { return t.byKey[string(key)] }

// use returns what is pending for a key, and marks it as used by an event of an owner.
func (t *keyTable[T]) use(key []byte, owner uint64, now int64) *pending[T] {
	p := t.byKey[string(key)]
	if p == nil {
		p = &pending[T]{key: string(key), owner: owner, parts: make([]*partial[T], t.steps)}
		t.byKey[p.key] = p
	} else {
		t.unlink(p)
	}
	p.touched, p.owner = now, min(p.owner, owner)
	t.link(p)
	return p
}

// link makes p the most recently used.
func (t *keyTable[T]) link(p *pending[T]) {
	end := &t.ends
	if end.last == nil {
		end.last, end.newer = end, end
	}
	p.last, p.newer = end.last, end
	p.last.newer, end.last = p, p
}

func (t *keyTable[T]) unlink(p *pending[T]) {
	p.last.newer, p.newer.last = p.newer, p.last
	p.newer, p.last = nil, nil
}

// oldest returns the least recently used, nil if there is none.
func (t *keyTable[T]) oldest() *pending[T] {
	if p := t.ends.newer; p != &t.ends {
		return p // nil before the first use
	}
	return nil
}

// all yields what is pending, the least recently used first.
func (t *keyTable[T]) all(yield func(*pending[T]) bool) {
	for p := t.oldest(); p != nil && p != &t.ends; p = p.newer {
		if !yield(p) {
			return
		}
	}
}

// victim returns what is to be forgotten for want of room: of the owner that has the most,
// the least recently used. So what one owner begins pushes out nothing of another's as long
// as that has less.
func (t *keyTable[T]) victim() *pending[T] {
	clear(t.held)
	for p := range t.all {
		n := 1 + p.waiting
		for _, part := range p.parts {
			if part != nil {
				n++
			}
		}
		t.held[p.owner] += n
	}
	var most uint64
	for owner, n := range t.held {
		if c := cmp.Compare(n, t.held[most]); c > 0 || c == 0 && owner > most {
			most = owner
		}
	}
	for p := range t.all {
		if p.owner == most {
			return p
		}
	}
	return nil
}

// put remembers that a partial reached a step, in place of one that was there.
func (t *keyTable[T]) put(p *pending[T], step int, part *partial[T]) {
	if p.parts[step] == nil {
		t.reached[step]++
		t.partials++
	}
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

// clear forgets the partials of a key and returns how many there were.
func (t *keyTable[T]) clear(p *pending[T]) (n int) {
	for step := range p.parts {
		if t.take(p, step) != nil {
			n++
		}
	}
	return n
}

// candidate is a complete sequence that waits until nothing more can spoil it: an event
// that has to be missing at its end could still come in time.
type candidate[T any] struct {
	result Result[T]
	from   int64 // the time from which maxspan counts
	owner  *pending[T]
}

// waiting holds candidates in no order, and the time of the first.
type waiting[T any] struct {
	list  []candidate[T]
	first int64
}

func (w *waiting[T]) add(c candidate[T]) {
	if len(w.list) == 0 || c.from < w.first {
		w.first = c.from
	}
	w.list = append(w.list, c)
	c.owner.waiting++
}

// remove takes out those that are given up or due, and returns them in the order of time.
func (w *waiting[T]) remove(which func(*candidate[T]) bool) []candidate[T] {
	var out []candidate[T]
	kept := w.list[:0]
	for _, c := range w.list {
		if which(&c) {
			c.owner.waiting--
			out = append(out, c)
			continue
		}
		if len(kept) == 0 || c.from < w.first {
			w.first = c.from
		}
		kept = append(kept, c)
	}
	clear(w.list[len(kept):])
	w.list = kept
	slices.SortStableFunc(out, func(a, b candidate[T]) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.result.last, b.result.last))
	})
	return out
}

// remove forgets a key that has no partials.
func (t *keyTable[T]) remove(p *pending[T]) {
	t.unlink(p)
	delete(t.byKey, p.key)
}
