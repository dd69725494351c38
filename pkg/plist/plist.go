// Package plist reads property lists that an attacker may have written, in a process that runs as
// root. Whatever the bytes, a call ends in time linear in their number, takes a bounded amount of
// memory and returns a value or an error, never a panic or a crash.
//
// It reads what CoreFoundation reads, since a document that shows the agent another hook than it
// shows loginwindow is worse than one that can't be read: binary, XML and old-style text with all
// that CoreFoundation lets pass. [Find] goes beyond: where versions of CoreFoundation differ it
// reads all ways, and where nothing can be read it looks for the keys that are wanted.
package plist

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"
)

// Decode reads a property list that is binary or XML, in any encoding. Old-style text is refused with
// ErrFormat.
//
// Values come back as map[string]any, []any, string, []byte, bool, uint64, int64 (only where
// negative), float64 (NaN and infinities included) and time.Time in UTC with a year of 0 to 9999; a
// keyed archiver's reference is a dictionary with the key CF$UID. They share no memory with b. Where
// b shares one container between several places, each place gets its own copy. Of a repeated key
// the last value holds.
func Decode(b []byte) (any, error) {
	if err := checkSize(b, MaxSize); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(b, []byte(binaryMagic)) {
		return (&document{form: "binary", b: b}).readBinary()
	}
	texts, err := decodeText(b)
	if err != nil {
		return nil, err
	}
	b = texts.list[0]
	if !bytes.HasPrefix(skipSpace(b), []byte("<")) {
		return nil, &Error{Kind: ErrFormat, Offset: 0, Why: "neither binary nor XML"}
	}
	return (&document{form: "XML", b: b}).readXML(xmlVersions[0])
}

// DecodeText reads a property list given as text in an argument, as defaults(1) takes it: XML, with
// or without the <plist> around the value, or old-style text such as {Key = "value";}, a strings file
// without braces included. JSON is refused.
//
// Values come back as from Decode; old-style text knows only strings, data, arrays and dictionaries,
// and empty strings in its arrays are left out.
func DecodeText(b []byte) (any, error) {
	if err := checkSize(b, MaxTextSize); err != nil {
		return nil, err
	}
	b = withoutMark(b)
	if looksXML(skipSpace(b)) {
		return (&document{form: "XML", b: b}).readXML(xmlVersions[0])
	}
	return (&document{form: "text", b: b}).readOldStyle()
}

func checkSize(b []byte, most int) error {
	if len(b) > most {
		return &Error{Kind: ErrTooLarge, Offset: -1, Why: fmt.Sprintf("%d bytes, more than the %d that are read", len(b), most)}
	}
	return nil
}

// Found is what a property list holds under the keys that are wanted.
type Found struct {
	// Values are those of each key. Where one is uncertain there may be several, the likeliest first.
	Values map[string][]any
	// Uncertain says that CoreFoundation may see other values: its versions do, or the list
	// can't be read and these only look like its values.
	Uncertain bool
}

// Find reads what the dictionary at the top of a property list holds under some keys. Nothing
// else in it can keep Find from that, as long as it is of the right form.
//
// With an error come the values that stand with the keys in what can't be read: other values may
// be in it, and those that are missing may be there. With ErrTrailing alone the values are those of the
// list, and all; those that are uncertain are from what follows its end.
func Find(b []byte, keys ...string) (Found, error) {
	f := finder{wanted: keys}
	if err := checkSize(b, MaxSize); err != nil {
		return Found{}, err
	}
	if bytes.HasPrefix(b, []byte(binaryMagic)) {
		f.newest = f.read("binary", b, (*document).readBinary)
	}
	texts, err := decodeText(b)
	f.note(err)
	f.odd = f.odd || texts.odd
	for _, text := range texts.list {
		f.readText(text)
	}
	if f.newest && !f.odd {
		return Found{f.values, f.uncertain}, f.rest
	}
	if f.guess(texts.list...); declaredEncoding(b) != "utf-8" || len(texts.list) != 1 {
		f.guess(b)
	}
	if !f.newest {
		f.add(f.partial)
		maps.Copy(f.guessed, f.values)
		return Found{f.guessed, len(f.guessed) > 0}, f.err
	}
	for key, list := range f.guessed {
		if _, known := f.values[key]; !known {
			f.values[key], f.uncertain = list, true
		}
	}
	return Found{f.values, f.uncertain}, f.rest
}

