package eql

import (
	"cmp"
	"math"
	"slices"
)

// candidate is a complete sequence that waits until nothing more can spoil it: an event
// that has to be missing at its end could still come in time.
type candidate[T any] struct {
	result Result[T]
	from   int64 // the time from which maxspan counts
	owner  *pending[T]
}

// Feed shows the next event and returns the sequences that it completes, and those that
// are complete since its time has come. Events come in the order in which they happened.
//
// keep is called once for an event that is to be remembered, and returns what may be
// kept of it; nil keeps the record as it is. The results are the caller's, the slice
// that holds them only until the next call. An event that matches no stage allocates
// nothing.
func (s *Sequence[T]) Feed(rec T, keep func(T) T) []Result[T] {
	at := s.now
	if s.time != nil {
		if t, ok := s.time(rec); ok {
			at = t
		}
	}
	s.Advance(at)
	s.number++
	kept, isKept := rec, keep == nil
	remember := func() T {
		if !isKept {
			kept, isKept = keep(rec), true
		}
		return kept
	}
	for i := len(s.steps) - 1; i >= 0; i-- {
		if i > 0 && s.keys.reached[i-1] == 0 {
			continue
		}
		for _, key := range s.keysOf(s.steps[i], rec) {
			s.reach(i, key, rec, remember)
		}
	}
	s.spoil(rec)
	if s.until != nil && s.keys.partials > 0 {
		for _, key := range s.keysOf(s.until, rec) {
			if p := s.keys.byKey[string(key)]; p != nil {
				s.keys.clearPartials(p)
				s.drop(p)
			}
		}
	}
	s.shrink()
	return s.out
}

// Advance tells that a time has come, and returns the sequences that are complete since
// nothing can spoil them any more: those with an event that had to be missing at their
// end. The slice holds until the next call.
func (s *Sequence[T]) Advance(now int64) []Result[T] {
	clear(s.out)
	s.out = s.out[:0]
	s.now = now
	s.release(s.maxspan)
	s.forget()
	return s.out
}

// Finish tells that no more events come, and returns the sequences that waited for one
// that did not come.
func (s *Sequence[T]) Finish() []Result[T] {
	clear(s.out)
	s.out = s.out[:0]
	s.release(math.MinInt64)
	return s.out
}

// release returns the complete sequences that have waited for longer than a time.
func (s *Sequence[T]) release(wait int64) {
	n := 0
	for n < len(s.waiting) && since(s.now, s.waiting[n].from) > wait {
		c := &s.waiting[n]
		s.out = append(s.out, c.result)
		c.owner.waiting--
		s.drop(c.owner)
		n++
	}
	s.waiting = slices.Delete(s.waiting, 0, n)
}

// giveUp forgets complete sequences of a key that wait, and returns their number.
func (s *Sequence[T]) giveUp(p *pending[T], which func(*candidate[T]) bool) int {
	before := p.waiting
	s.waiting = slices.DeleteFunc(s.waiting, func(c candidate[T]) bool {
		forgotten := c.owner == p && which(&c)
		if forgotten {
			p.waiting--
		}
		return forgotten
	})
	return before - p.waiting
}

// reach lets a sequence reach a step with an event: a new one if it is the first.
func (s *Sequence[T]) reach(step int, key []byte, rec T, remember func() T) {
	p := s.keys.byKey[string(key)]
	var part *partial[T]
	if step > 0 {
		if p == nil {
			return
		}
		if part = s.keys.take(p, step-1); part == nil {
			return
		}
		if s.maxspan > 0 && since(s.now, part.start) > s.maxspan {
			s.drop(p)
			return
		}
	}
	p = s.use(key, rec)
	if step == 0 {
		part = &partial[T]{events: make([]T, 0, len(s.steps)), start: s.now, before: p.before}
	}
	part.events = append(part.events, remember())
	part.last, part.number = s.now, s.number
	if step < len(s.steps)-1 {
		s.keys.put(p, step, part)
		return
	}
	if !part.spoiled {
		s.complete(p, part)
	}
	s.drop(p)
}

