package rules

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a TOML text. They are far above what people write; the decoder takes memory
// and time that grow with the square of both, and is shown nothing beyond them.
const (
	maxNesting = 32 // arrays and inline tables within each other
	maxParts   = 16 // of one dotted key
	maxKeys    = 20_000
)

// kind is the type of a value, as far as its text shows it.
type kind string

const (
	kindString kind = "string"
	kindInt    kind = "integer"
	kindBool   kind = "boolean"
	kindOther  kind = "number or date" // neither of which any key here takes
	kindArray  kind = "array"
	kindTable  kind = "table"
	kindTables kind = "array of tables"
	kindTexts  kind = "array of strings"
)

// item is one key of a text, or the header of one table.
type item struct {
	path  []string
	at    int // offset of the key
	value int // offset of the value
	kind  kind
}

// refusal is why a scan ended before the end of its text.
type refusal struct {
	at    int
	why   string
	bound bool // the text may be TOML, but is too much
}

// scanner finds where the keys of a TOML text stand. It understands as much of TOML as
// that takes, and takes more for TOML than the decoder does.
type scanner struct {
	text  string
	i     int
	depth int
	items []item
	fail  *refusal
}

// scan returns the keys of a text in their order, those of inline tables too.
func scan(text string) ([]item, *refusal) {
	s := &scanner{text: text}
	s.skip("\ufeff")
	var table []string
	for s.blank(true); s.fail == nil && s.i < len(text); s.blank(true) {
		if text[s.i] == '[' {
			table = s.header()
		} else {
			s.pair(table)
		}
	}
	return s.items, s.fail
}

func (s *scanner) refuse(why string) {
	if s.fail == nil {
		s.fail = &refusal{at: s.i, why: why}
	}
}

func (s *scanner) exceeds(format string, args ...any) {
	if s.fail == nil {
		s.fail = &refusal{at: s.i, why: fmt.Sprintf(format, args...), bound: true}
	}
}

// skip passes a text that may be next and reports whether it was.
func (s *scanner) skip(next string) bool {
	if !strings.HasPrefix(s.text[s.i:], next) {
		return false
	}
	s.i += len(next)
	return true
}

// blank passes white space and, with lines set, line breaks and comments.
func (s *scanner) blank(lines bool) {
	for s.i < len(s.text) {
		switch c := s.text[s.i]; {
		case c == ' ' || c == '\t' || lines && (c == '\n' || c == '\r'):
			s.i++
		case c == '#' && lines:
			s.line()
		default:
			return
		}
	}
}

// line passes the rest of a line.
func (s *scanner) line() {
	if n := strings.IndexByte(s.text[s.i:], '\n'); n >= 0 {
		s.i += n
		return
	}
	s.i = len(s.text)
}

// header reads [table] or [[table]] and returns the path that the keys below it have.
func (s *scanner) header() []string {
	open, shut, k := "[", "]", kindTable
	if strings.HasPrefix(s.text[s.i:], "[[") {
		open, shut, k = "[[", "]]", kindTables
	}
	at := s.i
	s.skip(open)
	path := s.key(nil)
	if !s.skip(shut) {
		s.refuse("want " + shut)
		return nil
	}
	s.add(item{path: path, at: at, value: at, kind: k})
	s.line() // a comment, or what the decoder will not take
	return path
}

// pair reads key = value.
func (s *scanner) pair(table []string) {
	at := s.i
	path := s.key(table)
	if !s.skip("=") {
		s.refuse("want a key and =")
		return
	}
	s.blank(false)
	n := len(s.items)
	s.add(item{path: path, at: at, value: s.i})
	if k := s.value(path); s.fail == nil {
		s.items[n].kind = k
	}
}

func (s *scanner) add(it item) {
	if len(s.items) == maxKeys {
		s.exceeds("more than %d keys", maxKeys)
		return
	}
	s.items = append(s.items, it)
}

