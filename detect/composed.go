package detect

import (
	"time"
	"unsafe"

	"hooksnare/detect/eql"
)

// composedTexts hold the texts that fields are composed of for one record, once a rule has
// asked for them: they may be long, and many rules ask for the same one. The memory serves
// one record after the other.
type composedTexts struct {
	texts []composedText // by field
	any   bool
}

type composedText struct {
	text []byte
	done bool
}

// composedFields counts the fields that are composed.
var composedFields int

// maxComposed bounds what a text keeps of memory for the next one, in bytes.
const maxComposed = 64 << 10

func newComposedTexts() *composedTexts {
	return &composedTexts{texts: make([]composedText, composedFields)}
}

// reset forgets the texts of the record before.
func (c *composedTexts) reset() {
	if !c.any {
		return
	}
	c.any = false
	for i := range c.texts {
		t := &c.texts[i]
		t.done = false
		if cap(t.text) > maxComposed {
			t.text = nil
		}
	}
}

// composed is a field whose text is appended by a function; it is absent when empty. Its value
// is good until the next record: rules look at it, and nothing keeps it.
func composed(appendText func(to []byte, r *Record) []byte) field {
	n := composedFields
	composedFields++
	return func(r *Record) eql.Value {
		if r.composed == nil {
			return text(string(appendText(nil, r)))
		}
		t := &r.composed.texts[n]
		if !t.done {
			t.text, t.done, r.composed.any = appendText(t.text[:0], r), true, true
		}
		return text(unsafe.String(unsafe.SliceData(t.text), len(t.text)))
	}
}

func appendTime(to []byte, t time.Time) []byte {
	if t.IsZero() {
		return to
	}
	return t.UTC().AppendFormat(to, time.RFC3339Nano)
}
