package eql

// spoil notes what an event that has to be missing does to the sequences that it comes
// into. It is asked after the event has gone where it belongs, so that it spoils none
// that it is itself a part of.
func (s *Sequence[T]) spoil(rec T) {
	for gap, missing := range s.missing {
		if missing == nil || gap > 0 && gap < len(s.steps) && s.keys.reached[gap-1] == 0 || gap == len(s.steps) && len(s.waiting.list) == 0 {
			continue
		}
		for _, d := range missing {
			if !s.look(d, rec) {
				continue
			}
			for k := range d.count() {
				s.spoilKey(gap, d.key(k), rec)
			}
		}
	}
}

func (s *Sequence[T]) spoilKey(gap int, key []byte, rec T) {
	if gap == 0 {
		p := s.use(key, rec)
		p.before, p.hasBefore = s.now, true
		return
	}
	p := s.keys.find(key)
	switch {
	case p == nil:
	case gap == len(s.steps):
		if p.waiting > 0 {
			s.waiting.remove(func(c *candidate[T]) bool { return c.owner == p && c.result.last < s.number })
		}
		s.drop(p)
	case p.parts[gap-1] != nil && p.parts[gap-1].number < s.number:
		p.parts[gap-1].spoiled = true
	}
}

// end gives up the sequences that the event of until ends.
func (s *Sequence[T]) end(rec T) {
	if s.until == nil || s.keys.partials == 0 || !s.look(s.until, rec) {
		return
	}
	for k := range s.until.count() {
		if p := s.keys.find(s.until.key(k)); p != nil {
			s.keys.clear(p)
			s.drop(p)
		}
	}
}

// drop forgets a key with which nothing is pending.
func (s *Sequence[T]) drop(p *pending[T]) {
	if p.newer != nil && !p.live() { // else it was dropped before
		s.keys.remove(p)
	}
}

// forget gives up what is too old: what can't be completed within maxspan, and keys
// without an event for longer than the limit.
func (s *Sequence[T]) forget(now int64) {
	horizon, lost := s.limits.Age, true
	if s.maxspan > 0 && s.maxspan <= horizon {
		horizon, lost = s.maxspan, false
	}
	for p := s.keys.oldest(); p != nil && since(now, p.touched) > horizon; p = s.keys.oldest() {
		n := s.keys.clear(p)
		if lost && (n > 0 || p.hasBefore) {
			s.dropped.Keys++
			s.dropped.Partials += uint64(n)
		}
		p.hasBefore = false
		if p.waiting > 0 { // they have a time of their own
			s.keys.use([]byte(p.key), p.owner, now)
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
			oldest, one := s.waiting.first, false
			s.waiting.remove(func(c *candidate[T]) bool {
				first := !one && c.from == oldest
				one = one || first
				return first
			})
			s.dropped.Partials++
			s.drop(p)
			continue
		}
		s.dropped.Keys++
		s.dropped.Partials += uint64(s.keys.clear(p))
		if p.waiting > 0 {
			s.dropped.Partials += uint64(len(s.waiting.remove(func(c *candidate[T]) bool { return c.owner == p })))
		}
		s.keys.remove(p)
	}
}
