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
	return (m.category == nil || m.name.any(m.category(rec))) && m.where(rec)
}

// Compile binds a query to records of type T. category reads a record's event category,
// which may be a list; it may be nil for a query of any category. fields finds the
// accessor of a field by name. A field that it does not know is missing from every
// record if the query marks it as optional, and otherwise an *Error.
func Compile[T any](q *Query, category Field[T], fields func(name string) (Field[T], bool)) (*Matcher[T], error) {
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
		return nil, locate(q.text, faultAt(unknown.at, "unknown field: %s", name))
	}
	where, err := b.cond(q.where)
	if err != nil {
		return nil, locate(q.text, err)
	}
	m := &Matcher[T]{name: comparing(Equal, String(q.category)), where: where}
	if !q.any {
		if category == nil {
			return nil, locate(q.text, faultAt(0, "no event category to look at: %s", q.category))
		}
		m.category = category
	}
	return m, nil
}

type (
	// cond evaluates a condition.
	cond[T any] func(T) bool

	// binder holds the accessors of a query's fields by name.
	binder[T any] map[string]Field[T]
)

// cond compiles a condition.
func (b binder[T]) cond(e Expr) (cond[T], error) {
	switch e := e.(type) {
	case *Literal:
		holds := truthOfValue(e.Value) == yes
		return func(T) bool { return holds }, nil
	case *Not:
		x, err := b.cond(e.X)
		return func(rec T) bool { return !x(rec) }, err
	case *Logic:
		return b.logic(e)
	}
	if c := b.fieldCond(e); c != nil {
		return c, nil
	}
	return b.computed(e)
}

// fieldCond compiles a condition on a field alone, which is what nearly all are; it
// returns nil for any other.
func (b binder[T]) fieldCond(e Expr) cond[T] {
	switch e := e.(type) {
	case *Ref:
		return satisfies(b[e.Name], isTrue)
	case *Missing:
		if f, ok := b.field(e.X); ok {
			return func(rec T) bool { return f(rec).missing() }
		}
	case *In:
		if f, ok := b.field(e.X); ok {
			return satisfies(f, e.test)
		}
	case *Match:
		if f, ok := b.field(e.X); ok {
			return satisfies(f, e.test)
		}
	case *Compare:
		f, ok := b.field(e.Left)
		if _, isConst := constant(e.Right); ok && isConst {
			return satisfies(f, e.test)
		}
	}
	return nil
}

// field returns the accessor of an expression that is just a field.
func (b binder[T]) field(e Expr) (Field[T], bool) {
	r, ok := e.(*Ref)
	if !ok {
		return nil, false
	}
	return b[r.Name], true
}

func satisfies[T any](f Field[T], p predicate) cond[T] {
	return func(rec T) bool { return p.any(f(rec)) }
}

// logic joins conditions; the first that decides ends it.
func (b binder[T]) logic(e *Logic) (cond[T], error) {
	terms := make([]cond[T], len(e.Terms))
	for i, t := range e.Terms {
		var err error
		if terms[i], err = b.cond(t); err != nil {
			return nil, err
		}
	}
	decides := e.Or
	return func(rec T) bool {
		for _, t := range terms {
			if t(rec) == decides {
				return decides
			}
		}
		return !decides
	}, nil
}