// key reads a dotted key and returns it as a path below another.
func (s *scanner) key(below []string) []string {
	path := slices.Clip(below)
	for n := 1; s.fail == nil; n++ {
		if n > maxParts {
			s.exceeds("a key of more than %d parts", maxParts)
			break
		}
		s.blank(false)
		path = append(path, s.part())
		s.blank(false)
		if !s.skip(".") {
			break
		}
	}
	return path
}

func (s *scanner) part() string {
	if s.i < len(s.text) && (s.text[s.i] == '"' || s.text[s.i] == '\'') {
		start := s.i + 1
		s.str()
		if s.fail != nil {
			return ""
		}
		return s.text[start : s.i-1]
	}
	n := strings.IndexAny(s.text[s.i:], " \t\r\n.=[]{},#\"'")
	if n < 0 {
		n = len(s.text) - s.i
	}
	if n == 0 {
		s.refuse("want a key")
	}
	s.i += n
	return s.text[s.i-n : s.i]
}

// value passes a value. Keys within it go below path.
func (s *scanner) value(path []string) kind {
	if s.i == len(s.text) {
		s.refuse("want a value")
		return ""
	}
	switch s.text[s.i] {
	case '"', '\'':
		s.str()
		return kindString
	case '[':
		return s.array(path)
	case '{':
		s.inline(path)
		return kindTable
	}
	n := strings.IndexAny(s.text[s.i:], ",]}#\r\n")
	if n < 0 {
		n = len(s.text) - s.i
	}
	word := strings.TrimRight(s.text[s.i:s.i+n], " \t")
	if word == "" {
		s.refuse("want a value")
	}
	s.i += n
	return kindOf(word)
}

func kindOf(word string) kind {
	if word == "true" || word == "false" {
		return kindBool
	}
	digits := strings.TrimLeft(word, "+-")
	if strings.Trim(digits, "0123456789_") == "" || len(digits) > 1 && digits[0] == '0' && strings.Contains("xob", digits[1:2]) {
		return kindInt
	}
	return kindOther
}

// array passes an array and tells what it holds, as far as it holds one kind.
func (s *scanner) array(path []string) kind {
	s.enter()
	k := kindArray
	for n := 0; s.fail == nil; n++ {
		if s.blank(true); s.skip("]") {
			break
		}
		if s.skip(",") {
			n--
			continue
		}
		element := s.value(path)
		switch {
		case n == 0 && element == kindString:
			k = kindTexts
		case n == 0 && element == kindTable:
			k = kindTables
		case k == kindTexts && element != kindString || k == kindTables && element != kindTable:
			k = "array of several kinds"
		case n == 0:
			k = "array of another kind"
		}
	}
	s.depth--
	return k
}

// inline passes { key = value, ... }.
func (s *scanner) inline(path []string) {
	s.enter()
	for s.fail == nil {
		if s.blank(true); s.skip("}") {
			break
		}
		if !s.skip(",") {
			s.pair(path)
		}
	}
	s.depth--
}

func (s *scanner) enter() {
	s.i++
	if s.depth++; s.depth > maxNesting {
		s.exceeds("arrays and tables nested more than %d deep", maxNesting)
	}
}

// str passes a string of any of the four kinds.
func (s *scanner) str() {
	start := s.i
	quote := s.text[s.i : s.i+1]
	if long := strings.Repeat(quote, 3); strings.HasPrefix(s.text[s.i:], long) {
		quote = long
	}
	s.i += len(quote)
	for s.i < len(s.text) {
		switch {
		case s.text[s.i] == '\\' && quote[0] == '"':
			s.i = min(s.i+2, len(s.text))
		case s.text[s.i] == '\n' && len(quote) == 1:
			s.i = start
			s.refuse("a string without its end")
			return
		case s.skip(quote):
			for n := 0; len(quote) == 3 && n < 2 && s.skip(quote[:1]); n++ { // quotes may end the text itself
			}
			return
		default:
			s.i++
		}
	}
	s.i = start
	s.refuse("a string without its end")
}

// position returns the line and the column, in characters, of an offset; both from 1.
func position(text string, at int) (line, column int) {
	before := text[:min(max(at, 0), len(text))] // the decoder may be off by one
	start := strings.LastIndexByte(before, '\n') + 1
	return 1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[start:])
}
