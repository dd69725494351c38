package plist

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
)

// maxTag bounds a tag, processing instruction or document type. The decoder gathers all
// attributes of a tag before it returns it; Apple's document type has 115 bytes.
const maxTag = 1024

var errLongTag = errors.New("tag too long")

// xmlCheck walks the tokens of an XML property list. It accepts what both encoding/xml,
// through which the library reads, and CoreFoundation's own XML reader understand in
// the same way.
type xmlCheck struct {
	document
	file bool      // in a file the root is <plist>, and a key stands only once in a dictionary
	open []element // from the root to the current one
	seen bool      // the root was there
}

// element is one that is open.
type element struct {
	name   string
	values int                 // plist: how many it has
	keys   map[string]struct{} // dict: its keys so far
	key    bool                // dict: a key waits for its value
	text   []byte              // key: its text so far
}

func checkXML(b []byte, file bool) error {
	return (&xmlCheck{document: document{form: "XML", b: b}, file: file}).readTokens()
}

// readTokens reads the document to its end.
func (c *xmlCheck) readTokens() error {
	b := c.b
	in := &tagReader{Reader: bytes.NewReader(b), b: b}
	dec := xml.NewDecoder(in)
	for {
		start := int(dec.InputOffset())
		in.token(start)
		tok, err := dec.RawToken()
		if err == io.EOF {
			return c.checkEnd(len(b))
		}
		if errors.Is(err, errLongTag) {
			return c.fail(ErrTooLarge, start, "tag of more than %d bytes", maxTag)
		}
		if err != nil {
			return c.fail(ErrMalformed, int(dec.InputOffset()), "%s", clip(err.Error()))
		}
		if err := c.checkToken(tok, start, b[start:dec.InputOffset()]); err != nil {
			return err
		}
	}
}

// tagReader ends a tag that grows beyond its bound while the decoder reads it.
type tagReader struct {
	*bytes.Reader
	b    []byte
	left int // bytes after the bound of the current token; negative for no bound
}

func (r *tagReader) ReadByte() (byte, error) {
	if r.Len() <= r.left {
		return 0, errLongTag
	}
	return r.Reader.ReadByte()
}

// token sets the bound for the token that starts at an offset: text, comments and CDATA
// sections may be as long as the document, tags and the like may not.
func (r *tagReader) token(start int) {
	b := r.b[start:]
	r.left = -1
	if bytes.HasPrefix(b, []byte("<")) && !bytes.HasPrefix(b, []byte("<!-")) && !bytes.HasPrefix(b, []byte("<![")) {
		r.left = len(b) - maxTag - 1
	}
}

// checkToken checks one token against the elements that are open. raw is how it is written; it
// is empty for the end of an element that is written as <name/>.
func (c *xmlCheck) checkToken(tok xml.Token, at int, raw []byte) error {
	switch tok := tok.(type) {
	case xml.StartElement:
		return c.startElement(tok.Name, at, raw)
	case xml.EndElement:
		return c.endElement(tok.Name, at)
	case xml.CharData:
		return c.checkText(tok, at)
	}
	if leaf := c.openLeaf(); leaf != nil {
		return c.fail(ErrMalformed, at, "comment or instruction within <%s>", leaf.name)
	}
	switch tok := tok.(type) {
	case xml.Comment:
		// CoreFoundation ends the comment of <!---> right there, encoding/xml later.
		if len(tok) > 0 && (tok[0] == '-' || tok[0] == '>') {
			return c.fail(ErrMalformed, at, "comment that starts with %s", quote(tok[:1]))
		}
	case xml.Directive:
		// CoreFoundation ends it at the first '>', encoding/xml minds quotes, brackets and
		// comments, and drops the latter from the token.
		if c.seen || !bytes.HasPrefix(raw, []byte("<!DOCTYPE")) || bytes.ContainsAny(raw[2:len(raw)-1], "<>[") {
			return c.fail(ErrMalformed, at, "declaration %s", quote(raw))
		}
	}
	return nil
}

// startElement checks and opens an element.
func (c *xmlCheck) startElement(name xml.Name, at int, raw []byte) error {
	if name.Space != "" || !knownElement(name.Local) {
		kind := ErrMalformed
		if !c.seen {
			kind = ErrFormat
		}
		return c.fail(kind, at, "element %s is not one of a property list", quote(raw))
	}
	if !plainTag(raw, name.Local) {
		return c.fail(ErrMalformed, at, "tag %s: want no attributes", quote(raw))
	}
	if err := c.checkPlace(name.Local, at); err != nil {
		return err
	}
	if name.Local != "plist" {
		if err := c.addValue(at); err != nil {
			return err
		}
	}
	if !isLeaf(name.Local) {
		if err := c.addContainer(at, len(c.open)); err != nil {
			return err
		}
	}
	c.seen = true
	c.open = append(c.open, element{name: name.Local})
	return nil
}

