package plist

import (
	"bytes"
	"unicode/utf8"
)

// maxUnescape bounds the library's work on quoted strings: at each escape it copies the
// string so far, so that work is escapes times length.
const maxUnescape = 16 << 20

// textRule starts the plain form: a comment to the text parser, and a syntax error to the
// XML parser that the library would otherwise let loose on the text first.
const textRule = "//<\n"

// textCheck reads old-style text by CoreFoundation's grammar and writes it again in the
// plainest form: every string quoted and free of all escapes but \" and \\, no comments,
// no single quotes. What the library then reads is not left to its own idea of escapes:
// to it "Logo\utHook" is another key than to CoreFoundation.
type textCheck struct {
	document
	pos   int
	depth int
	out   []byte
	work  int
}

// plainText checks old-style text and returns its plain form.
func plainText(b []byte) ([]byte, error) {
	c := &textCheck{document: document{form: "text", b: b}}
	if len(b) == 0 {
		return nil, c.fail(ErrFormat, 0, "empty")
	}
	if !utf8.Valid(b) {
		return nil, c.fail(ErrMalformed, -1, "not UTF-8")
	}
	c.out = append(c.out, textRule...)
	if err := c.text(); err != nil {
		return nil, err
	}
	return c.out, nil
}

// text reads the whole: one value, or the content of a dictionary without its braces.
func (c *textCheck) text() error {
	first := c.skip()
	if c.pos == len(c.b) {
		c.out = append(c.out, "{}"...) // as CoreFoundation reads nothing but white space
		return nil
	}
	if err := c.any(); err != nil {
		return err
	}
	if c.skip(); c.pos == len(c.b) {
		return nil
	}
	if first == '{' || first == '(' || first == '<' {
		return c.fail(ErrMalformed, c.pos, "text after the end")
	}
	// A string and more after it: a strings file. Begin again.
	c.pos, c.cost, c.work = 0, cost{}, 0
	c.out = append(c.out[:len(textRule)], '{')
	if err := c.container(0, 0); err != nil {
		return err
	}
	if err := c.entries(); err != nil {
		return err
	}
	if c.pos < len(c.b) {
		return c.fail(ErrMalformed, c.pos, "text after the end")
	}
	c.out = append(c.out, '}')
	return nil
}

// any reads one value. The caller has skipped what may stand before it.
func (c *textCheck) any() error {
	at := c.pos
	if err := c.value(at); err != nil {
		return err
	}
	if at == len(c.b) {
		return c.fail(ErrMalformed, at, "ends where a value is due")
	}
	switch c.b[at] {
	case '{':
		return c.nested(c.dictionary)
	case '(':
		return c.nested(c.array)
	case '<':
		return c.data()
	}
	s, err := c.str()
	if err != nil {
		return err
	}
	return c.emit(at, s)
}

// nested reads a container and accounts for its depth.
func (c *textCheck) nested(read func() error) error {
	if err := c.container(c.pos, c.depth); err != nil {
		return err
	}
	c.depth++
	defer func() { c.depth-- }()
	return read()
}

func (c *textCheck) dictionary() error {
	start := c.pos
	c.pos++
	c.out = append(c.out, '{')
	if err := c.entries(); err != nil {
		return err
	}
	if c.pos == len(c.b) {
		return c.fail(ErrMalformed, start, "dictionary without its }")
	}
	if c.b[c.pos] != '}' {
		return c.fail(ErrMalformed, c.pos, "%s in a dictionary where a key is due", quote(c.b[c.pos:c.pos+1]))
	}
	c.pos++
	c.out = append(c.out, '}')
	return nil
}

// entries reads key = value; and key; until something else comes, and leaves it.
func (c *textCheck) entries() error {
	for {
		next := c.skip()
		if next != '"' && next != '\'' && !wordByte(next) {
			return nil
		}
		if err := c.entry(); err != nil {
			return err
		}
	}
}

func (c *textCheck) entry() error {
	at := c.pos
	if err := c.value(at); err != nil {
		return err
	}
	key, err := c.str()
	if err != nil {
		return err
	}
	if err := c.emit(at, key); err != nil {
		return err
	}
	c.out = append(c.out, '=')
	switch c.skip() {
	case '=':
		c.pos++
		c.skip()
		if err := c.any(); err != nil {
			return err
		}
	case ';': // the short form of strings files: the value is the key
		if err := c.emit(at, key); err != nil {
			return err
		}
	default:
		return c.fail(ErrMalformed, c.pos, "key %s without = or ;", quote(key))
	}
	if c.skip() != ';' {
		return c.fail(ErrMalformed, c.pos, "value of key %s without ;", quote(key))
	}
	c.pos++
	c.out = append(c.out, ';')
	return nil
}

func (c *textCheck) array() error {
	start := c.pos
	c.pos++
	c.out = append(c.out, '(')
	for {
		if c.skip() == ')' {
			break
		}
		if err := c.any(); err != nil {
			return err
		}
		next := c.skip()
		if next == ')' {
			break
		}
		if c.pos == len(c.b) {
			return c.fail(ErrMalformed, start, "array without its )")
		}
		if next != ',' {
			return c.fail(ErrMalformed, c.pos, "%s in an array where , or ) is due", quote(c.b[c.pos:c.pos+1]))
		}
		c.pos++
		c.out = append(c.out, ',')
	}
	c.pos++
	c.out = append(c.out, ')')
	return nil
}

// data reads <0fbd77>, and GNUstep's <*I5> and <[Zm9v]>.
func (c *textCheck) data() error {
	start := c.pos
	end := start + bytes.IndexByte(c.b[start:], '>')
	if end < start {
		return c.fail(ErrMalformed, start, "data without its >")
	}
	inner := c.b[start+1 : end]
	c.pos = end + 1
	if err := c.bytes(start, len(inner)); err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(inner, []byte("*")):
		if len(inner) > maxTypedValue {
			return c.fail(ErrMalformed, start, "typed value of %d bytes", len(inner))
		}
	case bytes.HasPrefix(inner, []byte("[")):
		// The library looks for the first ']', wherever that is.
		if bytes.IndexByte(inner, ']') != len(inner)-1 {
			return c.fail(ErrMalformed, start, "data without its ]>")
		}
	default:
		return c.hex(start, inner)
	}
	c.out = append(c.out, c.b[start:c.pos]...)
	return nil
}

// maxTypedValue bounds the text of one number, boolean or date.
const maxTypedValue = 256

func (c *textCheck) hex(start int, digits []byte) error {
	c.out = append(c.out, '<')
	n := 0
	for i, b := range digits {
		switch {
		case b >= '0' && b <= '9', b >= 'a' && b <= 'f', b >= 'A' && b <= 'F':
			c.out = append(c.out, b)
			n++
		case b == ' ' || b == '\t' || b == '\n' || b == '\r':
		default:
			return c.fail(ErrMalformed, start+1+i, "%s in data: want hexadecimal digits", quote(digits[i:i+1]))
		}
	}
	if n%2 != 0 {
		return c.fail(ErrMalformed, start, "data of %d hexadecimal digits: want pairs", n)
	}
	c.out = append(c.out, '>')
	return nil
}
