package eql

import (
	"slices"
	"strconv"
	"strings"
)

// parser reads a query by recursive descent with one token of look-ahead. What it builds is
// checked and computed on the way (ast.go), so what it returns is sound.
type parser struct {
	lexer lexer
	tok   token // the next one
	depth int
	kinds Kinds
	q     *Query
}

// advance moves to the next token.
func (p *parser) advance() { p.tok = p.lexer.next() }

// accept moves past the token if it is this symbol or keyword.
func (p *parser) accept(text string) bool {
	if !p.tok.is(text) {
		return false
	}
	p.advance()
	return true
}

// expect moves past this symbol or keyword, which must be next.
func (p *parser) expect(text, where string) {
	if !p.accept(text) {
		p.unexpected(`"` + text + `" ` + where)
	}
}

// unexpected reports that something else had to be here. It knows what the language
// has and this engine does not take, and what people write by mistake.
func (p *parser) unexpected(wanted string) {
	switch {
	case p.tok.is("="):
		fail(p.tok.at, `unexpected "=": write == (verbatim) or : (any case, wildcards)`)
	case p.tok.is("[") && p.tok.at > 0 && isNameStart(p.lexer.text[p.tok.at-1]):
		fail(p.tok.at, `unexpected "[": a condition on a list looks at every element`)
	}
	fail(p.tok.at, "unexpected %s, expected %s", p.tok.describe(), wanted)
}

// nest counts a level of nesting until the returned function is called.
func (p *parser) nest() (leave func()) {
	if p.depth == maxNesting {
		fail(p.tok.at, "nested deeper than %d levels", maxNesting)
	}
	p.depth++
	return func() { p.depth-- }
}

// reserved are the words that can't begin a name, except in backticks.
var reserved = []string{"and", "any", "by", "false", "in", "join", "like", "maxspan", "not", "null",
	"of", "or", "regex", "sample", "sequence", "true", "until", "where", "with"}

// query reads an event query or a sequence, and its pipes.
func (p *parser) query() {
	p.advance()
	switch {
	case p.tok.kind == endOfText:
		fail(p.tok.at, "the query is empty")
	case p.tok.is("sample"), p.tok.is("join"):
		fail(p.tok.at, "%ss are not supported: their events have no order; write a sequence", p.tok.text)
	case p.tok.is("sequence"):
		p.sequence()
	default:
		p.q.events = []event{p.event()}
	}
	p.pipes()
	if p.tok.kind != endOfText {
		p.unexpected("and, or, or the end of the query")
	}
}

// event reads: category where condition.
func (p *parser) event() event {
	cat := p.tok
	e := event{Category: cat.text, anyCategory: cat.is("any"), at: cat.at}
	switch {
	case e.anyCategory:
	case cat.kind == stringText && cat.text == "":
		fail(cat.at, "the event category is empty")
	case cat.kind == stringText, cat.kind == word && !slices.Contains(reserved, cat.text):
	default:
		p.unexpected("an event category")
	}
	p.advance()
	p.expect("where", "after the event category")
	e.Where = p.condition()
	return e
}

// anyQuery reads a condition alone.
func (p *parser) anyQuery() {
	p.advance()
	p.q.events = []event{{Category: Any, anyCategory: true, Where: p.condition()}}
	switch {
	case p.tok.is("|"):
		fail(p.tok.at, "a condition has no pipes")
	case p.tok.kind != endOfText:
		p.unexpected("and, or, or the end of the condition")
	}
}

// condition reads an expression that is a condition.
func (p *parser) condition() expr {
	if p.tok.kind == endOfText {
		fail(p.tok.at, "the condition is missing")
	}
	where := p.expression()
	checkCondition(where)
	return where
}

// expression reads terms joined by or.
func (p *parser) expression() expr {
	defer p.nest()()
	return p.joined("or", func() expr { return p.joined("and", p.negation) })
}

// joined reads one or more terms with a word between them.
func (p *parser) joined(by string, term func() expr) expr {
	at := p.tok.at
	terms := []expr{term()}
	for p.accept(by) {
		terms = append(terms, term())
	}
	if len(terms) == 1 {
		return terms[0]
	}
	return newJunction(at, by == "or", terms)
}

// negation reads a comparison, perhaps after not.
func (p *parser) negation() expr {
	at := p.tok.at
	if !p.tok.is("not") {
		return p.comparison()
	}
	defer p.nest()()
	p.advance()
	return newNot(at, p.negation())
}

