package eql

import (
	"slices"
	"strconv"
	"strings"
)

// sum reads products with + and - between them.
func (p *parser) sum() (Expr, error) {
	return p.arithmetic("+-", func() (Expr, error) { return p.arithmetic("*/%", p.signed) })
}

// arithmetic reads operands with some operators between them, which bind to the left.
func (p *parser) arithmetic(ops string, operand func() (Expr, error)) (Expr, error) {
	x, err := operand()
	for n := 0; err == nil && p.tok.kind == symbol && strings.Contains(ops, p.tok.text); n++ {
		op := p.tok
		if n == maxNesting {
			return nil, FaultAt(op.at, "more than %d operators in a row", maxNesting)
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		y, err := operand()
		if err != nil {
			return nil, err
		}
		if x, err = newArith(op, x, y); err != nil {
			return nil, err
		}
	}
	return x, err
}

// signed reads an operand with any number of signs before it.
func (p *parser) signed() (Expr, error) {
	sign := p.tok
	if !sign.is("-") && !sign.is("+") {
		return p.primary()
	}
	leave, err := p.nest()
	if err != nil {
		return nil, err
	}
	defer leave()
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == number {
		// With its sign a number is a literal: it may be the least integer, and
		// -1 in (-1) asks about minus one.
		n, err := p.number(sign.text, sign.at)
		if err != nil {
			return nil, err
		}
		return p.predicate(n)
	}
	x, err := p.signed()
	if err != nil {
		return nil, err
	}
	return newArith(sign, &Literal{At(sign.at), Int(0)}, x)
}

// primary reads a literal, a field or a condition in parentheses, and a test for one of
// a list if it follows.
func (p *parser) primary() (Expr, error) {
	if !p.tok.is("(") {
		x, err := p.single()
		if err != nil {
			return nil, err
		}
		return p.predicate(x)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	x, err := p.expression()
	if err != nil {
		return nil, err
	}
	if err := p.expect(")", "to close the parenthesis"); err != nil {
		return nil, err
	}
	return p.predicate(x)
}

// single reads a literal or a field.
func (p *parser) single() (Expr, error) {
	if x, err := p.literal(); x != nil || err != nil {
		return x, err
	}
	if p.tok.kind == word && !slices.Contains(reserved, strings.TrimSuffix(p.tok.text, "~")) ||
		p.tok.kind == quotedName || p.tok.is("?") {
		return p.field()
	}
	return nil, p.unexpected("a field or a value")
}

// literal reads a literal without a sign; it returns nil where there is none.
func (p *parser) literal() (Expr, error) {
	var v Value
	switch {
	case p.tok.kind == number:
		return p.number("", p.tok.at)
	case p.tok.kind == stringText:
		v = String(p.tok.text)
	case p.tok.is("true"), p.tok.is("false"):
		v = Bool(p.tok.text == "true")
	case p.tok.is("null"):
	default:
		return nil, nil
	}
	x := &Literal{At(p.tok.at), v}
	return x, p.advance()
}

// number reads the digits of a number after its sign.
func (p *parser) number(sign string, at int) (Expr, error) {
	var v Value
	s := sign + p.tok.text
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		v = Int(i)
	} else if f, err := strconv.ParseFloat(s, 64); err == nil {
		v = Float(f) // also an integer beyond 64 bits
	} else {
		return nil, FaultAt(at, "number %.20s is too large", s)
	}
	return &Literal{At(at), v}, p.advance()
}

// field reads the name of a field, or the call of a function.
func (p *parser) field() (Expr, error) {
	f := &Ref{At: At(p.tok.at)}
	var err error
	if f.Optional, err = p.accept("?"); err != nil {
		return nil, err
	}
	for {
		part := p.tok
		if part.kind != word && part.kind != quotedName {
			return nil, p.unexpected("the name of a field")
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		if part.kind == word && f.Name == "" && !f.Optional && p.tok.is("(") {
			return p.call(part, nil)
		}
		if part.kind == word && strings.HasSuffix(part.text, "~") {
			return nil, FaultAt(part.at, `unexpected "~" after %s`, strings.TrimSuffix(part.text, "~"))
		}
		f.Name += part.text
		more, err := p.accept(".")
		if err != nil {
			return nil, err
		}
		if !more {
			p.q.mention(f)
			return f, nil
		}
		f.Name += "."
	}
}

// call reads the arguments of a function, in parentheses. What stands before the colon
// in x:f(y) is the first of them.
func (p *parser) call(name token, args []Expr) (Expr, error) {
	if _, _, err := lookup(name); err != nil {
		return nil, err
	}
	if err := p.expect("(", "after the function "+name.text); err != nil {
		return nil, err
	}
	for more := !p.tok.is(")"); more; {
		x, err := p.expression()
		if err != nil {
			return nil, err
		}
		if len(args) == maxList {
			return nil, FaultAt(x.at(), "more than %d arguments", maxList)
		}
		args = append(args, x)
		if more, err = p.accept(","); err != nil {
			return nil, err
		}
	}
	if err := p.expect(")", "to close the arguments of "+name.text); err != nil {
		return nil, err
	}
	return newCall(name, args)
}

// predicate reads what may follow an operand: in, :, like, regex.
func (p *parser) predicate(x Expr) (Expr, error) {
	op := p.tok
	negated, err := p.accept("not")
	if err != nil {
		return nil, err
	}
	if negated && !p.tok.is("in") && !p.tok.is("in~") {
		return nil, FaultAt(op.at, "not can't be here, except in not in: write not before the condition")
	}
	op = p.tok
	switch {
	case op.is("in"), op.is("in~"):
		x, err = p.in(x, op)
	case op.is(":"), op.is("like"), op.is("like~"), op.is("regex"), op.is("regex~"):
		x, err = p.match(x, op)
	}
	if err != nil || !negated {
		return x, err
	}
	return newNot(op.at, x)
}

// in reads the rest of: x in (...).
func (p *parser) in(x Expr, op token) (Expr, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	list, err := p.list(op.text, p.expression)
	if err != nil {
		return nil, err
	}
	return newIn(op, x, list)
}

// match reads the rest of: x : "...", x : (...) and the same with like and regex.
func (p *parser) match(x Expr, op token) (Expr, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.is("(") {
		list, err := p.list(op.text, p.single)
		if err != nil {
			return nil, err
		}
		return newMatch(op, x, list)
	}
	if op.is(":") && p.tok.kind == word && isFunction(p.tok.text) {
		return p.method(x)
	}
	pattern, err := p.single()
	if err != nil {
		return nil, err
	}
	lit, ok := pattern.(*Literal)
	if !ok {
		return nil, FaultAt(pattern.at(), "%s takes a string, not a field", op.text)
	}
	return newMatch(op, x, []Literal{*lit})
}

// method reads the rest of x:f(...), and what follows it.
func (p *parser) method(x Expr) (Expr, error) {
	leave, err := p.nest()
	if err != nil {
		return nil, err
	}
	defer leave()
	name := p.tok
	if err := p.advance(); err != nil {
		return nil, err
	}
	call, err := p.call(name, []Expr{x})
	if err != nil {
		return nil, err
	}
	return p.predicate(call)
}

// list reads constants in parentheses.
func (p *parser) list(op string, element func() (Expr, error)) ([]Literal, error) {
	if err := p.expect("(", "after "+op); err != nil {
		return nil, err
	}
	var list []Literal
	for {
		x, err := element()
		if err != nil {
			return nil, err
		}
		lit, ok := x.(*Literal)
		if !ok {
			return nil, FaultAt(x.at(), "a list takes constants only")
		}
		if len(list) == maxList {
			return nil, FaultAt(x.at(), "list of more than %d elements", maxList)
		}
		list = append(list, *lit)
		more, err := p.accept(",")
		if err != nil {
			return nil, err
		}
		if !more {
			return list, p.expect(")", "to close the list")
		}
	}
}