// finder joins what the ways to read a document come to.
type finder struct {
	wanted    []string
	values    map[string][]any // of the first way that there is, then of others
	newest    bool             // a way of the newest version of CoreFoundation led to them
	uncertain bool             // the ways do not agree
	odd       bool             // there may be more ways
	err       error            // of the first way
	rest      error            // what no way of the newest version looks at
	partial   map[string]any   // what could be read where not all could
	guessed   map[string][]any
}

// read reads the document in one way, if it can be read so.
func (f *finder) read(form string, b []byte, read func(*document) (any, error)) bool {
	d := &document{form: form, b: b, wanted: f.wanted}
	v, err := read(d)
	f.odd, f.uncertain = f.odd || d.odd, f.uncertain || d.unsure
	dict, ok := v.(map[string]any)
	switch {
	case err != nil:
		f.note(err)
	case d.broken != nil:
		f.note(d.broken)
		f.partial = dict
	case !ok:
		f.note(&Error{Form: form, Kind: ErrMalformed, Offset: -1, Why: "no dictionary at the top"})
	case f.values == nil:
		f.values, f.rest = map[string][]any{}, d.rest
		f.add(dict)
		return true
	default:
		for _, key := range f.wanted {
			v, found := dict[key]
			known := f.values[key]
			f.uncertain = f.uncertain || found != (known != nil) || found && !equalValues(v, known[0])
		}
		f.add(dict)
		return true
	}
	return false
}

// maxOthers bounds the values of one key.
const maxOthers = 8

// add takes over what a way to read the document has found.
func (f *finder) add(dict map[string]any) {
	if f.values == nil {
		f.values = map[string][]any{}
	}
	for key, v := range dict {
		f.values[key] = appendNew(f.values[key], v)
	}
}

// appendNew adds a value to a list that has few.
func appendNew(list []any, v any) []any {
	if len(list) < maxOthers && !slices.ContainsFunc(list, func(o any) bool { return equalValues(o, v) }) {
		list = append(list, v)
	}
	return list
}

// note keeps the first error.
func (f *finder) note(err error) {
	if f.err == nil {
		f.err = err
	}
}

// readText reads text in all ways in which CoreFoundation may read it.
func (f *finder) readText(b []byte) {
	if !bytes.HasPrefix(skipSpace(b), []byte("<")) {
		f.newest = f.read("text", b, (*document).readOldStyle) || f.newest
		return
	}
	for i, version := range xmlVersions {
		if i == 0 || f.odd {
			ok := f.read("XML", b, func(d *document) (any, error) { return d.readXML(version) })
			f.newest = f.newest || ok && i == 0
		}
	}
}

// orNil returns no value with an error.
func orNil(v any, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

func equalValues(a, b any) bool { return reflect.DeepEqual(a, b) }

// datedOrError returns a time of a year that all outputs can write.
func datedOrError(t time.Time) (any, error) {
	if y := t.Year(); y < 0 || y > 9999 {
		return nil, &Error{Kind: ErrMalformed, Offset: -1, Why: "date outside the years 0 to 9999"}
	}
	return t, nil
}

// withoutMark drops a UTF-8 byte order mark.
func withoutMark(b []byte) []byte { return bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")) }

// skipSpace drops the white space that XML knows.
func skipSpace(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }

// looksXML tells XML from old-style text, whose data are written as <0fbd77>.
func looksXML(b []byte) bool {
	if bytes.HasPrefix(b, []byte("<?")) || bytes.HasPrefix(b, []byte("<!")) {
		return true
	}
	name, ok := bytes.CutPrefix(b, []byte("<"))
	n := bytes.IndexAny(name, " \t\r\n/>")
	return ok && n >= 0 && slices.Contains(elements, string(name[:n]))
}