// comparison reads one operand, or two with a comparison between them.
func (p *parser) comparison() expr {
	at := p.tok.at
	left := p.sum()
	op := p.tok
	if op.is("=") {
		p.unexpected("")
	}
	if op.kind != symbol || !isComparison(op.text) {
		return left
	}
	p.advance()
	right := p.sum()
	if p.tok.kind == symbol && isComparison(p.tok.text) {
		fail(p.tok.at, "comparisons do not chain: join two with and")
	}
	return newCompare(at, op, left, right)
}

// sum reads products with + and - between them.
func (p *parser) sum() expr {
	return p.computed("+-", func() expr { return p.computed("*/%", p.signed) })
}

// computed reads operands with some operators between them, which bind to the left.
func (p *parser) computed(ops string, operand func() expr) expr {
	x := operand()
	for n := 0; p.tok.kind == symbol && strings.Contains(ops, p.tok.text); n++ {
		op := p.tok
		if n == maxNesting {
			fail(op.at, "more than %d operators in a row", maxNesting)
		}
		p.advance()
		x = newArithmetic(op, x, operand())
	}
	return x
}

// signed reads an operand with any number of signs before it.
func (p *parser) signed() expr {
	sign := p.tok
	switch {
	case sign.is("("):
		p.advance()
		x := p.expression()
		p.expect(")", "to close the parenthesis")
		return p.predicate(x)
	case !sign.is("-") && !sign.is("+"):
		return p.predicate(p.single())
	}
	defer p.nest()()
	p.advance()
	if p.tok.kind == number {
		// With its sign a number is a literal: it may be the least integer, and
		// -1 in (-1) asks about minus one.
		return p.predicate(p.number(sign.text, sign.at))
	}
	return newArithmetic(sign, &literal{sourcePos(sign.at), Int(0)}, p.signed())
}

// single reads a literal without a sign, a field or a call.
func (p *parser) single() expr {
	tok := p.tok
	x := &literal{sourcePos: sourcePos(tok.at)}
	switch {
	case tok.kind == number:
		return p.number("", tok.at)
	case tok.kind == stringText:
		x.Value = String(tok.text)
	case tok.is("true"), tok.is("false"):
		x.Value = Bool(tok.text == "true")
	case tok.is("null"):
	case tok.kind == quotedName, tok.is("?"), tok.kind == word && !slices.Contains(reserved, strings.TrimSuffix(tok.text, "~")):
		return p.field()
	default:
		p.unexpected("a field or a value")
	}
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
	return newLiteral(at, v)
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
			f.Kind = p.kinds.of(f.Name)
			p.q.mention(f)
			return f
		}
		f.Name += "."
	}
}

// call reads the arguments of a function, in parentheses. What stands before the colon
// in x:f(y) is the first of them.
func (p *parser) call(name token, args []expr) expr {
	switch fn, fold := lookup(name.text); {
	case fn == nil:
		fail(name.at, "unknown function: %s", strings.TrimSuffix(name.text, "~"))
	case fold && !fn.fold:
		fail(name.at, "%s has no variant with ~", fn.name)
	}
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
	at := op.at
	op = p.tok
	switch {
	case op.is("in"), op.is("in~"):
		p.advance()
		x = newIn(op, x, p.list(op.text, p.expression))
	case op.is(":"), op.is("like"), op.is("like~"), op.is("regex"), op.is("regex~"):
		p.advance()
		x = p.match(x, op)
	}
	if negated {
		return newNot(at, x)
	}
	return x
}

// match reads the rest of: x : "...", x : (...), x:f(...), and the same with like and regex.
func (p *parser) match(x expr, op token) expr {
	if p.tok.is("(") {
		return newMatch(op, x, p.list(op.text, p.single))
	}
	if fn, fold := lookup(p.tok.text); op.is(":") && p.tok.kind == word && fn != nil && (fn.fold || !fold) {
		defer p.nest()()
		name := p.tok
		p.advance()
		return p.predicate(p.call(name, []expr{x}))
	}
	pattern := p.single()
	lit, ok := pattern.(*literal)
	if !ok {
		fail(pattern.at(), "%s takes a string, not a field", op.text)
	}
	return newMatch(op, x, []literal{*lit})
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
