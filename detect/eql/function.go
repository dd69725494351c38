package eql

import (
	"slices"
	"strings"
)

// maxArgs is the greatest number of arguments of any function but concat and cidrMatch,
// which take a list.
const maxArgs = 4

// function is one function of the language.
type function struct {
	name   string
	params []kinds // what each argument may be; the last goes for all that follow if more is set
	least  int     // arguments that a call needs
	more   bool
	fold   bool   // there is a variant with ~, in any case
	op     string // of a function that says in words what an operator says
	result kind
	// eval computes it from arguments of the right types. Those that a call leaves out are
	// null.
	eval func(fold bool, a, b, c, d Value) Value
}

// kinds is a set of the types that an argument may have. A null string makes the result
// null; any other null is an argument that was left out.
type kinds uint8

const (
	aString kinds = 1 << iota
	aNumber
	aBool
	aConstant // must be known when the query is loaded
)

var functions = []*function{
	{name: "add", params: []kinds{aNumber, aNumber}, least: 2, op: "+"},
	{name: "subtract", params: []kinds{aNumber, aNumber}, least: 2, op: "-"},
	{name: "multiply", params: []kinds{aNumber, aNumber}, least: 2, op: "*"},
	{name: "divide", params: []kinds{aNumber, aNumber}, least: 2, op: "/"},
	{name: "modulo", params: []kinds{aNumber, aNumber}, least: 2, op: "%"},
	{name: "between", params: []kinds{aString, aString, aString, aBool}, least: 3, fold: true, result: kString, eval: between},
	{name: "cidrMatch", params: []kinds{aString, aString | aConstant}, least: 2, more: true, result: kBool},
	{name: "concat", params: []kinds{aString | aNumber | aBool}, least: 1, more: true, result: kString},
	{name: "endsWith", params: []kinds{aString, aString}, least: 2, fold: true, result: kBool, eval: endsWith},
	{name: "indexOf", params: []kinds{aString, aString, aNumber}, least: 2, fold: true, result: kInt, eval: indexOf},
	{name: "length", params: []kinds{aString}, least: 1, result: kInt, eval: length},
	{name: "number", params: []kinds{aString, aNumber | aConstant}, least: 1, result: kInt, eval: toNumber},
	{name: "startsWith", params: []kinds{aString, aString}, least: 2, fold: true, result: kBool, eval: startsWith},
	{name: "string", params: []kinds{aString | aNumber | aBool}, least: 1, result: kString, eval: toString},
	{name: "stringContains", params: []kinds{aString, aString}, least: 2, fold: true, result: kBool, eval: stringContains},
	{name: "substring", params: []kinds{aString, aNumber, aNumber}, least: 2, result: kString, eval: substring},
}

// funcCall is a function of some arguments.
type funcCall struct {
	sourcePos
	*function
	Name string // as the language spells it
	Fold bool   // any case
	Args []expr
}

func (e *funcCall) kind() kind { return e.result }

// lookup finds a function by its name, which may be in any case and end in ~; nil if there
// is none.
func lookup(name string) (fn *function, fold bool) {
	plain, fold := strings.CutSuffix(name, "~")
	i := slices.IndexFunc(functions, func(f *function) bool { return strings.EqualFold(f.name, plain) })
	if i < 0 {
		return nil, fold
	}
	return functions[i], fold
}

// newCall makes: name(args). What a function of constants says of one value is a test.
func newCall(name token, args []expr) expr {
	fn, fold := lookup(name.text)
	fn.check(name.at, args)
	values := make([]Value, len(args))
	varies := false
	for i, x := range args {
		v, ok := constant(x)
		values[i], varies = v, varies || !ok
	}
	canonical := fn.name
	if fold {
		canonical += "~"
	}
	switch {
	case fn.op != "":
		return newArithmetic(token{symbol, name.at, fn.op}, args[0], args[1])
	case fn.name == "cidrMatch":
		if slices.ContainsFunc(values[1:], Value.missing) {
			return newLiteral(name.at, Null())
		}
		return newTest(name.at, canonical, args[0], nil, inBlocks(args[1:]))
	case fn.result == kBool && varies && !values[1].missing():
		if p, ok := partPredicate(fn.name, values[1].text, fold); ok {
			return newTest(name.at, canonical, args[0], []literal{*args[1].(*literal)}, p)
		}
	case fn.name == "number" && len(args) > 1 && !values[1].missing():
		if base := values[1]; base.kind != kInt || base.int() < 2 || base.int() > 36 {
			fail(args[1].at(), "number: the base is %s, expected 2 to 36", base)
		}
	}
	c := &funcCall{sourcePos: sourcePos(name.at), function: fn, Name: canonical, Fold: fold, Args: args}
	if varies {
		return c
	}
	v := c.compute(values)
	if fn.name == "number" && v.missing() && !values[0].missing() {
		fail(name.at, "number: not a number: %s", values[0])
	}
	return newLiteral(name.at, v)
}

// check looks at the number of arguments, and at their types as far as they are known.
func (f *function) check(at int, args []expr) {
	switch n := len(f.params); {
	case f.more && len(args) < f.least:
		fail(at, "%s takes %d arguments or more, not %d", f.name, f.least, len(args))
	case !f.more && f.least == n && len(args) != n:
		fail(at, "%s takes %s, not %d", f.name, map[int]string{1: "one argument", 2: "two arguments"}[n], len(args))
	case !f.more && (len(args) < f.least || len(args) > n):
		fail(at, "%s takes %d to %d arguments, not %d", f.name, f.least, n, len(args))
	}
	for i, x := range args {
		want := f.params[min(i, len(f.params)-1)]
		if !want.has(x.kind()) {
			fail(x.at(), "%s: argument %d is %s, expected %s%s", f.name, i+1, describe(x), want.describe(), instead(x, want.kind()))
		}
		if _, ok := constant(x); !ok && want&aConstant != 0 {
			fail(x.at(), "%s: argument %d must be a constant", f.name, i+1)
		}
	}
}

func (want kinds) has(k kind) bool {
	switch k {
	case kNull:
		return true
	case kString:
		return want&aString != 0
	case kInt, kFloat:
		return want&aNumber != 0
	}
	return k == kBool && want&aBool != 0
}

// kind returns the only type in the set, kNull where there are several.
func (want kinds) kind() kind {
	return map[kinds]kind{aString: kString, aNumber: kInt, aBool: kBool}[want&^aConstant]
}

func (want kinds) describe() string {
	if k := want.kind(); k != kNull {
		return k.describe()
	}
	return "a string, a number, true or false"
}

// compute calls the function; the result is null where an argument can't be what it is.
func (c *funcCall) compute(args []Value) Value {
	for i := range args {
		want := c.params[min(i, len(c.params)-1)]
		if !want.has(args[i].kind) || args[i].missing() && want&aString != 0 {
			return Value{}
		}
	}
	if c.eval == nil {
		return concat(args)
	}
	var a [maxArgs]Value
	copy(a[:], args)
	return c.eval(c.Fold, a[0], a[1], a[2], a[3])
}
