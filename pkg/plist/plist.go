// Package plist reads property lists that an attacker may have written, in a
// process that runs as root. Whatever the bytes, a call ends in time linear in
// their number, takes a bounded amount of memory and returns either the value that
// CoreFoundation would see or an error: never a panic, a crash or a guess.
//
// Binary and XML are decoded by howett.net/plist, which trusts its input. So every such
// document is first walked by a check of its kind that refuses what
// would exhaust or crash that decoder, and also what two readers would understand
// differently: a document that shows the agent another hook than it shows
// loginwindow is worse than one that can't be read.
package plist

import (
	"bytes"
	"fmt"
	"time"

	howett "howett.net/plist"
)

// UID is a keyed archiver's reference to another object.
type UID uint64

// Decode reads the content of a preferences file: a binary property list
// ("bplist00") or an XML one whose root is <plist>. All else is refused with
// ErrFormat, old-style text too.
//
// Values come back as map[string]any, []any, string, []byte, bool, uint64, int64 (only
// where negative), float64 (NaN and infinities included), time.Time in UTC with a year
// of 0 to 9999, and UID. They share no memory with b. Where b shares one container
// between several places, each place gets its own copy.
//
// A dictionary with a repeated key is refused as malformed: no Apple writer makes one,
// and CoreFoundation keeps the last in XML but the first or the last in binary,
// depending on the call that reads it.
func Decode(b []byte) (any, error) {
	if len(b) > MaxSize {
		return nil, &Error{Kind: ErrTooLarge, Offset: -1, Why: fmt.Sprintf("%d bytes, more than the %d that are read", len(b), MaxSize)}
	}
	switch {
	case bytes.HasPrefix(b, []byte("bplist")):
		if err := checkBinary(b); err != nil {
			return nil, err
		}
		return decode(b, "binary")
	case bytes.HasPrefix(skipSpace(withoutMark(b)), []byte("<")):
		b = withoutMark(b)
		if err := checkXML(b, true); err != nil {
			return nil, err
		}
		return decode(b, "XML")
	}
	return nil, &Error{Kind: ErrFormat, Offset: 0, Why: "neither binary (bplist00) nor XML in UTF-8"}
}

// DecodeText reads a property list given as text in an argument, as defaults(1)
// takes it: XML, with or without the <plist> around the value, or old-style text such
// as {Key = "value";}, a strings file without braces included. JSON is refused.
//
// Values come back as from Decode; old-style text knows only strings, data, arrays and
// dictionaries, and empty strings in its arrays are left out. Of a repeated key the last
// value holds, as in CoreFoundation. Escapes are CoreFoundation's too.
func DecodeText(b []byte) (any, error) {
	if len(b) > MaxTextSize {
		return nil, &Error{Kind: ErrTooLarge, Offset: -1, Why: fmt.Sprintf("%d bytes, more than the %d that are read", len(b), MaxTextSize)}
	}
	b = withoutMark(b)
	if looksXML(skipSpace(b)) {
		if err := checkXML(b, false); err != nil {
			return nil, err
		}
		return decode(b, "XML")
	}
	return parseText(b)
}

// decode hands a checked document to the library. The check is what makes that safe;
// recover only keeps a case it overlooked from ending the agent.
func decode(b []byte, form string) (v any, err error) {
	refuse := func(why string) (any, error) {
		return nil, &Error{Form: form, Kind: ErrMalformed, Offset: -1, Why: clip(why)}
	}
	defer func() {
		if r := recover(); r != nil {
			v, err = refuse(fmt.Sprint(r))
		}
	}()
	var raw any
	got, err := howett.Unmarshal(b, &raw)
	switch {
	case err != nil:
		return refuse(err.Error())
	case got != howett.BinaryFormat && got != howett.XMLFormat:
		return refuse("read as " + howett.FormatNames[got])
	}
	return ownValue(raw)
}

// ownValue turns the library's value into the documented types, with memory of its own:
// the library's strings and data all point into one buffer of the file's size.
func ownValue(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return string(append([]byte(nil), v...)), nil
	case []byte:
		return append(make([]byte, 0, len(v)), v...), nil
	case float32:
		return float64(v), nil
	case int64:
		if v >= 0 {
			return uint64(v), nil
		}
		return v, nil
	case howett.UID:
		return UID(v), nil
	case time.Time:
		t := v.UTC()
		if y := t.Year(); y < 0 || y > 9999 {
			return nil, &Error{Kind: ErrMalformed, Offset: -1, Why: "date outside the years 0 to 9999"}
		}
		return t, nil
	case []any:
		return ownArray(v)
	case map[string]any:
		return ownDict(v)
	case bool, uint64, float64:
		return v, nil
	}
	return nil, &Error{Kind: ErrMalformed, Offset: -1, Why: "no value"}
}

func ownArray(a []any) (any, error) {
	for i, v := range a {
		o, err := ownValue(v)
		if err != nil {
			return nil, err
		}
		a[i] = o
	}
	return a, nil
}

func ownDict(d map[string]any) (any, error) {
	out := make(map[string]any, len(d))
	for k, v := range d {
		o, err := ownValue(v)
		if err != nil {
			return nil, err
		}
		out[string(append([]byte(nil), k...))] = o
	}
	return out, nil
}

// withoutMark drops a UTF-8 byte order mark.
func withoutMark(b []byte) []byte { return bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")) }

// skipSpace drops the white space that XML knows.
func skipSpace(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }
