package plist

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// xmlVersion is how a version of CoreFoundation reads what its versions read differently.
type xmlVersion struct {
	topComment, comment int  // from where after "<!" the end of a comment is looked for: before the root, and within it
	instruction         int  // the same after "<" for an instruction within the root
	narrow              bool // references to characters have 16 bits
}

// xmlVersions begin with the newest.
var xmlVersions = []xmlVersion{
	{3, 2, 1, false}, {3, 3, 2, false}, {2, 2, 2, false}, {0, 0, 2, false},
	{3, 2, 1, true}, {3, 3, 2, true}, {2, 2, 2, true}, {0, 0, 2, true},
}

// xmlReader reads an XML property list as CoreFoundation does, which is not a validator: it passes
// over attributes, ends a tag at the first '>', takes any element of a property list for the root, and
// stops at the end of that.
// https://github.com/swiftlang/swift-corelibs-foundation (CFPropertyList.c).
type xmlReader struct {
	document
	version xmlVersion
	pos     int
	lists   int // <plist> within each other
}

func (d *document) readXML(version xmlVersion) (any, error) {
	r := &xmlReader{document: *d, version: version}
	v, err := r.readDocument()
	d.odd, d.rest = r.odd, r.rest
	return orNil(v, err)
}

// readDocument passes what stands before the root, and reads that.
func (r *xmlReader) readDocument() (any, error) {
	for {
		r.skipSpace()
		at := r.pos
		switch {
		case !r.has("<"):
			return nil, r.fail(ErrFormat, at, "no element")
		case r.has("<!--"):
			if err := r.skipComment(r.version.topComment); err != nil {
				return nil, err
			}
		case r.has("<!DOCTYPE"):
			end := bytes.IndexAny(r.b[at:], "[>")
			if end < 0 || r.b[at+end] == '[' {
				return nil, r.fail(ErrMalformed, at, "document type with declarations")
			}
			r.pos += end + 1
		case r.has("<?"):
			if err := r.skipInstruction(2); err != nil {
				return nil, err
			}
		default:
			tag, err := r.readTag()
			if err != nil {
				return nil, err
			}
			v, err := r.readElement(tag)
			if err == nil {
				r.checkRest()
			}
			return v, err
		}
	}
}

// checkRest looks for anything but comments and instructions behind the root.
func (r *xmlReader) checkRest() {
	for r.skipSpace(); r.pos < len(r.b); r.skipSpace() {
		r.odd = true
		comment := r.has("<!--") && r.skipTo("-->", len("<!--")) == nil
		if !comment && !(r.has("<?") && r.skipTo("?>", len("<?")) == nil) {
			r.rest = r.fail(ErrTrailing, r.pos, "%s", quote(r.b[r.pos:min(r.pos+maxQuoted, len(r.b))]))
			return
		}
	}
}

func (r *xmlReader) has(s string) bool { return bytes.HasPrefix(r.b[r.pos:], []byte(s)) }

func (r *xmlReader) skipSpace() { r.pos = len(r.b) - len(skipSpace(r.b[r.pos:])) }

// skipTo passes the next end that begins so many bytes from here.
func (r *xmlReader) skipTo(end string, from int) error {
	rest := r.b[min(r.pos+from, len(r.b)):]
	n := bytes.Index(rest, []byte(end))
	if n < 0 {
		return r.fail(ErrMalformed, r.pos, "%s without its %s", quote(r.b[r.pos:min(r.pos+4, len(r.b))]), end)
	}
	r.pos = len(r.b) - len(rest) + n + len(end)
	return nil
}

// skipComment passes a comment, the end of which is looked for so many bytes after its "<!".
func (r *xmlReader) skipComment(from int) error {
	inner := r.b[r.pos+2:]
	for early := range 3 {
		r.odd = r.odd || bytes.HasPrefix(inner[early:], []byte("-->")) // some find the end here
	}
	return r.skipTo("-->", 2+from)
}

// skipInstruction passes an instruction, the end of which is looked for so many bytes after its "<".
func (r *xmlReader) skipInstruction(from int) error {
	r.odd = r.odd || r.has("<?>")
	return r.skipTo("?>", from)
}

// xmlTag is the beginning of an element; without a name there is none, but an end.
type xmlTag struct {
	name  string
	empty bool
	at    int
}

// nextTag passes comments and instructions and reads the tag that follows, unless that is an end.
func (r *xmlReader) nextTag() (xmlTag, error) {
	for {
		r.skipSpace()
		switch {
		case r.has("</"):
			return xmlTag{}, nil
		case r.has("<!--"):
			if err := r.skipComment(r.version.comment); err != nil {
				return xmlTag{}, err
			}
		case r.has("<?"):
			if err := r.skipInstruction(r.version.instruction); err != nil {
				return xmlTag{}, err
			}
		case r.pos == len(r.b):
			return xmlTag{}, r.fail(ErrMalformed, r.pos, "ends within an element")
		case !r.has("<"), r.has("<!"):
			return xmlTag{}, r.fail(ErrMalformed, r.pos, "text %s between elements", quote(r.b[r.pos:min(r.pos+maxQuoted, len(r.b))]))
		default:
			return r.readTag()
		}
	}
}

