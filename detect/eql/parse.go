package eql

import (
	"slices"
)

// parser reads a query by recursive descent with one token of look-ahead. What it
// builds is checked and folded on the way (build.go), so what it returns is sound.
type parser struct {
	lexer lexer
	tok   token // the next one
	depth int
	q     *Query
}

// advance moves to the next token.
func (p *parser) advance() (err error) {
	p.tok, err = p.lexer.next()
	return err
}

// accept moves past the token if it is this symbol or keyword.
func (p *parser) accept(text string) (bool, error) {
	if !p.tok.is(text) {
		return false, nil
	}
	return true, p.advance()
}

// expect moves past this symbol or keyword, which must be next.
func (p *parser) expect(text, where string) error {
	if ok, err := p.accept(text); ok || err != nil {
		return err
	}
	return p.unexpected(`"` + text + `" ` + where)
}

// unexpected reports that something else had to be here. It knows what the language
// has and this engine does not take, and what people write by mistake.
func (p *parser) unexpected(wanted string) error {
	switch {
	case p.tok.is("="):
		return FaultAt(p.tok.at, `unexpected "=": write == (verbatim) or : (any case, wildcards)`)
	case p.tok.is("[") && p.tok.at > 0 && isNameStart(p.lexer.text[p.tok.at-1]):
		return FaultAt(p.tok.at, `unexpected "[": a condition on a list looks at every element`)
	}
	return FaultAt(p.tok.at, "unexpected %s, want %s", p.tok.describe(), wanted)
}

// nest counts a level of nesting until the returned function is called.
func (p *parser) nest() (leave func(), err error) {
	if p.depth == maxNesting {
		return nil, FaultAt(p.tok.at, "nested deeper than %d levels", maxNesting)
	}
	p.depth++
	return func() { p.depth-- }, nil
}

// reserved are the words that can't begin a name, except in backticks.
var reserved = []string{"and", "any", "by", "false", "in", "join", "like", "maxspan", "not", "null",
	"of", "or", "regex", "sample", "sequence", "true", "until", "where", "with"}

// query reads an event query or a sequence, and its pipes.
func (p *parser) query() error {
	err := p.advance()
	if err != nil {
		return err
	}
	switch {
	case p.tok.kind == endOfText:
		return FaultAt(p.tok.at, "the query is empty")
	case p.tok.is("sample"), p.tok.is("join"):
		return FaultAt(p.tok.at, "%ss are not supported: their events have no order; write a sequence", p.tok.text)
	case p.tok.is("sequence"):
		err = p.sequence()
	default:
		p.q.event, err = p.event()
	}
	if err != nil {
		return err
	}
	if err := p.pipes(); err != nil {
		return err
	}
	if p.tok.kind != endOfText {
		return p.unexpected("and, or, or the end of the query")
	}
	return nil
}

// event reads: category where condition.
func (p *parser) event() (Event, error) {
	cat := p.tok
	e := Event{Category: cat.text, any: cat.is("any"), at: cat.at}
	switch {
	case e.any:
	case cat.kind == stringText && cat.text == "":
		return e, FaultAt(cat.at, "the event category is empty")
	case cat.kind == stringText, cat.kind == word && !slices.Contains(reserved, cat.text):
	default:
		return e, p.unexpected("an event category")
	}
	if err := p.advance(); err != nil {
		return e, err
	}
	if err := p.expect("where", "after the event category"); err != nil {
		return e, err
	}
	var err error
	e.Where, err = p.condition()
	return e, err
}

// anyQuery reads a condition alone.
func (p *parser) anyQuery() error {
	err := p.advance()
	if err != nil {
		return err
	}
	p.q.event = Event{Category: Any, any: true}
	if p.q.event.Where, err = p.condition(); err != nil {
		return err
	}
	switch {
	case p.tok.is("|"):
		return FaultAt(p.tok.at, "a condition has no pipes")
	case p.tok.kind != endOfText:
		return p.unexpected("and, or, or the end of the condition")
	}
	return nil
}

// condition reads an expression that is a condition.
func (p *parser) condition() (Expr, error) {
	if p.tok.kind == endOfText {
		return nil, FaultAt(p.tok.at, "the condition is missing")
	}
	where, err := p.expression()
	if err != nil {
		return nil, err
	}
	return where, condition(where)
}

// expression reads terms joined by or.
func (p *parser) expression() (Expr, error) {
	leave, err := p.nest()
	if err != nil {
		return nil, err
	}
	defer leave()
	return p.joined("or", func() (Expr, error) { return p.joined("and", p.negation) })
}

// joined reads one or more terms with a word between them.
func (p *parser) joined(by string, term func() (Expr, error)) (Expr, error) {
	at := p.tok.at
	first, err := term()
	if err != nil || !p.tok.is(by) {
		return first, err
	}
	terms := []Expr{first}
	for p.tok.is(by) {
		if err := p.advance(); err != nil {
			return nil, err
		}
		t, err := term()
		if err != nil {
			return nil, err
		}
		terms = append(terms, t)
	}
	return newLogic(at, by == "or", terms)
}

// negation reads a comparison, perhaps after not.
func (p *parser) negation() (Expr, error) {
	at := p.tok.at
	if !p.tok.is("not") {
		return p.comparison()
	}
	leave, err := p.nest()
	if err != nil {
		return nil, err
	}
	defer leave()
	if err := p.advance(); err != nil {
		return nil, err
	}
	x, err := p.negation()
	if err != nil {
		return nil, err
	}
	return newNot(at, x)
}

// comparison reads one operand, or two with a comparison between them.
func (p *parser) comparison() (Expr, error) {
	at := p.tok.at
	left, err := p.sum()
	if err != nil || !p.atComparison() {
		return left, err
	}
	op := p.tok
	if err := p.advance(); err != nil {
		return nil, err
	}
	right, err := p.sum()
	if err != nil {
		return nil, err
	}
	if p.atComparison() {
		return nil, FaultAt(p.tok.at, "comparisons do not chain: join two with and")
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
