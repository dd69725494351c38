package kql

import (
	"strings"
	"unicode"

	"hooksnare/detect/eql"
)

// parser reads a query by recursive descent with one token of look-ahead.
type parser struct {
	lexer  lexer
	tok    token // the next one
	depth  int
	values int
	fields map[string]int
}

// advance moves to the next token.
func (p *parser) advance() (err error) {
	p.tok, err = p.lexer.next()
	return err
}

// nest counts a level of nesting until the returned function is called.
func (p *parser) nest() (leave func(), err error) {
	if p.depth == maxNesting {
		return nil, eql.FaultAt(p.tok.at, "nested deeper than %d levels", maxNesting)
	}
	p.depth++
	return func() { p.depth-- }, nil
}

// unexpected reports that something else had to be here.
func (p *parser) unexpected(wanted string) error {
	if p.tok.is("{") {
		return eql.FaultAt(p.tok.at, "nested queries in { } are not supported: an event has no nested fields")
	}
	if p.tok.kind == keyword {
		return eql.FaultAt(p.tok.at, `unexpected "%s", want %s: put it in quotes if it is a value`, p.tok.text, wanted)
	}
	return eql.FaultAt(p.tok.at, "unexpected %s, want %s", p.tok.describe(), wanted)
}

// query reads the whole.
func (p *parser) query() (expr, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == endOfText {
		return nil, eql.FaultAt(p.tok.at, "the query is empty")
	}
	x, err := p.any(p.condition)
	if err == nil && p.tok.kind != endOfText {
		err = p.unexpected("and, or, or the end of the query")
	}
	return x, err
}

// A leaf reads what and, or, not and parentheses join: conditions, or the values of a
// list. The two differ in nothing else.
type leaf func() (expr, error)

// any reads terms joined by or.
func (p *parser) any(l leaf) (expr, error) {
	return p.joined("or", func() (expr, error) {
		return p.joined("and", func() (expr, error) { return p.term(l) })
	})
}

// joined reads one or more terms with a word between them.
func (p *parser) joined(by string, term leaf) (expr, error) {
	first, err := term()
	if err != nil || !p.tok.is(by) {
		return first, err
	}
	terms := []expr{first}
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
	return newLogic(by == "or", terms), nil
}

// term reads a leaf, perhaps after not, or terms in parentheses.
func (p *parser) term(l leaf) (expr, error) {
	negated, open := p.tok.is("not"), p.tok.is("(")
	if !negated && !open {
		return l()
	}
	leave, err := p.nest()
	if err != nil {
		return nil, err
	}
	defer leave()
	at := p.tok.at
	if err := p.advance(); err != nil {
		return nil, err
	}
	if negated {
		x, err := p.term(l)
		return &not{x}, err
	}
	x, err := p.any(l)
	switch {
	case err != nil:
		return nil, err
	case p.tok.kind == endOfText:
		return nil, eql.FaultAt(at, "parenthesis is not closed")
	case !p.tok.is(")"):
		return nil, p.unexpected(`and, or, or ")"`)
	}
	return x, p.advance()
}