// readTag reads a tag: a name up to a blank, and all else up to the next '>', whatever it is.
func (r *xmlReader) readTag() (xmlTag, error) {
	tag := xmlTag{at: r.pos}
	n := bytes.IndexByte(r.b[r.pos:], '>')
	if n < 0 {
		return tag, r.fail(ErrMalformed, r.pos, "tag without its >")
	}
	inner := r.b[r.pos+1 : r.pos+n]
	r.pos += n + 1
	tag.empty = bytes.HasSuffix(inner, []byte("/"))
	if blank := bytes.IndexAny(inner, " \t\r\n"); blank >= 0 {
		inner = inner[:blank]
	} else {
		inner = bytes.TrimSuffix(inner, []byte("/"))
	}
	if !slices.Contains(elements, string(inner)) {
		return tag, r.fail(ErrMalformed, tag.at, "element %s is not one of a property list", quote(inner))
	}
	tag.name = string(inner)
	return tag, nil
}

var elements = []string{"plist", "dict", "array", "key", "string", "data", "date", "integer", "real", "true", "false"}

// readElement reads the element of a tag that was read.
func (r *xmlReader) readElement(tag xmlTag) (any, error) {
	if tag.name != "plist" {
		if err := r.addValue(tag.at); err != nil {
			return nil, err
		}
	}
	switch tag.name {
	case "plist":
		return r.readList(tag)
	case "dict", "array":
		if err := r.openContainer(tag.at, tag.name == "dict"); err != nil {
			return nil, err
		}
		defer r.closeContainer()
		if tag.name == "dict" {
			return r.readDict(tag)
		}
		return r.readArray(tag)
	case "true", "false":
		if !tag.empty && r.has("</"+tag.name) {
			return tag.name == "true", r.closeTag(tag)
		}
		r.odd = r.odd || !tag.empty
		return tag.name == "true", nil
	}
	var text []byte
	if !tag.empty {
		var err error
		if text, err = r.readText(); err == nil {
			err = r.closeTag(tag)
		}
		if err != nil {
			return nil, err
		}
	}
	if r.skip && tag.name != "key" {
		return nil, nil
	}
	if err := r.addBytes(tag.at, len(text)); err != nil {
		return nil, err
	}
	v, err := leafValue(tag.name, text)
	if err != nil {
		return nil, r.fail(ErrMalformed, tag.at, "<%s>: %s", tag.name, quote(err.Error()))
	}
	return v, nil
}

// closeTag reads the end of an element.
func (r *xmlReader) closeTag(tag xmlTag) error {
	at := r.pos
	if r.has("</" + tag.name) {
		r.pos += 2 + len(tag.name)
		if r.skipSpace(); r.has(">") {
			r.pos++
			return nil
		}
	}
	return r.fail(ErrMalformed, at, "<%s> is not closed", tag.name)
}

// readList reads the one value of <plist>.
func (r *xmlReader) readList(tag xmlTag) (any, error) {
	if r.lists++; r.lists > maxDepth {
		return nil, r.fail(ErrTooDeep, tag.at, "more than %d <plist> within each other", maxDepth)
	}
	var first xmlTag
	var err error
	if !tag.empty {
		first, err = r.nextTag()
	}
	if err == nil && first.name == "" {
		err = r.fail(ErrMalformed, tag.at, "<plist> without a value")
	}
	if err != nil {
		return nil, err
	}
	v, err := r.readElement(first)
	if err != nil {
		return nil, err
	}
	second, err := r.nextTag()
	if err == nil && second.name != "" {
		err = r.fail(ErrMalformed, second.at, "second value in <plist>")
	}
	if err == nil {
		err = r.closeTag(tag)
	}
	return v, err
}

func (r *xmlReader) readArray(tag xmlTag) (any, error) {
	array := []any{}
	for !tag.empty {
		next, err := r.nextTag()
		if err != nil {
			return nil, err
		}
		if next.name == "" {
			return array, r.closeTag(tag)
		}
		v, err := r.readElement(next)
		if err != nil {
			return nil, err
		}
		if !r.skip {
			array = append(array, v)
		}
	}
	return array, nil
}

