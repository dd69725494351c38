package eql

// Field reads one field of a record. It must not keep, change or allocate anything if
// matching is to be free of allocation and safe for concurrent use.
type Field[T any] func(T) Value

// Matcher is a query bound to a type of record. It never changes.
type Matcher[T any] struct {
	category Field[T] // nil when every category will do
	name     predicate
	where    cond[T]
}

// Match reports whether the query matches the record.
func (m *Matcher[T]) Match(rec T) bool {
	return (m.category == nil || m.name.any(m.category(rec))) && m.where(rec) == yes
}

// Compile binds an event query, or a condition, to records of type T. category reads a
// record's event category, which may be a list; it may be nil for a query of any
// category. fields finds the accessor of a field by name. A field that it does not know
// is missing from every record if the query marks it as optional, and otherwise an
// *Error. The pipes of the query are not applied: see Run.
func Compile[T any](q *Query, category Field[T], fields func(name string) (Field[T], bool)) (m *Matcher[T], err error) {
	defer recoverFault(q.text, &err)
	if q.IsSequence() {
		fail(0, "a sequence can't be matched with one event alone")
	}
	return bind(q, fields).matcher(q.event, category), nil
}

// binder holds the accessors of a query's fields by name.
type binder[T any] map[string]Field[T]

// bind finds the accessors of all fields of a query.
func bind[T any](q *Query, fields func(name string) (Field[T], bool)) binder[T] {
	b := binder[T]{}
	var unknown *mention
	var name string
	for n, m := range q.fields {
		f, ok := fields(n)
		switch {
		case ok:
			b[n] = f
		case m.optional:
			b[n] = func(T) Value { return Value{} }
		case unknown == nil || m.at < unknown.at:
			unknown, name = &m, n
		}
	}
	if unknown != nil {
		fail(unknown.at, "unknown field: %s", name)
	}
	return b
}

// matcher compiles the description of an event.
func (b binder[T]) matcher(e event, category Field[T]) *Matcher[T] {
	m := &Matcher[T]{name: comparing(opEqual, String(e.Category)), where: b.cond(e.Where)}
	if !e.any {
		if category == nil {
			fail(e.at, "no event category to look at: %s", e.Category)
		}
		m.category = category
	}
	return m
}

// cond evaluates a condition. It is unknown only where it is computed from fields and
// there is no value: then so is its negation.
type cond[T any] func(T) truth

// cond compiles a condition.
func (b binder[T]) cond(e expr) cond[T] {
	switch e := e.(type) {
	case *literal:
		holds := truthOfValue(e.Value)
		return func(T) truth { return holds }
	case *negation:
		x := b.cond(e.X)
		return func(rec T) truth { return x(rec).not() }
	case *junction:
		return b.logic(e)
	}
	if c := b.fieldCond(e); c != nil {
		return c
	}
	return b.computed(e)
}

// fieldCond compiles a condition on a field alone, which is what nearly all are; it
// returns nil for any other. Such a condition is never unknown.
func (b binder[T]) fieldCond(e expr) cond[T] {
	switch e := e.(type) {
	case *fieldRef:
		return satisfies(b[e.Name], isTrue)
	case *absence:
		if f, ok := b.field(e.X); ok {
			return func(rec T) truth { return truthOf(f(rec).missing()) }
		}
	case *membership:
		if f, ok := b.field(e.X); ok {
			return satisfies(f, e.test)
		}
	case *patternMatch:
		if f, ok := b.field(e.X); ok {
			return satisfies(f, e.test)
		}
	case *comparison:
		f, ok := b.field(e.Left)
		if _, isConst := constant(e.Right); ok && isConst {
			return satisfies(f, e.test)
		}
	case *funcCall:
		return b.callCond(e)
	}
	return nil
}

// callCond compiles a function of a field and constants that has a test for it. Those
// that an index can answer are conditions on the field, as if they were written with an
// operator; the others are unknown where there is no field.
func (b binder[T]) callCond(e *funcCall) cond[T] {
	f, ok := b.field(e.Args[0])
	if !ok || e.test.text == nil {
		return nil
	}
	if e.Name == "startsWith" || e.Name == "cidrMatch" {
		return satisfies(f, e.test)
	}
	test := e.test
	return func(rec T) truth {
		v := f(rec)
		if !v.hasText() {
			return unknown
		}
		return truthOf(test.any(v))
	}
}

// field returns the accessor of an expression that is just a field.
func (b binder[T]) field(e expr) (Field[T], bool) {
	r, ok := e.(*fieldRef)
	if !ok {
		return nil, false
	}
	return b[r.Name], true
}

func satisfies[T any](f Field[T], p predicate) cond[T] {
	return func(rec T) truth { return truthOf(p.any(f(rec))) }
}

// logic joins conditions; the first that decides ends it.
func (b binder[T]) logic(e *junction) cond[T] {
	terms := make([]cond[T], len(e.Terms))
	for i, t := range e.Terms {
		terms[i] = b.cond(t)
	}
	if e.Or {
		return func(rec T) truth { return disjunction(terms, rec) }
	}
	return func(rec T) truth { return conjunction(terms, rec) }
}

func disjunction[T any](terms []cond[T], rec T) truth {
	all := no
	for _, t := range terms {
		if all = max(all, t(rec)); all == yes {
			break
		}
	}
	return all
}

func conjunction[T any](terms []cond[T], rec T) truth {
	all := yes
	for _, t := range terms {
		if all = min(all, t(rec)); all == no {
			break
		}
	}
	return all
}
