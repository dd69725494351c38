package eql

import (
	"math"
	"slices"
)

// Field reads one field of a record. It must not keep, change or allocate anything if
// matching is to be free of allocation and safe for concurrent use.
type Field[T any] func(T) Value

// Matcher is a query bound to a type of record. It never changes.
type Matcher[T any] struct {
	category Field[T] // nil when every category will do
	name     predicate
	where    condition[T]
}

// Match reports whether the query matches the record.
func (m *Matcher[T]) Match(rec T) bool {
	return (m.category == nil || m.name.matchesAny(m.category(rec))) && m.where(rec, 0) == yes
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
	return bindFields(q, fields).matcher(q.events[0], category), nil
}

// compiler makes closures of the parts of a query.
type compiler[T any] struct {
	fields map[string]Field[T]
	// uses are the fields in the computation that is compiled, nil outside of one. The same
	// field used twice is two of them.
	uses *[]Field[T]
}

// Bounds of one computation on fields: each that is a list multiplies the work. One on
// several long lists must not hold up what comes after it.
const (
	maxUses  = 8       // fields
	maxPicks = 1 << 16 // choices of elements, beyond trying every element once
)

type (
	// condition evaluates a condition. Outside of a computation it looks at whole fields;
	// within one, at the element of each field that the number of the pick stands for. It is
	// unknown only where it is computed from fields and there is no value: then so is its
	// negation.
	condition[T any] func(rec T, pick int) truth

	// scalar evaluates an expression for one pick of elements.
	scalar[T any] func(rec T, pick int) Value
)

// bindFields finds the accessors of all fields of a query.
func bindFields[T any](q *Query, fields func(name string) (Field[T], bool)) compiler[T] {
	c := compiler[T]{fields: map[string]Field[T]{}}
	unknown, at := "", math.MaxInt
	for name, m := range q.fields {
		f, ok := fields(name)
		if !ok && !m.optional && m.at < at {
			unknown, at = name, m.at
		}
		if !ok {
			f = func(T) Value { return Value{} }
		}
		c.fields[name] = f
	}
	if unknown != "" {
		fail(at, "unknown field: %s", unknown)
	}
	return c
}

// matcher compiles the description of an event.
func (c compiler[T]) matcher(e event, category Field[T]) *Matcher[T] {
	m := &Matcher[T]{name: comparing("==", String(e.Category)), where: c.condition(e.Where)}
	if !e.anyCategory {
		if category == nil {
			fail(e.at, "no event category to look at: %s", e.Category)
		}
		m.category = category
	}
	return m
}

func (c compiler[T]) condition(e expr) condition[T] {
	switch e := e.(type) {
	case *literal:
		holds := truthOfValue(e.Value)
		return func(T, int) truth { return holds }
	case *negation:
		x := c.condition(e.X)
		return func(rec T, pick int) truth { return x(rec, pick).not() }
	case *junction:
		return c.junction(e)
	}
	if c.uses == nil {
		return c.fieldCondition(e)
	}
	if t, ok := e.(*test); ok {
		x, p := c.scalar(t.X), t.predicate
		return func(rec T, pick int) truth { return p.of(x(rec, pick)) }
	}
	x := c.scalar(e)
	return func(rec T, pick int) truth { return truthOfValue(x(rec, pick)) }
}

// junction joins conditions; the first that decides ends it.
func (c compiler[T]) junction(e *junction) condition[T] {
	terms := make([]condition[T], len(e.Terms))
	for i, t := range e.Terms {
		terms[i] = c.condition(t)
	}
	if e.Or {
		return func(rec T, pick int) truth {
			all := no
			for _, t := range terms {
				if all = max(all, t(rec, pick)); all == yes {
					break
				}
			}
			return all
		}
	}
	return func(rec T, pick int) truth {
		all := yes
		for _, t := range terms {
			if all = min(all, t(rec, pick)); all == no {
				break
			}
		}
		return all
	}
}

// fieldCondition compiles a condition on whole fields. Nearly all are a test of one field,
// which is never unknown but where a function looks for text and there is none.
func (c compiler[T]) fieldCondition(e expr) condition[T] {
	x, p := e, isTrue
	if t, ok := e.(*test); ok {
		x, p = t.X, t.predicate
	}
	ref, ok := x.(*fieldRef)
	if !ok {
		return c.computation(e)
	}
	field := c.fields[ref.Name]
	if !p.strict || p.settled {
		return func(rec T, _ int) truth { return truthOf(p.matchesAny(field(rec))) }
	}
	return func(rec T, _ int) truth {
		v := field(rec)
		if !isText.matchesAny(v) {
			return unknown
		}
		return truthOf(p.matchesAny(v))
	}
}

// computation compiles a condition on a value that is computed from fields: it holds if it
// does for any pick of their elements, and is unknown if it is for all of them. A missing
// field is null. Comparing two fields is a condition on fields, which is never unknown.
func (c compiler[T]) computation(e expr) condition[T] {
	c.uses = &[]Field[T]{}
	holds := c.condition(e)
	uses := *c.uses
	if len(uses) > maxUses {
		fail(e.at(), "more than %d fields in one computation", maxUses)
	}
	otherwise := unknown
	if b, ok := e.(*operation); ok && isField(b.Left) && isField(b.Right) {
		otherwise = no
	}
	return func(rec T, _ int) truth {
		picks, elements := 1, 0
		for _, f := range uses {
			n := f(rec).len()
			picks, elements = min(picks*max(n, 1), math.MaxInt32), elements+n
		}
		all := otherwise
		for pick := range min(picks, max(maxPicks, elements)) {
			switch holds(rec, pick) {
			case yes:
				return yes
			case no:
				all = no
			}
		}
		return all
	}
}

func isField(e expr) bool {
	_, ok := e.(*fieldRef)
	return ok
}

// scalar compiles an expression of a computation.
func (c compiler[T]) scalar(e expr) scalar[T] {
	switch e := e.(type) {
	case *literal:
		v := e.Value
		return func(T, int) Value { return v }
	case *fieldRef:
		return c.element(c.fields[e.Name])
	case *operation:
		left, right, op, compares := c.scalar(e.Left), c.scalar(e.Right), e.Op, isComparison(e.Op)
		return func(rec T, pick int) Value {
			if compares {
				return compare(op, left(rec, pick), right(rec, pick)).value()
			}
			return arithmetic(op, left(rec, pick), right(rec, pick))
		}
	case *funcCall:
		args := make([]scalar[T], len(e.Args))
		for i, x := range e.Args {
			args[i] = c.scalar(x)
		}
		return func(rec T, pick int) Value {
			var space [maxArgs]Value
			values := space[:0]
			for _, x := range args {
				values = append(values, x(rec, pick))
			}
			return e.compute(values)
		}
	}
	holds := c.condition(e)
	return func(rec T, pick int) Value { return holds(rec, pick).value() }
}

// element compiles one use of a field. The number of a pick counts the choices of elements:
// it is the element of the first use, plus the number of elements of that times the element of
// the second, and so on.
func (c compiler[T]) element(f Field[T]) scalar[T] {
	*c.uses = append(*c.uses, f)
	n := len(*c.uses) - 1
	if n >= maxUses {
		return nil // computation refuses it
	}
	before := slices.Clone((*c.uses)[:n])
	return func(rec T, pick int) Value {
		for _, other := range before {
			pick /= max(other(rec).len(), 1)
		}
		v := f(rec)
		if n := v.len(); n > 0 {
			return v.at(pick % n)
		}
		return v
	}
}
