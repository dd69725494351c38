package eql

import "math"

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
	s.isKept = false
	for i := len(s.steps) - 1; i >= 0; i-- {
		if i > 0 && s.keys.reached[i-1] == 0 || !s.look(s.steps[i], rec) {
			continue
		}
		for k := range s.steps[i].count() {
			s.reach(i, s.steps[i].key(k), rec, keep)
		}
	}
	s.spoil(rec)
	s.end(rec)
	var none T
	s.kept = none
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
	if len(s.waiting.list) > 0 && since(now, s.waiting.first) > s.maxspan {
		s.release(func(c *candidate[T]) bool { return since(now, c.from) > s.maxspan })
	}
	s.forget(now)
	return s.out
}

// Finish tells that no more events come, and returns the sequences that waited for one
// that did not come.
func (s *Sequence[T]) Finish() []Result[T] {
	clear(s.out)
	s.out = s.out[:0]
	s.release(func(*candidate[T]) bool { return true })
	return s.out
}

// release returns sequences that nothing can spoil any more.
func (s *Sequence[T]) release(which func(*candidate[T]) bool) {
	for _, c := range s.waiting.remove(which) {
		s.out = append(s.out, c.result)
		s.drop(c.owner)
	}
}

// since returns the time from one moment to another, 0 if that is earlier.
func since(now, then int64) int64 {
	switch d := now - then; {
	case now <= then:
		return 0
	case d < 0: // more than fits
		return math.MaxInt64
	default:
		return d
	}
}

// look reports whether an event matches a description.
func (s *Sequence[T]) look(d *described[T], rec T) bool {
	holds, over := d.look(rec, s.number)
	s.dropped.Expanded += uint64(over)
	return holds
}

// reach lets a sequence reach a step with an event: a new one if it is the first.
func (s *Sequence[T]) reach(step int, key []byte, rec T, keep func(T) T) {
	p := s.keys.find(key)
	var part *partial[T]
	switch {
	case step == 0:
		p = s.use(key, rec)
		part = s.begin(p)
	case p == nil:
		return
	default:
		if part = s.keys.take(p, step-1); part == nil {
			return
		}
		if s.maxspan > 0 && since(s.now, part.start) > s.maxspan {
			s.drop(p)
			return
		}
		s.use(key, rec)
	}
	s.appendEvent(part, rec, keep)
	s.arrive(p, step, part)
}

// use returns what is pending for a key, which the event is about.
func (s *Sequence[T]) use(key []byte, rec T) *pending[T] {
	owner := uint64(0)
	if s.owner != nil {
		owner = s.owner(rec)
	}
	return s.keys.use(key, owner, s.now)
}

// begin returns a new sequence, in the place of the one that it will replace.
func (s *Sequence[T]) begin(p *pending[T]) *partial[T] {
	part := p.parts[0]
	if part == nil {
		part = &partial[T]{events: make([]T, 0, len(s.steps))}
	}
	clear(part.events)
	*part = partial[T]{events: part.events[:0], start: s.now, before: p.before, hasBefore: p.hasBefore}
	return part
}

// appendEvent puts the event at the end of a sequence.
func (s *Sequence[T]) appendEvent(part *partial[T], rec T, keep func(T) T) {
	if !s.isKept {
		if s.kept = rec; keep != nil {
			s.kept = keep(rec)
		}
		s.isKept = true
	}
	part.events = append(part.events, s.kept)
	part.last, part.number = s.now, s.number
}

// arrive files a sequence under the step that it reached.
func (s *Sequence[T]) arrive(p *pending[T], step int, part *partial[T]) {
	if step < len(s.steps)-1 {
		s.keys.put(p, step, part)
		return
	}
	s.complete(p, part)
	s.drop(p)
}

// complete decides about a sequence whose events are all there.
func (s *Sequence[T]) complete(p *pending[T], part *partial[T]) {
	if part.spoiled {
		return
	}
	early := part.hasBefore && since(part.last, part.before) <= s.maxspan
	switch {
	case s.leading && !s.ending && early:
		return
	case s.leading && s.ending && early:
		// Missing at either end: there is a time of maxspan without both only if the
		// one at the end comes late enough after the one at the beginning.
		s.wait(p, part, part.before)
	case s.ending && !s.leading:
		s.wait(p, part, part.start)
	default:
		s.out = append(s.out, s.result(part))
	}
}

func (s *Sequence[T]) wait(p *pending[T], part *partial[T], from int64) {
	s.waiting.add(candidate[T]{result: s.result(part), from: from, owner: p})
}

func (s *Sequence[T]) result(part *partial[T]) Result[T] {
	return Result[T]{Events: part.events, last: part.number}
}