// readDict reads a dictionary, in which the last value of a repeated key holds.
func (r *xmlReader) readDict(tag xmlTag) (any, error) {
	dict := map[string]any{}
	for !tag.empty {
		next, err := r.nextTag()
		if err != nil {
			return nil, err
		}
		if next.name == "" {
			return dict, r.closeTag(tag)
		}
		if next.name != "key" {
			return nil, r.fail(ErrMalformed, next.at, "<%s> in a dictionary where a key is due", next.name)
		}
		if err := r.readEntry(dict, next); err != nil {
			return nil, err
		}
	}
	return dict, nil
}

// readEntry reads a key, of which the tag was read, and its value.
func (r *xmlReader) readEntry(dict map[string]any, tag xmlTag) error {
	finds, skip := r.finds(), r.skip
	r.skip = skip || finds // what a key costs that is not wanted does not count
	k, err := r.readElement(tag)
	r.skip = skip
	if err != nil {
		return err
	}
	next, err := r.nextTag()
	if err == nil && next.name == "" {
		err = r.fail(ErrMalformed, r.pos, "key without a value")
	}
	if err != nil {
		return err
	}
	key := k.(string)
	was := r.enterValue(key)
	v, err := r.readElement(next)
	if r.leaveValue(was) && err == nil {
		dict[key] = v
	}
	return err
}

// readText reads text up to the next element. Its result may be a part of the document.
func (r *xmlReader) readText() ([]byte, error) {
	var text []byte
	for {
		n := bytes.IndexAny(r.b[r.pos:], "<&")
		if n < 0 {
			return nil, r.fail(ErrMalformed, r.pos, "ends within an element")
		}
		plain := r.b[r.pos : r.pos+n]
		r.pos += n
		switch {
		case r.has("<![CDATA["):
			at := r.pos + len("<![CDATA[")
			if err := r.skipTo("]]>", len("<![CDATA[")); err != nil {
				return nil, err
			}
			text = append(append(text, plain...), r.b[at:r.pos-len("]]>")]...)
		case r.has("<!"):
			return nil, r.fail(ErrMalformed, r.pos, "comment or declaration within text")
		case r.has("&"):
			char, ok := r.readReference()
			if !ok {
				return nil, r.fail(ErrMalformed, r.pos, "%s is not a character", quote(r.b[r.pos:min(r.pos+12, len(r.b))]))
			}
			text = append(append(text, plain...), char...)
		case text == nil:
			return plain, nil
		default:
			return append(text, plain...), nil
		}
	}
}

var entities = map[string]string{"lt": "<", "gt": ">", "amp": "&", "apos": "'", "quot": `"`}

// maxReference is how long a reference may be: long enough for older versions of CoreFoundation,
// which count no digits.
const maxReference = 64

// readReference reads a reference to a character, if it is one.
func (r *xmlReader) readReference() (char string, ok bool) {
	rest := r.b[r.pos+1 : min(r.pos+1+maxReference, len(r.b))]
	n := bytes.IndexByte(rest, ';')
	if n < 0 {
		return "", false
	}
	name := string(rest[:n])
	char, known := entities[name]
	if digits, numeric := strings.CutPrefix(name, "#"); numeric {
		code, ok := parseReference(digits)
		known = ok && (r.version.narrow || len(strings.TrimPrefix(digits, "x")) <= 8)
		r.odd = r.odd || !known || code > 0xffff
		if r.version.narrow {
			code &= 0xffff
		}
		char = string(utf8.AppendRune(nil, rune(min(code, utf8.MaxRune+1))))
	}
	if known {
		r.pos += n + 2
	}
	return char, known
}

// parseReference reads a number of any length, of which the last 32 bits count.
func parseReference(digits string) (code uint32, ok bool) {
	base := uint32(10)
	if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
		base, digits = 16, hex
	}
	for _, c := range []byte(digits) {
		d := digitOf(c)
		if d >= int(base) {
			return 0, false
		}
		code = code*base + uint32(d)
	}
	return code, true
}

// leafValue returns what an element without others in it holds.
func leafValue(name string, text []byte) (any, error) {
	switch s := string(text); name {
	case "data":
		return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	case "integer":
		s = strings.TrimSpace(s)
		if strings.HasPrefix(s, "-") {
			return strconv.ParseInt(s, 0, 64)
		}
		digits := strings.TrimPrefix(s, "+")
		if hex, ok := strings.CutPrefix(strings.ToLower(digits), "0x"); ok {
			return strconv.ParseUint(hex, 16, 64)
		}
		return strconv.ParseUint(digits, 10, 64)
	case "real":
		return strconv.ParseFloat(strings.TrimSpace(s), 64)
	case "date":
		t, err := time.Parse(time.RFC3339, strings.TrimSpace(s))
		if err != nil {
			return nil, err
		}
		return datedOrError(t.UTC())
	default:
		return strings.ToValidUTF8(s, "\ufffd"), nil
	}
}
