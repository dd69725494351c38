package rules

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// MaxFile bounds a rule file, in bytes. The largest published ones have 20 KiB.
const MaxFile = 1 << 20

// maxFaults bounds the faults of keys that are told of one file.
const maxFaults = 100

// Error is one fault of a rule file.
type Error struct {
	File         string
	Line, Column int // from 1, the column in characters; 0 where it is about the file as a whole
	Why          string
}

// Error names file, line and column, as compilers do.
func (e *Error) Error() string {
	switch {
	case e.Line == 0:
		return fmt.Sprintf("%s: %s", e.File, e.Why)
	case e.Column == 0:
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Why)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Why)
}

// document is a TOML file and where its keys stand.
type document struct {
	name, text string
	items      []item
	faults     []*Error
	more       bool // there are faults that were not looked for
}

// open decodes a file into v, a pointer to a struct. An error is the only fault there is
// to tell; otherwise the faults of its keys are noted in the document.
func open(name string, text []byte, v any) (*document, error) {
	if len(text) > MaxFile {
		return nil, &Error{File: name, Why: fmt.Sprintf("%d bytes: want at most %d", len(text), MaxFile)}
	}
	d := &document{name: name, text: string(text)}
	if at := invalid(d.text); at < len(d.text) {
		return nil, d.fault(at, "not UTF-8")
	}
	var refused *refusal
	if d.items, refused = scan(d.text); refused != nil {
		return nil, d.refused(refused)
	}
	err := decode(d.text, v)
	if err := d.syntax(err); err != nil {
		return nil, err
	}
	d.misshapen(reflect.TypeOf(v).Elem())
	if err != nil && len(d.faults) == 0 {
		d.undecodable(err)
	}
	if err != nil {
		return nil, d.err()
	}
	return d, nil
}

// invalid returns the offset of the first byte that is not UTF-8.
func invalid(text string) int {
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)) {
			return i
		}
	}
	return len(text)
}

// decode is toml.Decode, which must not take the process down whatever the text.
func decode(text string, v any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("not TOML: %v", p)
		}
	}()
	_, err = toml.Decode(text, v)
	return err
}

// refused tells why the text was not scanned to its end. The decoder says it better, but
// it is shown no more than one line of what the scan did not understand.
func (d *document) refused(r *refusal) error {
	if !r.bound {
		const further = 128
		end := len(d.text)
		if n := strings.IndexByte(d.text[r.at:], '\n'); n >= 0 {
			end = r.at + n + 1
		}
		var any map[string]any
		if err := d.syntax(decode(d.text[:min(end, r.at+further)], &any)); err != nil {
			return err
		}
	}
	return d.fault(r.at, "%s", r.why)
}

// syntax returns an error of the decoder if it is about the text as such.
func (d *document) syntax(err error) error {
	var e toml.ParseError
	if !errors.As(err, &e) {
		return nil
	}
	return d.fault(e.Position.Start, "%s", e.Message)
}

// undecodable notes an error of the decoder about a value.
func (d *document) undecodable(err error) {
	key, why := "", strings.TrimPrefix(err.Error(), "toml: ")
	if _, after, ok := strings.Cut(why, `(last key "`); ok {
		key, why, _ = strings.Cut(after, `"): `)
	}
	d.note(key, "%s", why)
}

// fault is an error at an offset.
func (d *document) fault(at int, format string, args ...any) *Error {
	e := &Error{File: d.name, Why: fmt.Sprintf(format, args...)}
	e.Line, e.Column = position(d.text, at)
	return e
}

// note keeps an error about the value of a key, or about the table that lacks it.
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

// noteNth keeps an error about the value of the n-th key of a name, counted from 0, or
// about the first where the text has fewer, as with inline tables.
func (d *document) noteNth(key string, n int, format string, args ...any) {
	if it := d.nth(key, n); it != nil {
		d.faults = append(d.faults, d.fault(it.value, format, args...))
		return
	}
	d.note(key, format, args...)
}

// find returns the first item of a name, nil without one.
func (d *document) find(name string) *item { return d.nth(name, 0) }

func (d *document) nth(name string, n int) *item {
	for i := range d.items {
		if strings.Join(d.items[i].path, ".") != name {
			continue
		}
		if n == 0 {
			return &d.items[i]
		}
		n--
	}
	return nil
}

// err returns the faults in the order of their places, nil without any.
func (d *document) err() error {
	slices.SortStableFunc(d.faults, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var list []error
	for _, e := range d.faults {
		list = append(list, e)
	}
	if d.more {
		list = append(list, &Error{File: d.name, Why: "there are more faults"})
	}
	return errors.Join(list...)
}
