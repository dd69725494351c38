package eql

import "fmt"

// maxUses bounds the fields in one computation: each that is a list multiplies the
// work.
const maxUses = 8

type (
	// picks says which element of each field a computation looks at. The same field
	// used twice has two picks.
	picks [maxUses]int

	// scalar evaluates an expression for one pick of elements.
	scalar[T any] func(T, picks) Value

	// computation compiles the expressions of one condition.
	computation[T any] struct {
		fields binder[T]
		uses   []Field[T]
	}
)

// computed compiles a condition on a value that is computed from fields: it holds if
// it does for any pick of their elements. A missing field is null.
func (b binder[T]) computed(e Expr) (cond[T], error) {
	c := computation[T]{fields: b}
	value := c.scalar(e)
	if len(c.uses) > maxUses {
		return nil, faultAt(e.at(), "more than %d fields in one computation", maxUses)
	}
	uses := c.uses
	return func(rec T) bool {
		var p picks
		for {
			if truthOfValue(value(rec, p)) == yes {
				return true
			}
			i := 0
			for i < len(uses) {
				if p[i]++; p[i] < uses[i](rec).len() {
					break
				}
				p[i] = 0
				i++
			}
			if i == len(uses) {
				return false
			}
		}
	}, nil
}

// scalar compiles an expression by three-valued logic.
func (c *computation[T]) scalar(e Expr) scalar[T] {
	switch e := e.(type) {
	case *Literal:
		v := e.Value
		return func(T, picks) Value { return v }
	case *Ref:
		return c.use(c.fields[e.Name])
	case *Arith:
		left, right, op := c.scalar(e.Left), c.scalar(e.Right), e.Op
		return func(rec T, p picks) Value { return arith(op, left(rec, p), right(rec, p)) }
	case *Compare:
		left, right, op := c.scalar(e.Left), c.scalar(e.Right), e.Op
		return func(rec T, p picks) Value { return compare(op, left(rec, p), right(rec, p)).value() }
	case *Missing:
		x := c.scalar(e.X)
		return func(rec T, p picks) Value { return Bool(x(rec, p).missing()) }
	case *In:
		return c.satisfies(e.X, e.test)
	case *Match:
		return c.satisfies(e.X, e.test)
	case *Not:
		x := c.scalar(e.X)
		return func(rec T, p picks) Value { return truthOfValue(x(rec, p)).not().value() }
	case *Logic:
		return c.logic(e)
	}
	panic(fmt.Sprintf("eql: no evaluation of %T", e)) // the cases are all the types of ast.go
}

// use compiles one use of a field.
func (c *computation[T]) use(f Field[T]) scalar[T] {
	n := len(c.uses)
	c.uses = append(c.uses, f)
	if n >= maxUses {
		return nil // computed refuses it
	}
	return func(rec T, p picks) Value {
		v := f(rec)
		if p[n] >= v.len() {
			return Value{}
		}
		return v.at(p[n])
	}
}

func (c *computation[T]) satisfies(x Expr, test predicate) scalar[T] {
	v := c.scalar(x)
	return func(rec T, p picks) Value { return test.unknownIfMissing(v(rec, p)).value() }
}

func (c *computation[T]) logic(e *Logic) scalar[T] {
	terms := make([]scalar[T], len(e.Terms))
	for i, t := range e.Terms {
		terms[i] = c.scalar(t)
	}
	if e.Or {
		return func(rec T, p picks) Value {
			all := no
			for _, t := range terms {
				all = max(all, truthOfValue(t(rec, p)))
			}
			return all.value()
		}
	}
	return func(rec T, p picks) Value {
		all := yes
		for _, t := range terms {
			all = min(all, truthOfValue(t(rec, p)))
		}
		return all.value()
	}
}
