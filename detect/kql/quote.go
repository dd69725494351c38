package kql

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"hooksnare/detect/eql"
)

// value is what stands behind an operator: literal pieces with a star between each two.
// It always has at least one piece.
type value struct {
	at     int
	pieces []string
	quoted bool
}

// text returns the value if it has no wildcards.
func (v value) text() (string, bool) { return v.pieces[0], len(v.pieces) == 1 }

// isStar reports whether the value is a star and nothing else.
func (v value) isStar() bool {
	return len(v.pieces) == 2 && v.pieces[0] == "" && v.pieces[1] == ""
}

// pieces collects a value while it is read.
type pieces struct {
	done    []string
	current strings.Builder
	size    int
}

func (p *pieces) add(s string) {
	p.current.WriteString(s)
	p.size += len(s)
}

func (p *pieces) star() {
	p.done = append(p.done, p.current.String())
	p.current.Reset()
	p.size++
}

func (p *pieces) value(at int, quoted bool) value {
	return value{at, append(p.done, p.current.String()), quoted}
}

// addWord adds a word without quotes. A backslash has to stand before what it can
// make ordinary: one that is meant as itself is written twice.
func (p *pieces) addWord(at int, s string) error {
	for s != "" {
		n := strings.IndexAny(s, `\*`)
		if n < 0 {
			p.add(s)
			return nil
		}
		p.add(s[:n])
		at, s = at+n, s[n:]
		n = 1
		if s[0] == '*' {
			p.star()
		} else {
			meaning, length, err := wordEscape(at, s)
			if err != nil {
				return err
			}
			p.add(meaning)
			n = length
		}
		at, s = at+n, s[n:]
	}
	return nil
}

// wordEscape reads the escape at the start of s, outside quotes.
func wordEscape(at int, s string) (meaning string, length int, err error) {
	if meaning, length, err = commonEscape(at, s); length > 0 || err != nil {
		return meaning, length, err
	}
	if len(s) > 1 && (s[1] == '*' || s[1] == '\\' || strings.IndexByte(special, s[1]) >= 0) {
		return s[1:2], 2, nil
	}
	for _, k := range []string{"and", "or", "not"} {
		if len(s) > len(k) && strings.EqualFold(s[1:1+len(k)], k) {
			return s[1 : 1+len(k)], 1 + len(k), nil
		}
	}
	return "", 0, eql.FaultAt(at, `unknown escape %s: write \\ for a backslash`, firstTwo(s))
}

// firstTwo returns a backslash and the character behind it, for a message.
func firstTwo(s string) string {
	if len(s) == 1 {
		return s
	}
	_, n := utf8.DecodeRuneInString(s[1:])
	return s[:1+n]
}

// addQuoted adds what stands between quotes. A backslash before anything that it does
// not change is a backslash.
func (p *pieces) addQuoted(at int, s string) error {
	for s != "" {
		n := strings.IndexByte(s, '\\')
		if n < 0 {
			p.add(s)
			return nil
		}
		p.add(s[:n])
		at, s = at+n, s[n:]
		meaning, n, err := commonEscape(at, s)
		switch {
		case err != nil:
			return err
		case n > 0:
		case len(s) > 1 && (s[1] == '"' || s[1] == '\\'):
			meaning, n = s[1:2], 2
		default:
			meaning, n = `\`, 1
		}
		p.add(meaning)
		at, s = at+n, s[n:]
	}
	return nil
}

// commonEscape reads the escapes that count inside quotes and outside. Its length is 0
// if there is none.
func commonEscape(at int, s string) (meaning string, length int, err error) {
	if len(s) < 2 {
		return "", 0, nil
	}
	switch s[1] {
	case 't':
		return "\t", 2, nil
	case 'r':
		return "\r", 2, nil
	case 'n':
		if len(s) == len(`\not`) && strings.EqualFold(s, `\not`) {
			return "", 0, nil // the word, not a line break and "ot"
		}
		return "\n", 2, nil
	}
	unit, ok := utf16Unit(s)
	if !ok {
		return "", 0, nil
	}
	r, length := unit, 6
	if utf16.IsSurrogate(unit) {
		low, _ := utf16Unit(s[6:])
		r, length = utf16.DecodeRune(unit, low), 12
		if r == utf8.RuneError {
			return "", 0, eql.FaultAt(at, "%s is half a character", s[:6])
		}
	}
	return string(r), length, nil
}

// utf16Unit reads \uXXXX at the start of s.
func utf16Unit(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}
