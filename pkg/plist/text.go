package plist

import (
	"bytes"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// textParser reads old-style text by CoreFoundation's grammar. The library is not asked: to it
// "Logo\utHook" is another key than to CoreFoundation.
type textParser struct {
	document
	pos int
}

// readOldStyle reads old-style text: one value, or the content of a dictionary without its braces.
func (d *document) readOldStyle() (any, error) {
	p := &textParser{document: *d}
	v, err := p.parseDocument()
	d.odd, d.rest = p.odd, p.rest
	return orNil(v, err)
}

func (p *textParser) parseDocument() (any, error) {
	switch {
	case len(p.b) == 0:
		return nil, p.fail(ErrFormat, 0, "empty")
	case !utf8.Valid(p.b):
		return nil, p.fail(ErrMalformed, -1, "not UTF-8")
	}
	first := p.skipBlank()
	if p.pos == len(p.b) {
		return map[string]any{}, nil // as CoreFoundation reads nothing but white space
	}
	v, err := p.parseValue()
	if err != nil {
		return nil, err
	}
	if p.skipBlank(); p.pos < len(p.b) && first != '{' && first != '(' && first != '<' {
		return p.parseStringsFile()
	}
	if p.pos < len(p.b) {
		return nil, p.fail(ErrMalformed, p.pos, "text after the end")
	}
	return v, nil
}

// parseStringsFile reads a dictionary without braces, which is what a string with more after it is
// the beginning of. It ends where no key follows: CoreFoundation does not look at the rest.
func (p *textParser) parseStringsFile() (any, error) {
	p.pos, p.values, p.content = 0, 0, 0
	if err := p.openContainer(0, true); err != nil {
		return nil, err
	}
	defer p.closeContainer()
	v, err := p.parseEntries()
	if err == nil && p.pos < len(p.b) {
		p.odd, p.rest = true, p.fail(ErrTrailing, p.pos, "%s", quote(p.b[p.pos:min(p.pos+maxQuoted, len(p.b))]))
	}
	if p.wanted == nil && p.rest != nil {
		return nil, p.fail(ErrMalformed, p.pos, "text after the end")
	}
	return v, err
}

// parseValue reads one value. The caller has skipped what may stand before it.
func (p *textParser) parseValue() (any, error) {
	at := p.pos
	if err := p.addValue(at); err != nil {
		return nil, err
	}
	if at == len(p.b) {
		return nil, p.fail(ErrMalformed, at, "ends where a value is due")
	}
	switch p.b[at] {
	case '{', '(':
		if err := p.openContainer(at, p.b[at] == '{'); err != nil {
			return nil, err
		}
		defer p.closeContainer()
		if p.pos++; p.b[at] == '(' {
			return p.parseArray(at)
		}
		return p.parseDictionary(at)
	case '<':
		return p.parseData()
	}
	return p.parseString()
}

func (p *textParser) parseDictionary(start int) (any, error) {
	d, err := p.parseEntries()
	switch {
	case err != nil:
		return nil, err
	case p.pos == len(p.b):
		return nil, p.fail(ErrMalformed, start, "dictionary without its }")
	case p.b[p.pos] != '}':
		return nil, p.fail(ErrMalformed, p.pos, "%s in a dictionary where a key is due", quote(p.b[p.pos:p.pos+1]))
	}
	p.pos++
	return d, nil
}

// parseEntries reads key = value; and key; until something else comes, and leaves it.
func (p *textParser) parseEntries() (map[string]any, error) {
	d := map[string]any{}
	for {
		next := p.skipBlank()
		if next != '"' && next != '\'' && !p.isWord(next) {
			return d, nil
		}
		if err := p.parseEntry(d); err != nil {
			return nil, err
		}
	}
}

func (p *textParser) parseEntry(d map[string]any) error {
	if err := p.addValue(p.pos); err != nil {
		return err
	}
	finds, skip := p.finds(), p.skip
	p.skip = skip || finds // what a key costs that is not wanted does not count
	key, err := p.parseString()
	p.skip = skip
	if err != nil {
		return err
	}
	was := p.enterValue(key)
	defer p.leaveValue(was)
	var v any = key // in the short form of strings files the value is the key
	switch p.skipBlank() {
	case '=':
		p.pos++
		p.skipBlank()
		if v, err = p.parseValue(); err != nil {
			return err
		}
	case ';':
	default:
		return p.fail(ErrMalformed, p.pos, "key %s without = or ;", quote(key))
	}
	if p.skipBlank() != ';' {
		return p.fail(ErrMalformed, p.pos, "value of key %s without ;", quote(key))
	}
	p.pos++
	if !p.skip {
		d[key] = v
	}
	return nil
}

func (p *textParser) parseArray(start int) (any, error) {
	a := []any{}
	for p.skipBlank() != ')' {
		v, err := p.parseValue()
		if err != nil {
			return nil, err
		}
		if v != "" && !p.skip {
			a = append(a, v)
		}
		next := p.skipBlank()
		if next == ')' {
			break
		}
		if p.pos == len(p.b) {
			return nil, p.fail(ErrMalformed, start, "array without its )")
		}
		if next != ',' {
			return nil, p.fail(ErrMalformed, p.pos, "%s in an array where , or ) is due", quote(p.b[p.pos:p.pos+1]))
		}
		p.pos++
	}
	p.pos++
	return a, nil
}

// parseData reads <0fbd77>.
func (p *textParser) parseData() (any, error) {
	start := p.pos
	n := bytes.IndexByte(p.b[start:], '>')
	if n < 0 {
		return nil, p.fail(ErrMalformed, start, "data without its >")
	}
	inner := string(p.b[start+1 : start+n])
	p.pos += n + 1
	if p.skip {
		return nil, nil
	}
	if err := p.addBytes(start, len(inner)); err != nil {
		return nil, err
	}
	v, err := hex.DecodeString(strings.NewReplacer(" ", "", "\t", "", "\n", "", "\r", "", "\u2028", "", "\u2029", "").Replace(inner))
	if err != nil {
		return nil, p.fail(ErrMalformed, start, "data: %s", quote(err.Error()))
	}
	return v, nil
}
