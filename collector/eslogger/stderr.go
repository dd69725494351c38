package eslogger

import (
	"bytes"
	"strings"
)

// complaint is something eslogger says on its standard error that has a state of its
// own. The prose around a token changes between releases of macOS, the token does not.
type complaint struct {
	token  string
	name   Condition
	denied bool // only an administrator, or other options, can mend it
	advice string
}

var complaints = []complaint{
	{"ES_NEW_CLIENT_RESULT_ERR_NOT_PERMITTED", NoFullDiskAccess, true, "grant Full Disk Access to the agent"},
	{"ES_NEW_CLIENT_RESULT_ERR_NOT_PRIVILEGED", NotRoot, true, "run the agent as root"},
	{"ES_NEW_CLIENT_RESULT_ERR_NOT_ENTITLED", NotEntitled, true, "use the eslogger that came with macOS"},
	{"ES_NEW_CLIENT_RESULT_ERR_TOO_MANY_CLIENTS", TooManyClients, false, "end another Endpoint Security client"},
	{"Failed to parse event types", UnknownEvent, true, "ask only for events that this macOS has"},
}

const (
	murmurLines = 5   // lines of standard error kept for a state's detail
	murmurLine  = 160 // bytes of one that are kept
	murmurText  = 400 // bytes of a state's detail
	tokenMax    = 64  // bytes, above the longest token
)

// murmur listens to eslogger's standard error, as much of it as there may be, and
// remembers little: the first complaint and the last lines. The zero value is ready.
type murmur struct {
	found *complaint
	lines uint64
	last  []string // escaped, oldest first
	line  []byte   // the line under way, cut
	tail  []byte   // the end of what was heard: a token may lie across two writes
}

// hear takes the next bytes and returns the complaint in them when it is the first.
func (m *murmur) hear(b []byte) *complaint {
	m.keep(b)
	if m.found != nil {
		return nil
	}
	heard := append(m.tail, b...)
	at := len(heard)
	for i := range complaints {
		if n := bytes.Index(heard, []byte(complaints[i].token)); n >= 0 && n < at {
			at, m.found = n, &complaints[i]
		}
	}
	m.tail = append(m.tail[:0], heard[max(0, len(heard)-tokenMax):]...)
	return m.found
}

// keep cuts b into lines.
func (m *murmur) keep(b []byte) {
	for len(b) > 0 {
		part, rest, whole := bytes.Cut(b, []byte{'\n'})
		if room := murmurLine + 1 - len(m.line); room > 0 {
			m.line = append(m.line, part[:min(room, len(part))]...)
		}
		if whole {
			m.endLine()
		}
		b = rest
	}
}

// endLine keeps the line under way, unless it is empty.
func (m *murmur) endLine() {
	m.lines++
	if len(m.line) > 0 {
		m.last = append(m.last, escape(m.line, murmurLine))
	}
	if len(m.last) > murmurLines {
		m.last = append(m.last[:0], m.last[1:]...)
	}
	m.line = m.line[:0]
}

// text returns the end of the last lines, also of one that is not complete, as one line.
func (m *murmur) text() string {
	last := m.last
	if len(m.line) > 0 {
		last = append(last[:len(last):len(last)], escape(m.line, murmurLine))
	}
	s := strings.Join(last, " | ")
	if len(s) > murmurText {
		s = "..." + s[len(s)-murmurText:]
	}
	return s
}
