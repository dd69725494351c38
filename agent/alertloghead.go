package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"time"
	"unicode/utf8"
)

// docHead is what of a document says whether it is looked for. Texts are parts of the line
// it was read from, and hold as long as that.
type docHead struct {
	kind, id, rule, uuid, timestamp, created []byte
	severity, sequence                       int
}

// at is when the document was made, which for an update is later than its alert's time.
func (h *docHead) at() time.Time {
	if t, err := time.Parse(time.RFC3339Nano, string(h.created)); err == nil {
		return t
	}
	return h.when()
}

// when is the alert's own time.
func (h *docHead) when() time.Time {
	t, _ := time.Parse(time.RFC3339Nano, string(h.timestamp))
	return t
}

// maxNested bounds how deep a document may be. Ours are less than ten deep.
const maxNested = 64

var (
	errNotDocument = errors.New("not a whole JSON document")
	errNoID        = errors.New("no alert: it has no event.id")
)

// readHead reads a document's head. It reads no further than it must: what follows the
// head is not looked at.
func readHead(line []byte) (docHead, error) { return scanDoc(line, false) }

// checkDoc reads a document's head, and makes sure that all of it is valid JSON in UTF-8.
func checkDoc(line []byte) (docHead, error) {
	if !utf8.Valid(line) {
		return docHead{}, errNotDocument
	}
	return scanDoc(line, true)
}

func scanDoc(line []byte, whole bool) (docHead, error) {
	var h docHead
	s := docScanner{b: line}
	var timestamp, event, rule bool
	s.space()
	ok := s.object(0, func(key []byte) bool {
		var read bool
		switch string(key) {
		case "@timestamp":
			read = firstTime(&timestamp) && s.text(&h.timestamp)
		case "event":
			read = firstTime(&event) && s.event(&h)
		case "rule":
			read = firstTime(&rule) && s.rule(&h)
		default:
			return s.value(1)
		}
		s.done = !whole && timestamp && event && rule
		return read
	})
	if s.space(); !ok || !s.done && s.i != len(line) {
		return h, errNotDocument
	}
	if len(h.id) == 0 {
		return h, errNoID
	}
	return h, nil
}

// firstTime notes that a member is there, which it must be once: of two, readers differ on
// which one counts.
func firstTime(seen *bool) bool {
	was := *seen
	*seen = true
	return !was
}

func (s *docScanner) event(h *docHead) bool {
	return s.object(1, func(key []byte) bool {
		switch string(key) {
		case "kind":
			return s.text(&h.kind)
		case "id":
			return s.text(&h.id)
		case "created":
			return s.text(&h.created)
		case "severity":
			return s.number(&h.severity)
		case "sequence":
			return s.number(&h.sequence)
		}
		return s.value(2)
	})
}

func (s *docScanner) rule(h *docHead) bool {
	return s.object(1, func(key []byte) bool {
		switch string(key) {
		case "id":
			return s.text(&h.rule)
		case "uuid":
			return s.text(&h.uuid)
		}
		return s.value(2)
	})
}

// docScanner walks over JSON without keeping any of it. It takes what our encoder writes and
// more, but no control character and no white space other than a blank.
type docScanner struct {
	b    []byte
	i    int
	done bool // no need to go on
}

func (s *docScanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *docScanner) space() {
	for s.peek() == ' ' {
		s.i++
	}
}

// take passes over a character between blanks.
func (s *docScanner) take(c byte) bool {
	if s.peek() == ' ' {
		s.space()
	}
	if s.peek() != c {
		return false
	}
	if s.i++; s.peek() == ' ' {
		s.space()
	}
	return true
}

// object passes over an object; member is called behind every key and passes over its value.
func (s *docScanner) object(depth int, member func(key []byte) bool) bool {
	if depth > maxNested || !s.take('{') {
		return false
	}
	if s.take('}') {
		return true
	}
	for {
		key, ok := s.string()
		if !ok || !s.take(':') || !member(key) {
			return false
		}
		if s.done {
			return true
		}
		if !s.take(',') {
			return s.take('}')
		}
	}
}

func (s *docScanner) array(depth int) bool {
	if depth > maxNested || !s.take('[') {
		return false
	}
	if s.take(']') {
		return true
	}
	for {
		if !s.value(depth + 1) {
			return false
		}
		if !s.take(',') {
			return s.take(']')
		}
	}
}

func (s *docScanner) value(depth int) bool {
	switch c := s.peek(); c {
	case '{':
		return s.object(depth, func([]byte) bool { return s.value(depth + 1) })
	case '[':
		return s.array(depth)
	case '"':
		_, ok := s.string()
		return ok
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	_, ok := s.digits()
	return ok
}

func (s *docScanner) word(w string) bool {
	if !bytes.HasPrefix(s.b[s.i:], []byte(w)) {
		return false
	}
	s.i += len(w)
	return true
}

// digits passes over a number.
func (s *docScanner) digits() ([]byte, bool) {
	from := s.i
	for c := s.peek(); c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'; c = s.peek() {
		s.i++
	}
	n := s.b[from:s.i]
	return n, len(n) > 0 && json.Valid(n)
}

// verbatim are the bytes that a string holds as they are.
var verbatim = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return t
}()

// string passes over a string and returns what is between its quotes.
func (s *docScanner) string() ([]byte, bool) {
	if s.peek() != '"' {
		return nil, false
	}
	from := s.i + 1
	for i := from; i < len(s.b); i++ {
		switch c := s.b[i]; {
		case verbatim[c]:
		case c == '"':
			s.i = i + 1
			return s.b[from:i], true
		case c == '\\':
			n := escapeLen(s.b[i+1:])
			if n == 0 {
				return nil, false
			}
			i += n
		default:
			return nil, false
		}
	}
	return nil, false
}

// escapeLen returns how long an escape is behind its backslash, 0 for what is none.
func escapeLen(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch b[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		if len(b) < 5 {
			return 0
		}
		for _, c := range b[1:5] {
			if c|0x20 < 'a' && (c < '0' || c > '9') || c|0x20 > 'f' {
				return 0
			}
		}
		return 5
	}
	return 0
}

// text reads a string.
func (s *docScanner) text(to *[]byte) bool {
	from := s.i
	raw, ok := s.string()
	if !ok {
		return false
	}
	if *to = raw; bytes.IndexByte(raw, '\\') >= 0 {
		var t string
		if json.Unmarshal(s.b[from:s.i], &t) != nil {
			return false
		}
		*to = []byte(t)
	}
	return true
}

// number reads a whole number.
func (s *docScanner) number(to *int) bool {
	raw, ok := s.digits()
	if !ok {
		return false
	}
	n, err := strconv.Atoi(string(raw))
	*to = n
	return err == nil
}
