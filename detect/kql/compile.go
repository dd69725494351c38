package kql

import (
	"slices"

	"hooksnare/detect/eql"
)

// Matcher is a query bound to a type of record. It never changes.
type Matcher[T any] struct{ where cond[T] }

// Match reports whether the query matches the record.
func (m *Matcher[T]) Match(rec T) bool { return m.where(rec) }

// Compile binds a query to records of type T. fields finds the accessor of a field by
// name; a field that it does not know is an *Error.
func Compile[T any](q *Query, fields func(name string) (eql.Field[T], bool)) (*Matcher[T], error) {
	unknown := ""
	for _, n := range q.Fields() {
		if _, ok := fields(n); !ok && (unknown == "" || q.fields[n] < q.fields[unknown]) {
			unknown = n
		}
	}
	if unknown != "" {
		return nil, eql.Locate(q.text, eql.FaultAt(q.fields[unknown], "unknown field: %s", unknown))
	}
	where, err := binder[T](fields).cond(q.where)
	if err != nil {
		return nil, eql.Locate(q.text, err)
	}
	return &Matcher[T]{where}, nil
}

type (
	// cond evaluates a condition.
	cond[T any] func(T) bool

	// binder finds the accessors of a query's fields.
	binder[T any] func(name string) (eql.Field[T], bool)
)

// cond compiles a condition.
func (b binder[T]) cond(x expr) (cond[T], error) {
	switch x := x.(type) {
	case *logic:
		return b.logic(x)
	case *not:
		inner, err := b.cond(x.x)
		return func(rec T) bool { return !inner(rec) }, err
	case *exists:
		return b.field(x.at, x.cond)
	case *compare:
		return b.field(x.value.at, x.cond)
	}
	list := x.(*oneOf)
	terms := make([]cond[T], len(list.conds))
	for i, c := range list.conds {
		var err error
		if terms[i], err = b.field(list.values[0].at, c); err != nil {
			return nil, err
		}
	}
	return join(true, terms), nil
}

// field compiles a condition on a single field.
func (b binder[T]) field(at int, q *eql.Query) (cond[T], error) {
	m, err := eql.Compile(q, nil, b)
	if err != nil {
		return nil, eql.FaultAt(at, "%v", err)
	}
	return m.Match, nil
}

func (b binder[T]) logic(x *logic) (cond[T], error) {
	terms := make([]cond[T], len(x.terms))
	for i, t := range x.terms {
		var err error
		if terms[i], err = b.cond(t); err != nil {
			return nil, err
		}
	}
	return join(x.or, terms), nil
}

// join joins conditions; the first that decides ends it.
func join[T any](or bool, terms []cond[T]) cond[T] {
	if len(terms) == 1 {
		return terms[0]
	}
	terms = slices.Clip(terms)
	return func(rec T) bool {
		for _, t := range terms {
			if t(rec) == or {
				return or
			}
		}
		return !or
	}
}
