package rules

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
)

// MaxFile bounds a rule file, in bytes. The largest published ones have 20 KiB.
const MaxFile = 1 << 20

// maxFaults bounds the faults of keys that are reported of one file.
const maxFaults = 100

// Error is one fault of a rule file.
type Error struct {
	File         string
	Line, Column int // from 1, the column in characters; 0 where it is about the file as a whole
	Why          string
}

// Error names file, line and column, as compilers do.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Why)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Why)
}

// document is a TOML file, the positions of its keys, and what is wrong with their values.
type document struct {
	name   string
	text   []byte
	items  []item
	faults []*Error
}

// open decodes a file into v. A syntax error comes alone; otherwise
// every unknown key and every value of a wrong type is reported.
func open(name string, text []byte, v *file) (*document, error) {
	d := &document{name: name, text: slices.Clip(bytes.TrimPrefix(text, []byte("\ufeff")))} // the parser's positions need text to end where its memory does
	if len(text) > MaxFile {
		return nil, &Error{File: name, Why: fmt.Sprintf("%d bytes: expected at most %d", len(text), MaxFile)}
	}
	if !utf8.Valid(text) {
		return nil, d.fault(invalid(text), "not UTF-8")
	}
	if err := d.decode(v); err != nil {
		return nil, err
	}
	return d, nil
}

// invalid returns the offset of the first byte that is not UTF-8.
func invalid(text []byte) int {
	at := 0
	for at < len(text) {
		r, n := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return at
}

// decode finds the keys, checks them against the shape of v, and fills it. Nothing in a
// file may end the process, hence the recover.
func (d *document) decode(v *file) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{File: d.name, Why: fmt.Sprintf("not TOML: %v", p)}
		}
	}()
	if err := d.findItems(); err != nil {
		return err
	}
	d.checkShape()
	err = toml.Unmarshal(d.text, v)
	var located *toml.DecodeError
	switch {
	case err == nil:
		return nil
	case len(d.faults) > 0: // the decoder gives but the first, in words about Go
		return d.err()
	case errors.As(err, &located):
		line, column := located.Position()
		return d.fault(d.offset(line, column), "%.200s", strings.TrimPrefix(located.Error(), "toml: "))
	}
	return &Error{File: d.name, Why: err.Error()}
}

// fault is an error at an offset.
func (d *document) fault(at int, format string, args ...any) *Error {
	before := d.text[:min(max(at, 0), len(d.text))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return &Error{
		File: d.name, Why: fmt.Sprintf(format, args...),
		Line: 1 + bytes.Count(before, []byte("\n")), Column: 1 + utf8.RuneCount(before[start:]),
	}
}

// note keeps an error about the value of a key, or about the table that lacks the key.
func (d *document) note(key string, format string, args ...any) {
	if it := d.find(key); it != nil {
		d.faults = append(d.faults, d.fault(it.value, format, args...))
		return
	}
	if n := strings.LastIndexByte(key, '.'); n > 0 {
		d.note(key[:n], format, args...)
		return
	}
	d.faults = append(d.faults, &Error{File: d.name, Why: fmt.Sprintf(format, args...)})
}

// find returns the first item of a name, nil without one.
func (d *document) find(name string) *item {
	for i := range d.items {
		if strings.Join(d.items[i].path, ".") == name {
			return &d.items[i]
		}
	}
	return nil
}

// err returns the faults in the order of their positions, nil without any.
func (d *document) err() error {
	slices.SortStableFunc(d.faults, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var list []error
	for i, e := range d.faults {
		if i == maxFaults {
			list = append(list, &Error{File: d.name, Why: "there are more faults"})
			break
		}
		list = append(list, e)
	}
	return errors.Join(list...)
}
