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
	case p.tok.is("|"):
		return faultAt(p.tok.at, "pipes are not supported")
	case p.tok.is("="):
		return faultAt(p.tok.at, `unexpected "=": write == (verbatim) or : (any case, wildcards)`)
	case p.tok.is("["):
		return faultAt(p.tok.at, `unexpected "[": a condition on a list looks at every element`)
	}
	return faultAt(p.tok.at, "unexpected %s, want %s", p.tok.describe(), wanted)
}

// nest counts a level of nesting until the returned function is called.
func (p *parser) nest() (leave func(), err error) {
	if p.depth == maxNesting {
		return nil, faultAt(p.tok.at, "nested deeper than %d levels", maxNesting)
	}
	p.depth++
	return func() { p.depth-- }, nil
}

// reserved are the words that can't begin a name, except in backticks.
var reserved = []string{"and", "any", "by", "false", "in", "join", "like", "maxspan", "not", "null",
	"of", "or", "regex", "sample", "sequence", "true", "until", "where", "with"}

// query reads: category where condition.
func (p *parser) query() error {
	if err := p.advance(); err != nil {
		return err
	}
	cat := p.tok
	switch {
	case cat.kind == endOfText:
		return faultAt(cat.at, "the query is empty")
	case cat.is("sequence") || cat.is("sample") || cat.is("join"):
		return faultAt(cat.at, "%ss are not supported", cat.text)
	case cat.is("any"):
		p.q.any = true
	case cat.kind == stringText && cat.text == "":
		return faultAt(cat.at, "the event category is empty")
	case cat.kind == stringText, cat.kind == word && !slices.Contains(reserved, cat.text):
	default:
		return p.unexpected("an event category")
	}
	p.q.category = cat.text
	if err := p.advance(); err != nil {
		return err
	}
	if err := p.expect("where", "after the event category"); err != nil {
		return err
	}
	return p.rest()
}

// anyQuery reads a condition alone.
func (p *parser) anyQuery() error {
	p.q.any, p.q.category = true, Any
	if err := p.advance(); err != nil {
		return err
	}
	return p.rest()
}

// rest reads the condition up to the end.
func (p *parser) rest() error {
	if p.tok.kind == endOfText {
		return faultAt(p.tok.at, "the condition is missing")
	}
	where, err := p.expression()
	if err != nil {
		return err
	}
	if p.tok.kind != endOfText {
		return p.unexpected("and, or, or the end of the query")
	}
	p.q.where = where
	return condition(where)
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
		return nil, faultAt(p.tok.at, "comparisons do not chain: join two with and")
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
