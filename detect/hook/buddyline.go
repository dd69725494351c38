package hook

import "strings"

// buddyLine is what is left of a PlistBuddy command. Words are separated by white
// space, quoted by ' or " in any part, and a backslash makes the next byte ordinary.
type buddyLine string

// buddyWord is a word with its quoting undone. escaped marks, by position, the bytes
// that a backslash stood before: an escaped colon is part of a key.
type buddyWord struct {
	text    string
	escaped []int
}

// entry is the path of a key: its parts between colons. It is empty for the root.
type entry []string

const space = " \t\r\n\v\f"

func (l *buddyLine) word() buddyWord {
	s := strings.TrimLeft(string(*l), space)
	end := wordEnd(s)
	*l = buddyLine(s[end:])
	return unquote(s[:end])
}

// value takes the rest of the line, white space inside included.
func (l *buddyLine) value() string {
	s := strings.Trim(string(*l), space)
	*l = ""
	return unquote(s).text
}

// wordEnd returns where the first word of s ends. Quotes that are not closed run to
// the end: the tool refuses them, and what was meant is all of it.
func wordEnd(s string) int {
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case strings.IndexByte(space, c) >= 0:
			return i
		}
	}
	return len(s)
}

func unquote(s string) buddyWord {
	if !strings.ContainsAny(s, `"'\`) {
		return buddyWord{text: s}
	}
	var w buddyWord
	b := make([]byte, 0, len(s))
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s):
			i++
			w.escaped = append(w.escaped, len(b))
			b = append(b, unescape(s[i]))
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		default:
			b = append(b, c)
		}
	}
	w.text = string(b)
	return w
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	}
	return c
}

// entry takes a word as the path of a key. The colon in front is optional.
func (l *buddyLine) entry() entry {
	w := l.word()
	var e entry
	start := 0
	for i := 0; i <= len(w.text); i++ {
		if i < len(w.text) {
			if w.text[i] != ':' {
				continue
			}
			if len(w.escaped) > 0 && w.isEscaped(i) {
				continue
			}
		}
		part := w.text[start:i]
		start = i + 1
		if part != "" || len(e) > 0 {
			e = append(e, part)
		}
	}
	return e
}

// isEscaped drops the marks before i, since positions are asked for in order.
func (w *buddyWord) isEscaped(i int) bool {
	for len(w.escaped) > 0 && w.escaped[0] < i {
		w.escaped = w.escaped[1:]
	}
	return len(w.escaped) > 0 && w.escaped[0] == i
}

// hook returns the hook key that a path leads to and what op does to it: something
// below the key is an edit of its value. The key is "" for any other path.
func (e entry) hook(op Operation) (string, Operation) {
	if len(e) == 0 {
		return "", op
	}
	if len(e) > 1 {
		op = Edit
	}
	return canonicalKey(e[0]), op
}
