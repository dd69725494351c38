package config

import (
	"bytes"
	"encoding/xml"
	"strconv"
	"strings"
)

// Bounds of the index of lines: it is a help for people, so what no configuration
// needs is left out of it rather than paid for.
const (
	maxPath  = 256
	maxLines = 20000
)

// frame is an open collection of the document.
type frame struct {
	path  string
	array bool
	lost  bool // its path is too long to be kept
	next  int  // array: index of the next element
	key   string
}

// child returns the path of the next value in the collection.
func (f *frame) child() (string, bool) {
	p := f.key
	if f.array {
		p = f.path + "[" + strconv.Itoa(f.next) + "]"
		f.next++
	} else if f.path != "" {
		p = f.path + "." + f.key
	}
	return p, !f.lost && len(p) <= maxPath
}

// keyLines returns the line of each key and array element of an XML property list, by
// the path that errors name it with. It returns nil for the binary form, which has no
// lines, and what it has when the document ends early. The document must have been
// decoded before: that is what bounds its depth.
func keyLines(doc []byte) map[string]int {
	if bytes.HasPrefix(doc, []byte("bplist")) {
		return nil
	}
	lines := map[string]int{}
	stack := []*frame{}
	d := xml.NewDecoder(bytes.NewReader(doc))
	for len(lines) < maxLines {
		tok, err := d.Token()
		if err != nil {
			break
		}
		switch t := tok.(type) {
		case xml.StartElement:
			line, _ := d.InputPos()
			stack = open(stack, t.Name.Local, line, lines, d)
		case xml.EndElement:
			if n := len(stack); n > 0 && (t.Name.Local == "dict" || t.Name.Local == "array") {
				stack = stack[:n-1]
			}
		}
	}
	return lines
}

// open takes note of one element that begins on the given line.
func open(stack []*frame, element string, line int, lines map[string]int, d *xml.Decoder) []*frame {
	if element == "plist" {
		return stack
	}
	top := &frame{lost: true}
	if n := len(stack); n > 0 {
		top = stack[n-1]
	}
	if element == "key" {
		top.key = elementText(d)
		if p, ok := top.child(); ok {
			lines[p] = line
		}
		return stack
	}
	if len(stack) == 0 {
		return append(stack, &frame{array: element == "array"})
	}
	p, ok := top.child()
	if ok && top.array {
		lines[p] = line
	}
	if element == "dict" || element == "array" {
		return append(stack, &frame{path: p, array: element == "array", lost: !ok})
	}
	return stack
}

// elementText reads up to the end of the current element.
func elementText(d *xml.Decoder) string {
	var b strings.Builder
	for {
		tok, err := d.Token()
		if err != nil {
			return b.String()
		}
		switch t := tok.(type) {
		case xml.CharData:
			if b.Len() <= maxPath {
				b.Write(t)
			}
		case xml.StartElement, xml.EndElement:
			return b.String()
		}
	}
}
