package eql

import "fmt"

// maxUses bounds the fields in one computation: each that is a list multiplies the
// work.
const maxUses = 8

// maxPicks bounds the choices of elements that are tried for one record, beyond trying
// every element once, so that a computation on several long lists does not hold up what
// comes after it.
const maxPicks = 1 << 16

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
// it does for any pick of their elements, and is unknown if it is for all of them. A
// missing field is null. Comparing two fields is a condition on fields, which is never
// unknown.
func (b binder[T]) computed(e expr) cond[T] {
	c := computation[T]{fields: b}
	value := c.scalar(e)
	if len(c.uses) > maxUses {
		fail(e.at(), "more than %d fields in one computation", maxUses)
	}
	uses, otherwise := c.uses, unknown
	if cmp, ok := e.(*comparison); ok && isField(cmp.Left) && isField(cmp.Right) {
		otherwise = no
	}
	return func(rec T) truth {
		var p picks
		all := otherwise
		for n := 0; n < maxPicks || n < elementsOf(uses, rec); n++ {
			switch truthOfValue(value(rec, p)) {
			case yes:
				return yes
			case no:
				all = no
			}
			if !next(&p, uses, rec) {
				break
			}
		}
		return all
	}
}

// elementsOf returns the number of elements of all the fields.
func elementsOf[T any](uses []Field[T], rec T) (n int) {
	for _, f := range uses {
		n += f(rec).len()
	}
	return n
}

// next moves on to another pick.
func next[T any](p *picks, uses []Field[T], rec T) bool {
	for i, f := range uses {
		if p[i]++; p[i] < f(rec).len() {
			return true
		}
		p[i] = 0
	}
	return false
}

func isField(e expr) bool {
	_, ok := e.(*fieldRef)
	return ok
}

// scalar compiles an expression by three-valued logic.
func (c *computation[T]) scalar(e expr) scalar[T] {
	switch e := e.(type) {
	case *literal:
		v := e.Value
		return func(T, picks) Value { return v }
	case *fieldRef:
		return c.use(c.fields[e.Name])
	case *arithmetic:
		left, right, op := c.scalar(e.Left), c.scalar(e.Right), e.Op
		return func(rec T, p picks) Value { return arith(op, left(rec, p), right(rec, p)) }
	case *comparison:
		left, right, op := c.scalar(e.Left), c.scalar(e.Right), e.Op
		return func(rec T, p picks) Value { return compare(op, left(rec, p), right(rec, p)).value() }
	case *absence:
		x := c.scalar(e.X)
		return func(rec T, p picks) Value { return Bool(x(rec, p).missing()) }
	case *membership:
		return c.satisfies(e.X, e.test)
	case *patternMatch:
		return c.satisfies(e.X, e.test)
	case *negation:
		x := c.scalar(e.X)
		return func(rec T, p picks) Value { return truthOfValue(x(rec, p)).not().value() }
	case *junction:
		return c.logic(e)
	case *funcCall:
		return c.call(e)
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

func (c *computation[T]) satisfies(x expr, test predicate) scalar[T] {
	v := c.scalar(x)
	return func(rec T, p picks) Value { return test.unknownIfMissing(v(rec, p)).value() }
}

func (c *computation[T]) logic(e *junction) scalar[T] {
	terms := make([]scalar[T], len(e.Terms))
	for i, t := range e.Terms {
		terms[i] = c.scalar(t)
	}
	first, join := yes, and
	if e.Or {
		first, join = no, or
	}
	return func(rec T, p picks) Value {
		all := first
		for _, t := range terms {
			all = join(all, truthOfValue(t(rec, p)))
		}
		return all.value()
	}
}

// call compiles a function.
func (c *computation[T]) call(e *funcCall) scalar[T] {
	args := make([]scalar[T], len(e.Args), max(len(e.Args), maxArgs))
	for i, x := range e.Args {
		args[i] = c.scalar(x)
	}
	switch e.Name {
	case "concat":
		return func(rec T, p picks) Value {
			values := make([]Value, len(args))
			for i, x := range args {
				values[i] = x(rec, p)
			}
			return concat(values)
		}
	case "cidrMatch":
		return func(rec T, p picks) Value { return e.inBlocks(args[0](rec, p)) }
	}
	eval, null := e.fn.eval, func(T, picks) Value { return Value{} }
	for len(args) < maxArgs {
		args = append(args, null)
	}
	return func(rec T, p picks) Value {
		return eval(e, args[0](rec, p), args[1](rec, p), args[2](rec, p), args[3](rec, p))
	}
}
