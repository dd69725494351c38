package config

import (
	"bytes"
	"encoding/xml"
	"strconv"
)

// maxKeyPath bounds, in bytes, the paths whose lines are kept: below a longer one errors have
// no line. Without it a document of long nested keys would take the square of its size.
const maxKeyPath = 256

// keyLines returns the line of each key and array element of an XML property list, by the
// path that errors name it with. It returns nil for the binary form, which has no lines, and
// what it found so far when the document ends early. The document must have been decoded
// before: that bounds its depth and the number of its values.
func keyLines(doc []byte) map[string]int {
	if bytes.HasPrefix(doc, []byte("bplist")) {
		return nil
	}
	x := lineIndex{xml.NewDecoder(bytes.NewReader(doc)), map[string]int{}}
	for {
		token, err := x.Token()
		if err != nil {
			return x.lines
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local != "plist" {
			x.addCollection(e.Name.Local == "array", "")
		}
	}
}

type lineIndex struct {
	*xml.Decoder
	lines map[string]int
}

// addCollection indexes an array or dictionary, whose first tag was read, to its last tag.
func (x *lineIndex) addCollection(array bool, path string) {
	key := ""
	for n := 0; ; {
		token, err := x.Token()
		if _, ends := token.(xml.EndElement); ends || err != nil {
			return
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		line, _ := x.InputPos()
		isKey := e.Name.Local == "key"
		if isKey && x.DecodeElement(&key, &e) != nil {
			return
		}
		child := joinKey(path, key)
		if array {
			child = path + "[" + strconv.Itoa(n) + "]"
			n++
		}
		isKept := len(child) <= maxKeyPath
		if isKept && (isKey || array) {
			x.lines[child] = line
		}
		switch isArray := e.Name.Local == "array"; {
		case isKey: // read above
		case isKept && (isArray || e.Name.Local == "dict"):
			x.addCollection(isArray, child)
		case x.Skip() != nil:
			return
		}
	}
}
