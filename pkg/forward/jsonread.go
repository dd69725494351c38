package forward

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// maxMembers bounds the members of an object that is read; no receiver's answer has a
// tenth of it.
const maxMembers = 64

// reader reads an answer strictly: one JSON value, no member twice where it matters.
type reader struct{ *json.Decoder }

// readJSON returns a reader of the body, which must be exactly one JSON value.
func readJSON(body []byte) (*reader, error) {
	if !json.Valid(body) {
		return nil, errors.New("not JSON")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return &reader{d}, nil
}

// object reads an object; member must read, or skip, the value of each member.
func (r *reader) object(member func(name string) error) error {
	if err := r.delim('{'); err != nil {
		return err
	}
	var seen []string
	for r.More() {
		t, err := r.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		for _, s := range seen {
			if s == name {
				return fmt.Errorf("%s is there twice", quote(name))
			}
		}
		if seen = append(seen, name); len(seen) > maxMembers {
			return fmt.Errorf("more than %d members", maxMembers)
		}
		if err := member(name); err != nil {
			return err
		}
	}
	return r.delim('}')
}

// array reads an array; element must read, or skip, each element.
func (r *reader) array(element func() error) error {
	if err := r.delim('['); err != nil {
		return err
	}
	for r.More() {
		if err := element(); err != nil {
			return err
		}
	}
	return r.delim(']')
}

func (r *reader) delim(want json.Delim) error {
	t, err := r.Token()
	if err != nil {
		return err
	}
	if got, ok := t.(json.Delim); !ok || got != want {
		return fmt.Errorf("want %q", rune(want))
	}
	return nil
}

// skip passes over one value.
func (r *reader) skip() error {
	for depth := 0; ; {
		t, err := r.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// text reads a string.
func (r *reader) text() (string, error) {
	t, err := r.Token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", errors.New("want a string")
	}
	return s, nil
}

// number reads a whole number. quoted allows it to be a string, as protobuf's JSON has it.
func (r *reader) number(quoted bool) (int64, error) {
	t, err := r.Token()
	if err != nil {
		return 0, err
	}
	var text string
	switch v := t.(type) {
	case json.Number:
		text = v.String()
	case string:
		if quoted {
			text = v
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, errors.New("want a whole number")
	}
	return n, nil
}

// appendString appends the text as a JSON string. What is not UTF-8 becomes U+FFFD.
func appendString[S ~string | ~[]byte](b []byte, s S) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			_, width := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			if width == 1 {
				b = append(append(b, s[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += width
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