// checkPlace checks that an element may stand where it does.
func (c *xmlCheck) checkPlace(name string, at int) error {
	if len(c.open) == 0 {
		switch {
		case c.seen:
			return c.fail(ErrMalformed, at, "<%s> after the end", name)
		case c.file && name != "plist":
			return c.fail(ErrFormat, at, "root element <%s>: want <plist>", name)
		case name == "key":
			return c.fail(ErrMalformed, at, "<key> outside a dictionary")
		}
		return nil
	}
	in := &c.open[len(c.open)-1]
	switch {
	case isLeaf(in.name) || name == "plist":
		return c.fail(ErrMalformed, at, "<%s> within <%s>", name, in.name)
	case in.name == "dict" && (name == "key") == in.key:
		return c.fail(ErrMalformed, at, "<%s> in a dictionary where a %s is due", name, map[bool]string{true: "value", false: "key"}[in.key])
	case in.name != "dict" && name == "key":
		return c.fail(ErrMalformed, at, "<key> outside a dictionary")
	case in.name == "plist" && in.values > 0:
		return c.fail(ErrMalformed, at, "second value in <plist>")
	}
	in.values++
	return nil
}

// checkText checks text: free in leaves, white space elsewhere.
func (c *xmlCheck) checkText(text []byte, at int) error {
	leaf := c.openLeaf()
	switch {
	case leaf == nil:
		if len(skipSpace(text)) > 0 {
			return c.fail(ErrMalformed, at, "text %s between elements", quote(skipSpace(text)))
		}
		return nil
	case leaf.name == "true" || leaf.name == "false":
		return c.fail(ErrMalformed, at, "text within <%s>", leaf.name)
	case leaf.name == "key":
		leaf.text = append(leaf.text, text...)
	}
	return c.addBytes(at, len(text))
}

// endElement ends an element.
func (c *xmlCheck) endElement(name xml.Name, at int) error {
	if len(c.open) == 0 || name.Space != "" || c.open[len(c.open)-1].name != name.Local {
		return c.fail(ErrMalformed, at, "</%s> ends nothing that is open", clip(name.Local))
	}
	e := c.open[len(c.open)-1]
	c.open = c.open[:len(c.open)-1]
	if e.key {
		return c.fail(ErrMalformed, at, "key without a value")
	}
	if e.name == "plist" && e.values == 0 {
		return c.fail(ErrMalformed, at, "<plist> without a value")
	}
	if len(c.open) == 0 || c.open[len(c.open)-1].name != "dict" {
		return nil
	}
	dict := &c.open[len(c.open)-1]
	dict.key = e.name == "key"
	if !dict.key || !c.file {
		return nil
	}
	if _, ok := dict.keys[string(e.text)]; ok {
		return c.fail(ErrMalformed, at, "key %s twice in one dictionary", quote(e.text))
	}
	if dict.keys == nil {
		dict.keys = make(map[string]struct{})
	}
	dict.keys[string(e.text)] = struct{}{}
	return nil
}

// checkEnd checks that the document is whole.
func (c *xmlCheck) checkEnd(at int) error {
	if !c.seen {
		return c.fail(ErrFormat, at, "no element")
	}
	if n := len(c.open); n > 0 {
		return c.fail(ErrMalformed, at, "<%s> is not closed", c.open[n-1].name)
	}
	return nil
}

// openLeaf returns the element that is open, if it is one that holds text.
func (c *xmlCheck) openLeaf() *element {
	if n := len(c.open); n > 0 && isLeaf(c.open[n-1].name) {
		return &c.open[n-1]
	}
	return nil
}

// plainTag reports whether a tag is written without attributes, where readers that
// differ on quotes would differ on its end. Those of <plist> are harmless without '>'.
func plainTag(raw []byte, name string) bool {
	inner := bytes.TrimSuffix(raw[1+len(name):], []byte(">"))
	if name == "plist" {
		return !bytes.ContainsAny(inner, ">") && !bytes.HasSuffix(inner, []byte("/"))
	}
	return len(skipSpace(bytes.TrimSuffix(inner, []byte("/")))) == 0
}

func isLeaf(name string) bool { return name != "dict" && name != "array" && name != "plist" }

func knownElement(name string) bool {
	switch name {
	case "plist", "dict", "array", "key", "string", "data", "date", "integer", "real", "true", "false":
		return true
	}
	return false
}

// looksXML tells XML from old-style text, whose data are written as <0fbd77>.
func looksXML(b []byte) bool {
	if bytes.HasPrefix(b, []byte("<?")) || bytes.HasPrefix(b, []byte("<!")) {
		return true
	}
	name, ok := bytes.CutPrefix(b, []byte("<"))
	if n := bytes.IndexAny(name, " \t\r\n/>"); ok && n >= 0 {
		return knownElement(string(name[:n]))
	}
	return false
}