// use returns what is pending for a key, which the event is about.
func (s *Sequence[T]) use(key []byte, rec T) *pending[T] {
	owner := uint64(0)
	if s.owner != nil {
		owner = s.owner(rec)
	}
	return s.keys.use(key, owner, s.now)
}

// complete decides about a sequence whose events are all there.
func (s *Sequence[T]) complete(p *pending[T], part *partial[T]) {
	c := candidate[T]{result: Result[T]{Events: part.events, last: part.number}, from: part.start, owner: p}
	leading, ending := s.missing[0] != nil, s.missing[len(s.steps)] != nil
	early := part.before.known && since(part.last, part.before.at) <= s.maxspan
	switch {
	case leading && ending && early:
		// Missing at either end: there is a time of maxspan without both only if the
		// one at the end comes late enough after the one at the beginning.
		c.from = part.before.at
	case leading && early:
		return
	case leading || !ending:
		s.out = append(s.out, c.result)
		return
	}
	i, _ := slices.BinarySearchFunc(s.waiting, c, func(a, b candidate[T]) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.result.last, b.result.last))
	})
	s.waiting = slices.Insert(s.waiting, i, c)
	p.waiting++
}

// spoil notes what an event that has to be missing does to the sequences that it comes
// into. It is asked after the event has gone where it belongs, so that it spoils none
// that it is itself a part of.
func (s *Sequence[T]) spoil(rec T) {
	last := len(s.steps)
	for gap, missing := range s.missing {
		if gap > 0 && gap < last && s.keys.reached[gap-1] == 0 || gap == last && len(s.waiting) == 0 {
			continue
		}
		for _, m := range missing {
			for _, key := range s.keysOf(m, rec) {
				p := s.keys.byKey[string(key)]
				switch {
				case gap == 0:
					s.use(key, rec).before = moment{s.now, true}
				case p == nil:
				case gap == last:
					s.giveUp(p, func(c *candidate[T]) bool { return c.result.last < s.number })
					s.drop(p)
				case p.parts[gap-1] != nil && p.parts[gap-1].number < s.number:
					p.parts[gap-1].spoiled = true
				}
			}
		}
	}
}

// drop forgets a key with which nothing is pending.
func (s *Sequence[T]) drop(p *pending[T]) {
	if s.keys.byKey[p.key] == p && p.size() == 1 && !p.before.known {
		s.keys.remove(p)
	}
}

// forget gives up what is too old: what can't be completed within maxspan, and keys
// without an event for longer than the limit.
func (s *Sequence[T]) forget() {
	horizon, lost := s.limits.Age, true
	if s.maxspan > 0 && s.maxspan <= horizon {
		horizon, lost = s.maxspan, false
	}
	for p := s.keys.oldest(); p != nil && since(s.now, p.touched) > horizon; p = s.keys.oldest() {
		n := s.keys.clearPartials(p)
		if lost && (n > 0 || p.before.known) {
			s.dropped.Keys++
			s.dropped.Partials += uint64(n)
		}
		p.before = moment{}
		if p.waiting > 0 { // they have a time of their own
			s.keys.use([]byte(p.key), p.owner, s.now)
			continue
		}
		s.keys.remove(p)
	}
}

// shrink brings what is remembered back within the limits.
func (s *Sequence[T]) shrink() {
	for {
		keys, partials := s.Pending()
		if keys <= s.limits.Keys && partials <= s.limits.Partials {
			return
		}
		p := s.keys.victim()
		if keys == 1 && p.waiting > 0 {
			s.waiting = slices.Delete(s.waiting, 0, 1)
			p.waiting--
			s.dropped.Partials++
			s.drop(p)
			continue
		}
		s.dropped.Keys++
		s.dropped.Partials += uint64(s.keys.clearPartials(p) + s.giveUp(p, func(*candidate[T]) bool { return true }))
		s.keys.remove(p)
	}
}
