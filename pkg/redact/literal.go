package redact

import "strings"

// literals looks at the string literals of a text in some language (AppleScript,
// JavaScript, JSON, a property list in text form) and marks those that stand after
// the name of a secret: password "x", "password": "x", set thePassword to "x".
func (s *scan) literals(text string) {
	pieces, subs := len(s.pieces), len(s.subs)
	l := &lexer{s: s, text: text}
	end, before := 0, ""
	asked := false // expect was told to wait for a password
	for {
		n := strings.IndexAny(text[l.pos:], `"'`)
		if n < 0 {
			break
		}
		l.pos += n
		code := text[end:l.pos]
		if text[l.pos] == '\'' && !opensLiteral(code) {
			l.pos++
			continue
		}
		w := l.quoted()
		end = l.pos
		if names := named(code, before); names || asked && sends(code) {
			s.value(&w, 0, len(strings.TrimRight(w.text, "\r\n")))
		}
		asked = asked || containsFold(w.text, "assword")
		before = w.text
	}
	s.pieces, s.subs = s.pieces[:pieces], s.subs[:subs]
}

// quoted reads the literal that begins at pos.
func (l *lexer) quoted() word {
	l.begin()
	if l.text[l.pos] == '"' {
		l.double()
	} else {
		l.pos++
		l.until(quoteEndEscaped(l.text, l.pos, '\''))
		l.pos = min(l.pos+1, len(l.text))
	}
	w := l.finish()
	w.live, w.subs = false, nil
	return w
}

// opensLiteral reports whether an apostrophe after this code begins a literal and is
// not one of the kind in don't.
func opensLiteral(code string) bool {
	code = strings.TrimRight(code, " \t\n")
	return code == "" || strings.IndexByte(":=,([{", code[len(code)-1]) >= 0
}

// codeTail bounds how much of the code before a literal is looked at.
const codeTail = 128

// named reports whether a literal after this code, and after the literal before it,
// is the value of a secret.
func named(code, before string) bool {
	code = code[max(0, len(code)-codeTail):]
	bare := strings.TrimRight(code, " \t\n(")
	if strings.Trim(bare, " \t\n]:=>") == "" {
		return strings.ContainsAny(bare, ":=") && secretName(before)
	}
	bare = strings.TrimRight(bare, " \t\n:=")
	if hasSuffixFold(bare, " to") {
		bare = strings.TrimRight(bare[:len(bare)-len(" to")], " \t\n")
	}
	return secretName(bare[strings.LastIndexFunc(bare, notName)+1:])
}

// notName reports whether a character ends a name in code.
func notName(r rune) bool {
	return r >= 0x80 || r != '_' && r != '-' && r != '.' && !isDigit(byte(r)) && (lower(byte(r)) < 'a' || lower(byte(r)) > 'z')
}

// sends reports whether code makes expect type the literal that follows.
func sends(code string) bool {
	code = strings.TrimRight(code, " \t")
	code = strings.TrimRight(strings.TrimSuffix(code, "--"), " \t")
	return strings.HasSuffix(code, "send")
}
