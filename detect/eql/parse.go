package eql

import "slices"

// parser reads a query by recursive descent with one token of look-ahead. What it
// builds is checked and folded on the way (build.go), so what it returns is sound.
type parser struct {
	lexer lexer
	tok   token // the next one
	depth int
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
		p.q.event = p.event()
	}
	p.pipes()
	if p.tok.kind != endOfText {
		p.unexpected("and, or, or the end of the query")
	}
}

// event reads: category where condition.
func (p *parser) event() event {
	cat := p.tok
	e := event{Category: cat.text, any: cat.is("any"), at: cat.at}
	switch {
	case e.any:
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
	p.q.event = event{Category: Any, any: true}
	p.q.event.Where = p.condition()
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
	first := term()
	if !p.tok.is(by) {
		return first
	}
	terms := []expr{first}
	for p.tok.is(by) {
		p.advance()
		terms = append(terms, term())
	}
	return newLogic(at, by == "or", terms)
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
	if !p.atComparison() {
		return left
	}
	op := p.tok
	p.advance()
	right := p.sum()
	if p.atComparison() {
		fail(p.tok.at, "comparisons do not chain: join two with and")
	}
	return newCompare(at, op, left, right)
}

func (p *parser) atComparison() bool {
	if p.tok.kind != symbol {
		return false
	}
	switch p.tok.text {
	case "==", "!=", "<", "<=", ">", ">=":
		return true
	}
	return false
}
