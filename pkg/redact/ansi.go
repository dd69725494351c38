package redact

// ansi reads text in $'...', where a backslash writes any byte.
func (l *lexer) ansi() {
	for l.pos < len(l.text) {
		switch l.text[l.pos] {
		case '\'':
			l.pos++
			return
		case '\\':
			from := l.pos
			b, n := ansiEscape(l.text[from:])
			l.pos += n
			l.put(b, from, l.pos)
		default:
			l.literal()
		}
	}
}

// ansiEscape returns what a backslash sequence stands for, and its length. A
// character beyond ASCII stands as '?': only its place matters here.
func ansiEscape(text string) (byte, int) {
	if len(text) < 2 {
		return '\\', 1
	}
	switch c := text[1]; c {
	case 'n':
		return '\n', 2
	case 't':
		return '\t', 2
	case 'r':
		return '\r', 2
	case 'x':
		return number(text, 2, 2, 16)
	case 'u':
		return number(text, 2, 4, 16)
	case 'U':
		return number(text, 2, 8, 16)
	case '0', '1', '2', '3', '4', '5', '6', '7':
		return number(text, 1, 3, 8)
	default:
		return c, 2
	}
}

// number reads up to limit digits at from.
func number(text string, from, limit, base int) (byte, int) {
	value, i := 0, from
	for ; i < len(text) && i < from+limit; i++ {
		d := digit(text[i])
		if d >= base {
			break
		}
		value = value*base + d
	}
	switch {
	case i == from:
		return text[1], 2
	case value > 0x7f:
		return '?', i
	}
	return byte(value), i
}

// digit returns the value of a hexadecimal digit, 16 for anything else.
func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return 16
}
