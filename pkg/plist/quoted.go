package plist

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// skipBlank passes white space and comments and returns the byte that follows, 0 at the end.
func (p *textParser) skipBlank() byte {
	for p.pos < len(p.b) {
		rest := p.b[p.pos:]
		switch {
		case rest[0] == ' ' || rest[0] >= '\t' && rest[0] <= '\r':
			p.pos++
		case lineSeparator(rest):
			p.pos += 3
		case bytes.HasPrefix(rest, []byte("//")):
			p.pos += lineEnd(rest)
		case bytes.HasPrefix(rest, []byte("/*")):
			n := bytes.Index(rest[2:], []byte("*/"))
			if n < 0 {
				n = len(rest) - 4
			}
			p.pos += n + 4
		default:
			return rest[0]
		}
	}
	return 0
}

// lineSeparator reports whether text starts with U+2028 or U+2029.
func lineSeparator(b []byte) bool {
	return len(b) >= 3 && b[0] == 0xe2 && b[1] == 0x80 && (b[2] == 0xa8 || b[2] == 0xa9)
}

// lineEnd returns the length of the line, without what ends it.
func lineEnd(b []byte) int {
	for i, v := range b {
		if v == '\n' || v == '\r' || v == 0xe2 && lineSeparator(b[i:]) {
			return i
		}
	}
	return len(b)
}

// isWord reports whether a byte may stand in a string without quotes. GNUstep allows more than
// CoreFoundation; so does this in arguments, to name what an attempt was about.
func (p *textParser) isWord(b byte) bool {
	if b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || bytes.IndexByte([]byte("_$/:.-"), b) >= 0 {
		return true
	}
	return p.wanted == nil && bytes.IndexByte([]byte("!#%&*+?@^|~"), b) >= 0
}

// parseString reads a string with quotes or without.
func (p *textParser) parseString() (string, error) {
	start := p.pos
	var s []byte
	if q := p.b[start]; q == '"' || q == '\'' {
		var err error
		if s, err = p.parseQuoted(q); err != nil {
			return "", err
		}
	} else {
		for p.pos < len(p.b) && p.isWord(p.b[p.pos]) {
			p.pos++
		}
		if s = p.b[start:p.pos]; len(s) == 0 {
			return "", p.fail(ErrMalformed, start, "%s where a value is due", quote(p.b[start:start+1]))
		}
	}
	return string(s), p.addBytes(start, len(s))
}

// parseQuoted reads a string up to its quote and resolves its escapes.
func (p *textParser) parseQuoted(quote byte) ([]byte, error) {
	start := p.pos
	p.pos++
	var s []byte
	for p.pos < len(p.b) {
		b := p.b[p.pos]
		p.pos++
		switch {
		case b == quote:
			return s, nil
		case b != '\\':
			s = append(s, b)
		case p.pos < len(p.b):
			s = p.appendEscape(s)
		}
	}
	return nil, p.fail(ErrMalformed, start, "string without its closing %c", quote)
}

// appendEscape resolves one escape, of which the backslash is read, as CoreFoundation does: any
// letter without a meaning stands for itself.
func (p *textParser) appendEscape(s []byte) []byte {
	b := p.b[p.pos]
	if b >= '0' && b <= '7' {
		return utf8.AppendRune(s, nextStep(byte(p.parseDigits(8, 3))))
	}
	p.pos++
	if b == 'U' {
		return p.appendUnicode(s)
	}
	if i := bytes.IndexByte([]byte("abfnrtv"), b); i >= 0 {
		b = "\a\b\f\n\r\t\v"[i]
	}
	return append(s, b)
}

// appendUnicode resolves \U and up to four digits, of which the \U is read: one UTF-16 unit.
func (p *textParser) appendUnicode(s []byte) []byte {
	r := rune(p.parseDigits(16, 4))
	if utf16.IsSurrogate(r) && bytes.HasPrefix(p.b[p.pos:], []byte(`\U`)) {
		back := p.pos
		p.pos += 2
		if pair := utf16.DecodeRune(r, rune(p.parseDigits(16, 4))); pair != utf8.RuneError {
			return utf8.AppendRune(s, pair)
		}
		p.pos = back
	}
	return utf8.AppendRune(s, r)
}

// parseDigits reads a number of at most so many digits.
func (p *textParser) parseDigits(base, most int) (n int) {
	for ; most > 0 && p.pos < len(p.b); most-- {
		d := digitOf(p.b[p.pos])
		if d >= base {
			break
		}
		n = n*base + d
		p.pos++
	}
	return n
}

// digitOf returns what a digit stands for, and a large number for what is none.
func digitOf(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'a' && b <= 'f':
		return int(b-'a') + 10
	case b >= 'A' && b <= 'F':
		return int(b-'A') + 10
	}
	return 1 << 8
}

// nextStep returns the character of an octal escape, which is in NeXTSTEP's encoding.
// https://www.unicode.org/Public/MAPPINGS/VENDORS/NEXT/NEXTSTEP.TXT
func nextStep(b byte) rune {
	if b < 0x80 {
		return rune(b)
	}
	return nextStepUpper[b-0x80]
}

var nextStepUpper = [...]rune{
	0x00A0, 0x00C0, 0x00C1, 0x00C2, 0x00C3, 0x00C4, 0x00C5, 0x00C7,
	0x00C8, 0x00C9, 0x00CA, 0x00CB, 0x00CC, 0x00CD, 0x00CE, 0x00CF,
	0x00D0, 0x00D1, 0x00D2, 0x00D3, 0x00D4, 0x00D5, 0x00D6, 0x00D9,
	0x00DA, 0x00DB, 0x00DC, 0x00DD, 0x00DE, 0x00B5, 0x00D7, 0x00F7,
	0x00A9, 0x00A1, 0x00A2, 0x00A3, 0x2044, 0x00A5, 0x0192, 0x00A7,
	0x00A4, 0x2019, 0x201C, 0x00AB, 0x2039, 0x203A, 0xFB01, 0xFB02,
	0x00AE, 0x2013, 0x2020, 0x2021, 0x00B7, 0x00A6, 0x00B6, 0x2022,
	0x201A, 0x201E, 0x201D, 0x00BB, 0x2026, 0x2030, 0x00AC, 0x00BF,
	0x00B9, 0x02CB, 0x00B4, 0x02C6, 0x02DC, 0x00AF, 0x02D8, 0x02D9,
	0x00A8, 0x00B2, 0x02DA, 0x00B8, 0x00B3, 0x02DD, 0x02DB, 0x02C7,
	0x2014, 0x00B1, 0x00BC, 0x00BD, 0x00BE, 0x00E0, 0x00E1, 0x00E2,
	0x00E3, 0x00E4, 0x00E5, 0x00E7, 0x00E8, 0x00E9, 0x00EA, 0x00EB,
	0x00EC, 0x00C6, 0x00ED, 0x00AA, 0x00EE, 0x00EF, 0x00F0, 0x00F1,
	0x0141, 0x00D8, 0x0152, 0x00BA, 0x00F2, 0x00F3, 0x00F4, 0x00F5,
	0x00F6, 0x00E6, 0x00F9, 0x00FA, 0x00FB, 0x0131, 0x00FC, 0x00FD,
	0x0142, 0x00F8, 0x0153, 0x00DF, 0x00FE, 0x00FF, utf8.RuneError, utf8.RuneError,
}
