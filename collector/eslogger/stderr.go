package eslogger

import (
	"bytes"
	"strings"
)

// complaint is a message on eslogger's standard error that has its own condition. The prose around a token changes between releases of macOS, the token does not.
type complaint struct {
	token      string
	name       Condition
	needsAdmin bool // only an administrator, or other options, can fix it
	advice     string
}

var complaints = []complaint{
	{"ES_NEW_CLIENT_RESULT_ERR_NOT_PERMITTED", NoFullDiskAccess, true, "grant Full Disk Access to the agent"},
	{"ES_NEW_CLIENT_RESULT_ERR_NOT_PRIVILEGED", NotRoot, true, "run the agent as root"},
	{"ES_NEW_CLIENT_RESULT_ERR_NOT_ENTITLED", NotEntitled, true, "use the eslogger that came with macOS"},
	{"ES_NEW_CLIENT_RESULT_ERR_TOO_MANY_CLIENTS", TooManyClients, false, "end another Endpoint Security client"},
	{"Failed to parse event types", UnknownEvent, true, "ask only for events that this macOS has"},
}

const (
	maxStderrLines = 5   // lines of standard error kept for a state's detail
	maxStderrLine  = 160 // bytes of one that are kept
	maxStderrText  = 400 // bytes of a state's detail
	maxToken       = 64  // bytes, above the longest token
)

// stderrLog keeps the first complaint and the last lines of eslogger's standard error, however
// much there is. The zero value is ready.
type stderrLog struct {
	complaint *complaint
	lines     uint64
	last      []string // escaped, oldest first
	line      []byte   // the current line, cut
	tail      []byte   // the last bytes: a token may be spread over two writes
}

// write takes the next bytes, and returns the first complaint when it is in them.
func (l *stderrLog) write(b []byte) *complaint {
	l.splitLines(b)
	if l.complaint != nil {
		return nil
	}
	text := append(l.tail, b...)
	at := len(text)
	for i := range complaints {
		if n := bytes.Index(text, []byte(complaints[i].token)); n >= 0 && n < at {
			at, l.complaint = n, &complaints[i]
		}
	}
	l.tail = append(l.tail[:0], text[max(0, len(text)-maxToken):]...)
	return l.complaint
}

// splitLines cuts b into lines.
func (l *stderrLog) splitLines(b []byte) {
	for len(b) > 0 {
		part, rest, whole := bytes.Cut(b, []byte{'\n'})
		if room := maxStderrLine + 1 - len(l.line); room > 0 {
			l.line = append(l.line, part[:min(room, len(part))]...)
		}
		if whole {
			l.endLine()
		}
		b = rest
	}
}

// endLine keeps the current line, unless it is empty.
func (l *stderrLog) endLine() {
	l.lines++
	if len(l.line) > 0 {
		l.last = append(l.last, escape(l.line, maxStderrLine))
	}
	if len(l.last) > maxStderrLines {
		l.last = append(l.last[:0], l.last[1:]...)
	}
	l.line = l.line[:0]
}

// lastLines returns the end of the last lines, also of one that is not complete, as one line.
func (l *stderrLog) lastLines() string {
	last := l.last
	if len(l.line) > 0 {
		last = append(last[:len(last):len(last)], escape(l.line, maxStderrLine))
	}
	s := strings.Join(last, " | ")
	if len(s) > maxStderrText {
		s = "..." + s[len(s)-maxStderrText:]
	}
	return s
}
