package detect

import (
	"unsafe"

	"hooksnare/pkg/event"
)

// made holds the texts that fields are made of for one record, once a rule has asked for
// them: they may be long, and many rules ask for the same one. The memory serves for one
// record after the other.
type made struct {
	texts [madeTexts]madeText
	any   bool
}

type madeText struct {
	text []byte
	done bool
}

// The texts that are made.
const (
	commandLine = iota
	parentCommandLine
	entityID
	parentEntityID
	responsibleEntityID
	userID
	realUserID
	groupID
	parentUserID
	parentRealUserID
	parentGroupID
	eventTime
	startTime
	parentStartTime
	madeTexts
)

// maxMade bounds what a text keeps of memory for the next one, in bytes.
const maxMade = 64 << 10

// reset forgets the texts of the record before.
func (m *made) reset() {
	if !m.any {
		return
	}
	m.any = false
	for i := range m.texts {
		t := &m.texts[i]
		t.done = false
		if cap(t.text) > maxMade {
			t.text = nil
		}
	}
}

// make returns a text of a record, which holds until the next record.
func (r *Record) make(which int, text func(to []byte) []byte) string {
	if r.made == nil {
		return string(text(nil))
	}
	t := &r.made.texts[which]
	if !t.done {
		t.text, t.done, r.made.any = text(t.text[:0]), true, true
	}
	return view(t.text)
}

func appendCommandLine(to []byte, x *event.Exec) []byte {
	for i, arg := range x.Args {
		if i > 0 {
			to = append(to, ' ')
		}
		to = append(to, arg...)
	}
	return to
}

// view shows bytes as text without a copy. It holds as long as the bytes do not change:
// rules look at it, and nothing keeps it.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
