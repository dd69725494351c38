package eql

import (
	"slices"
	"strconv"
	"strings"
)

// sum reads products with + and - between them.
func (p *parser) sum() expr {
	return p.arithmetic("+-", func() expr { return p.arithmetic("*/%", p.signed) })
}

// arithmetic reads operands with some operators between them, which bind to the left.
func (p *parser) arithmetic(ops string, operand func() expr) expr {
	x := operand()
	for n := 0; p.tok.kind == symbol && strings.Contains(ops, p.tok.text); n++ {
		op := p.tok
		if n == maxNesting {
			fail(op.at, "more than %d operators in a row", maxNesting)
		}
		p.advance()
		x = newArith(op, x, operand())
	}
	return x
}

// signed reads an operand with any number of signs before it.
func (p *parser) signed() expr {
	sign := p.tok
	if !sign.is("-") && !sign.is("+") {
		return p.primary()
	}
	defer p.nest()()
	p.advance()
	if p.tok.kind == number {
		// With its sign a number is a literal: it may be the least integer, and
		// -1 in (-1) asks about minus one.
		return p.predicate(p.number(sign.text, sign.at))
	}
	return newArith(sign, &literal{sourcePos(sign.at), Int(0)}, p.signed())
}

// primary reads a literal, a field or a condition in parentheses, and a test for one of
// a list if it follows.
func (p *parser) primary() expr {
	if !p.tok.is("(") {
		return p.predicate(p.single())
	}
	p.advance()
	x := p.expression()
	p.expect(")", "to close the parenthesis")
	return p.predicate(x)
}

// single reads a literal or a field.
func (p *parser) single() expr {
	if x := p.literal(); x != nil {
		return x
	}
	isName := p.tok.kind == word && !slices.Contains(reserved, strings.TrimSuffix(p.tok.text, "~"))
	if !isName && p.tok.kind != quotedName && !p.tok.is("?") {
		p.unexpected("a field or a value")
	}
	return p.field()
}

// literal reads a literal without a sign; it returns nil where there is none.
func (p *parser) literal() expr {
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
		return nil
	}
	x := &literal{sourcePos(p.tok.at), v}
	p.advance()
	return x
}

// number reads the digits of a number after its sign.
func (p *parser) number(sign string, at int) expr {
	var v Value
	s := sign + p.tok.text
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		v = Int(i)
	} else if f, err := strconv.ParseFloat(s, 64); err == nil {
		v = Float(f) // also an integer beyond 64 bits
	} else {
		fail(at, "number %.20s is too large", s)
	}
	p.advance()
	return &literal{sourcePos(at), v}
}

// field reads the name of a field, or the call of a function.
func (p *parser) field() expr {
	f := &fieldRef{sourcePos: sourcePos(p.tok.at)}
	f.Optional = p.accept("?")
	for {
		part := p.tok
		if part.kind != word && part.kind != quotedName {
			p.unexpected("the name of a field")
		}
		p.advance()
		if part.kind == word && f.Name == "" && !f.Optional && p.tok.is("(") {
			return p.call(part, nil)
		}
		if part.kind == word && strings.HasSuffix(part.text, "~") {
			fail(part.at, `unexpected "~" after %s`, strings.TrimSuffix(part.text, "~"))
		}
		f.Name += part.text
		if !p.accept(".") {
			p.q.mention(f)
			return f
		}
		f.Name += "."
	}
}

// call reads the arguments of a function, in parentheses. What stands before the colon
// in x:f(y) is the first of them.
func (p *parser) call(name token, args []expr) expr {
	lookup(name)
	p.expect("(", "after the function "+name.text)
	for more := !p.tok.is(")"); more; {
		x := p.expression()
		if len(args) == maxList {
			fail(x.at(), "more than %d arguments", maxList)
		}
		args = append(args, x)
		more = p.accept(",")
	}
	p.expect(")", "to close the arguments of "+name.text)
	return newCall(name, args)
}

// predicate reads what may follow an operand: in, :, like, regex.
func (p *parser) predicate(x expr) expr {
	op := p.tok
	negated := p.accept("not")
	if negated && !p.tok.is("in") && !p.tok.is("in~") {
		fail(op.at, "not can't be here, except in not in: write not before the condition")
	}
	op = p.tok
	switch {
	case op.is("in"), op.is("in~"):
		x = p.in(x, op)
	case op.is(":"), op.is("like"), op.is("like~"), op.is("regex"), op.is("regex~"):
		x = p.match(x, op)
	}
	if negated {
		return newNot(op.at, x)
	}
	return x
}

// in reads the rest of: x in (...).
func (p *parser) in(x expr, op token) expr {
	p.advance()
	return newIn(op, x, p.list(op.text, p.expression))
}

// match reads the rest of: x : "...", x : (...) and the same with like and regex.
func (p *parser) match(x expr, op token) expr {
	p.advance()
	if p.tok.is("(") {
		return newMatch(op, x, p.list(op.text, p.single))
	}
	if op.is(":") && p.tok.kind == word && isFunction(p.tok.text) {
		return p.method(x)
	}
	pattern := p.single()
	lit, ok := pattern.(*literal)
	if !ok {
		fail(pattern.at(), "%s takes a string, not a field", op.text)
	}
	return newMatch(op, x, []literal{*lit})
}

// method reads the rest of x:f(...), and what follows it.
func (p *parser) method(x expr) expr {
	defer p.nest()()
	name := p.tok
	p.advance()
	return p.predicate(p.call(name, []expr{x}))
}

// list reads constants in parentheses.
func (p *parser) list(op string, element func() expr) []literal {
	p.expect("(", "after "+op)
	var list []literal
	for more := true; more; more = p.accept(",") {
		x := element()
		lit, ok := x.(*literal)
		if !ok {
			fail(x.at(), "a list takes constants only")
		}
		if len(list) == maxList {
			fail(x.at(), "list of more than %d elements", maxList)
		}
		list = append(list, *lit)
	}
	p.expect(")", "to close the list")
	return list
}
