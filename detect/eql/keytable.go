package eql

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
	parts       []*partial[T] // by the step that they reached
	waiting     []*candidate[T]
	before      int64 // time of the latest event that has to be missing before the first
	hasBefore   bool
	touched     int64 // time of the latest event
	newer, last *pending[T]
}

// live reports whether there is anything to remember.
func (p *pending[T]) live() bool {
	if p.hasBefore || len(p.waiting) > 0 {
		return true
	}
	for _, part := range p.parts {
		if part != nil {
			return true
		}
	}
	return false
}

// keyTable holds what is pending, and knows what was used least recently.
type keyTable[T any] struct {
	steps    int
	byKey    map[string]*pending[T]
	ends     pending[T] // a ring: newer is the least, last the most recently used
	reached  []int      // partials that reached each step
	partials int        // their sum
}

func newKeyTable[T any](steps int) keyTable[T] {
	return keyTable[T]{steps: steps, byKey: map[string]*pending[T]{}, reached: make([]int, steps)}
}

// find returns what is pending for a key, or nil.
func (t *keyTable[T]) find(key []byte) *pending[T] { return t.byKey[string(key)] }

// use returns what is pending for a key, and marks it as used.
func (t *keyTable[T]) use(key []byte, now int64) *pending[T] {
	p := t.byKey[string(key)]
	if p == nil {
		p = &pending[T]{key: string(key), parts: make([]*partial[T], t.steps)}
		t.byKey[p.key] = p
	} else {
		t.unlink(p)
	}
	p.touched = now
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

// remove forgets a key that has no partials.
func (t *keyTable[T]) remove(p *pending[T]) {
	t.unlink(p)
	delete(t.byKey, p.key)
}
