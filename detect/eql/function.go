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
	fold   bool // there is a variant with ~, in any case
	result kind
	// eval computes it. Arguments that a call leaves out are null. The functions that
	// are an operator, and those that take a list, have none.
	eval func(c *funcCall, a, b, d, e Value) Value
}

// kinds is a set of the types that an argument may have. Null may be everywhere.
type kinds uint8

const (
	aString kinds = 1 << iota
	aNumber
	aBool
	aConstant // must be known when the query is loaded
)

var functions = []*function{
	{name: "add", params: []kinds{aNumber, aNumber}, least: 2},
	{name: "subtract", params: []kinds{aNumber, aNumber}, least: 2},
	{name: "multiply", params: []kinds{aNumber, aNumber}, least: 2},
	{name: "divide", params: []kinds{aNumber, aNumber}, least: 2},
	{name: "modulo", params: []kinds{aNumber, aNumber}, least: 2},
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

// operators are the functions that say in words what an operator says.
var operators = map[string]string{"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "modulo": "%"}

// funcCall is a function of some arguments.
type funcCall struct {
	sourcePos
	Name  string // as the language spells it, without ~
	Fold  bool   // any case
	Args  []expr
	fn    *function
	cidrs []block
	test  predicate // of the first argument, where that alone varies
}

func (e *funcCall) kind() kind { return e.fn.result }

// lookup finds a function by its name, which may be in any case and end in ~.
func lookup(name token) (fn *function, fold bool) {
	plain, fold := strings.CutSuffix(name.text, "~")
	i := slices.IndexFunc(functions, func(f *function) bool { return strings.EqualFold(f.name, plain) })
	switch {
	case i < 0:
		fail(name.at, "unknown function: %s", plain)
	case fold && !functions[i].fold:
		fail(name.at, "%s has no variant with ~", functions[i].name)
	}
	return functions[i], fold
}

// isFunction reports whether a word is the name of a function.
func isFunction(name string) bool {
	plain, fold := strings.CutSuffix(name, "~")
	return slices.ContainsFunc(functions, func(f *function) bool { return strings.EqualFold(f.name, plain) && (f.fold || !fold) })
}

// newCall makes: name(args).
func newCall(name token, args []expr) expr {
	fn, fold := lookup(name)
	fn.check(name.at, args)
	if op, ok := operators[fn.name]; ok {
		return newArith(token{symbol, name.at, op}, args[0], args[1])
	}
	c := &funcCall{sourcePos: sourcePos(name.at), Name: fn.name, Fold: fold, Args: args, fn: fn}
	c.prepare()
	for _, x := range args {
		if _, ok := constant(x); !ok {
			return c
		}
	}
	return c.foldConstant()
}

// check looks at the number of arguments, and at their types as far as they are known.
func (f *function) check(at int, args []expr) {
	switch n := len(f.params); {
	case f.more && len(args) < f.least:
		fail(at, "%s takes %d arguments or more, not %d", f.name, f.least, len(args))
	case !f.more && f.least == n && len(args) != n:
		fail(at, "%s takes %s, not %d", f.name, arguments(n), len(args))
	case !f.more && (len(args) < f.least || len(args) > n):
		fail(at, "%s takes %d to %d arguments, not %d", f.name, f.least, n, len(args))
	}
	for i, x := range args {
		want := f.params[min(i, len(f.params)-1)]
		if !want.has(x.kind()) {
			fail(x.at(), "%s: argument %d is %s, expected %s", f.name, i+1, x.kind().describe(), want.describe())
		}
		if _, ok := constant(x); !ok && want&aConstant != 0 {
			fail(x.at(), "%s: argument %d must be a constant", f.name, i+1)
		}
	}
}

func arguments(n int) string {
	return map[int]string{1: "one argument", 2: "two arguments"}[n]
}

func (want kinds) has(k kind) bool {
	switch k {
	case kString:
		return want&aString != 0
	case kInt, kFloat:
		return want&aNumber != 0
	case kBool:
		return want&aBool != 0
	}
	return true
}

func (want kinds) describe() string {
	switch want &^ aConstant {
	case aString:
		return "a string"
	case aNumber:
		return "a number"
	case aBool:
		return "true or false"
	}
	return "a string, a number, true or false"
}

// prepare does once what a call would otherwise do for every record.
func (c *funcCall) prepare() {
	switch c.fn.name {
	case "cidrMatch":
		c.prepareBlocks()
	case "number":
		if len(c.Args) < 2 {
			return
		}
		base, _ := constant(c.Args[1])
		if !base.missing() && (base.kind != kInt || base.int() < 2 || base.int() > 36) {
			fail(c.Args[1].at(), "number: the base is %s, expected 2 to 36", base)
		}
	case "startsWith", "endsWith", "stringContains":
		if v, ok := constant(c.Args[1]); ok && !v.missing() {
			c.test = predicate{text: textTest(c.fn.name, v.text, c.Fold)}
		}
	}
}

// foldConstant computes a call whose arguments are all constant.
func (c *funcCall) foldConstant() expr {
	args := make([]Value, len(c.Args))
	for i, x := range c.Args {
		args[i], _ = constant(x)
	}
	v := c.evalList(args)
	if c.fn.name == "number" && v.missing() && !args[0].missing() {
		fail(c.at(), "number: not a number: %s", args[0])
	}
	return newLiteral(c.at(), v)
}

// evalList computes a call of any function from the values of its arguments.
func (c *funcCall) evalList(args []Value) Value {
	switch c.fn.name {
	case "concat":
		return concat(args)
	case "cidrMatch":
		return c.inBlocks(args[0])
	}
	var a [maxArgs]Value
	copy(a[:], args)
	return c.fn.eval(c, a[0], a[1], a[2], a[3])
}