// condition reads a field, an operator and what it is compared with.
func (p *parser) condition() (expr, error) {
	name, err := p.literal("a field")
	if err != nil {
		return nil, err
	}
	op := p.tok
	if op.kind != symbol || strings.Contains("(){}", op.text) {
		return nil, p.noOperator(name)
	}
	field, err := p.field(name)
	if err != nil {
		return nil, err
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if op.text != ":" {
		return p.comparison(field, op.text)
	}
	if p.tok.is("not") {
		return nil, eql.FaultAt(p.tok.at, "not stands before the field, or in parentheses before a value")
	}
	if p.tok.is("{") {
		return nil, p.unexpected("")
	}
	return p.term(func() (expr, error) { return p.value(field) })
}

// noOperator reports a literal where a condition had to be.
func (p *parser) noOperator(name value) error {
	text := strings.Join(name.pieces, "*")
	hint := "write field : value"
	if strings.Contains(text, "=") {
		hint = "the operators are : < <= > >="
	}
	return eql.FaultAt(name.at, `"%s" is a value without a field: %s`, abridge(text), hint)
}

// field checks the name of a field and notes that the query mentions it.
func (p *parser) field(v value) (string, error) {
	name, plain := v.text()
	switch {
	case !plain:
		return "", eql.FaultAt(v.at, "wildcards in the name of a field are not supported: %s", abridge(strings.Join(v.pieces, "*")))
	case name == "":
		return "", eql.FaultAt(v.at, "the name of the field is empty")
	case len(name) > maxName:
		return "", eql.FaultAt(v.at, "the name of the field is longer than %d bytes", maxName)
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return "", eql.FaultAt(v.at, `"%s" is no name of a field: join conditions with and or or`, abridge(name))
	}
	if _, seen := p.fields[name]; !seen {
		p.fields[name] = v.at
	}
	return name, nil
}

// literal reads a string in quotes, or the words up to the next operator.
func (p *parser) literal(wanted string) (value, error) {
	if !p.tok.isLiteral() {
		return value{}, p.unexpected(wanted)
	}
	var read pieces
	at, end, isQuoted := p.tok.at, p.tok.at, p.tok.kind == quoted
	for first := true; first || !isQuoted && p.tok.kind == word; first = false {
		var err error
		if isQuoted {
			err = read.addQuoted(at+1, p.tok.text[1:len(p.tok.text)-1])
		} else {
			read.add(p.lexer.text[end:p.tok.at])
			err = read.addWord(p.tok.at, p.tok.text)
		}
		if err != nil {
			return value{}, err
		}
		end = p.tok.at + len(p.tok.text)
		if read.size > maxValue {
			return value{}, eql.FaultAt(at, "value is longer than %d KiB", maxValue>>10)
		}
		if err := p.advance(); err != nil {
			return value{}, err
		}
	}
	return read.value(at, isQuoted), nil
}

// operand reads a value behind an operator.
func (p *parser) operand(wanted string) (value, error) {
	v, err := p.literal(wanted)
	if err != nil {
		return v, err
	}
	if p.values++; p.values > maxValues {
		return v, eql.FaultAt(v.at, "the query has more than %d values", maxValues)
	}
	if text, plain := v.text(); plain && !v.quoted && text == "null" {
		return v, eql.FaultAt(v.at, `null is no value: write not field : * for a missing field, or "null" for the word`)
	}
	if p.tok.is(":") {
		return v, eql.FaultAt(p.tok.at, `unexpected ":" after a value: join conditions with and or or`)
	}
	return v, nil
}

// value reads one value of a list, or the only one.
func (p *parser) value(field string) (expr, error) {
	v, err := p.operand("a value")
	if err != nil {
		return nil, err
	}
	if v.isStar() {
		return &exists{field: field, at: v.at}, nil
	}
	return &oneOf{field: field, values: []value{v}}, nil
}

// comparison reads the bound of a range.
func (p *parser) comparison(field, op string) (expr, error) {
	v, err := p.operand("a number or a string")
	if err != nil {
		return nil, err
	}
	text, plain := v.text()
	switch {
	case !plain:
		return nil, eql.FaultAt(v.at, "a range takes no wildcards")
	case text == "true" || text == "false":
		return nil, eql.FaultAt(v.at, "true and false have no order: %s", op)
	case isRelativeDate(text):
		return nil, eql.FaultAt(v.at, "dates relative to now are not supported: %s", abridge(text))
	}
	return &compare{field: field, op: op, value: v}, nil
}

// isRelativeDate reports whether a bound is date math, which would need a clock.
func isRelativeDate(s string) bool {
	rest, ok := strings.CutPrefix(s, "now")
	return ok && (rest == "" || strings.ContainsAny(rest[:1], "+-/"))
}
