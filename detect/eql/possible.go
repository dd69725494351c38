package eql

// Possible reports whether an event of which only some fields are known can be one that
// the query is about: of an event query, one that matches; of a sequence, one that changes
// anything about it. known returns the value that a field has whatever the event, and false
// for a field that may hold anything. It may say yes where the answer is no.
func (q *Query) Possible(category Value, known func(name string) (Value, bool)) bool {
	p := partly{binder: binder[struct{}]{}}
	for name := range q.fields {
		if v, ok := known(name); ok {
			p.binder[name] = func(struct{}) Value { return v }
			continue
		}
		p.binder[name] = func(struct{}) Value {
			p.guessed = true
			return Value{}
		}
	}
	if q.seq == nil {
		return p.event(&q.event, category)
	}
	for i := range q.seq.stages {
		if p.event(&q.seq.stages[i].Event, category) {
			return true
		}
	}
	return q.seq.until != nil && p.event(&q.seq.until.Event, category)
}

// partly evaluates conditions of which not all fields are known.
type partly struct {
	binder  binder[struct{}]
	guessed bool // a field that is not known was looked at
}

func (p *partly) event(e *Event, category Value) bool {
	name := comparing(Equal, String(e.Category))
	return (e.any || name.any(category)) && p.truth(e.Where) != no
}

// truth is unknown where it depends on what is not known.
func (p *partly) truth(e Expr) truth {
	switch e := e.(type) {
	case *Not:
		return p.truth(e.X).not()
	case *Logic:
		if e.Or {
			all := no
			for _, t := range e.Terms {
				all = max(all, p.truth(t))
			}
			return all
		}
		all := yes
		for _, t := range e.Terms {
			all = min(all, p.truth(t))
		}
		return all
	}
	holds, err := p.binder.cond(e)
	if err != nil {
		return unknown
	}
	p.guessed = false
	if t := holds(struct{}{}); !p.guessed {
		return t
	}
	return unknown
}
