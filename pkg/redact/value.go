package redact

import "strings"

// value marks a part of a word that stands where a secret is expected, unless it
// can't be one or says where the secret is instead.
func (s *scan) value(w *word, from, to int) {
	text := w.text[from:to]
	if hasPrefixFold(text, "pass:") {
		from += len("pass:")
		text = w.text[from:to]
	}
	if trivial(text) || elsewhere(text) {
		return
	}
	s.hit(w, from, to)
}

// trivial reports whether a text is a switch, a count or a placeholder.
func trivial(text string) bool {
	switch len(text) {
	case 0, 1:
		return text == "" || text == "-" || text == "*" || isDigit(text[0])
	case 2:
		if isDigit(text[0]) && isDigit(text[1]) {
			return true
		}
	}
	switch text {
	case "true", "false", "yes", "no", "on", "off", "null", "nil", "none", "TRUE", "FALSE", "YES", "NO", "True", "False", "None", "NULL":
		return true
	}
	return false
}

// elsewhere reports whether a text names the place of a secret, as openssl and
// notarytool have it.
func elsewhere(text string) bool {
	for _, place := range [...]string{"env:", "file:", "fd:", "@env:", "@keychain:", "stdin"} {
		if strings.HasPrefix(text, place) {
			return true
		}
	}
	return false
}

// optionLike reports whether a word is rather the next option than a value.
func optionLike(text string) bool {
	if len(text) < 2 || text[0] != '-' {
		return false
	}
	name, _, _ := strings.Cut(strings.TrimLeft(text, "-"), "=")
	return letters(name)
}

// letters reports whether a text is one of letters and dashes, or empty.
func letters(text string) bool {
	for i := range len(text) {
		if c := lower(text[i]); (c < 'a' || c > 'z') && c != '-' {
			return false
		}
	}
	return true
}

// harmless reports whether what follows -p of an unknown tool is rather a path, a
// port, a process or an address.
func harmless(text string) bool {
	if optionLike(text) || strings.HasPrefix(text, "/") || strings.HasPrefix(text, "./") ||
		strings.HasPrefix(text, "../") || strings.HasPrefix(text, "~/") {
		return true
	}
	rest := strings.Trim(text, "0123456789")
	return rest == "" && len(text) <= 5 || text != "" && rest != "" && strings.Trim(text, "0123456789.:/,-") == ""
}

// expansion reports whether a text is nothing but one variable or one command
// substitution.
func expansion(text string) bool {
	switch {
	case len(text) < 2:
		return false
	case text[0] == '`':
		return quoteEndEscaped(text, 1, '`') == len(text)-1
	case strings.HasPrefix(text, "$("), strings.HasPrefix(text, "<("):
		return closing(text, 2) == len(text)-1
	case text[0] != '$':
		return false
	case text[1] == '{':
		return quoteEnd(text, 2, '}') == len(text)-1 && identifier(strings.TrimRight(text[2:], "}"))
	}
	return identifier(text[1:])
}

// identifier reports whether a text is the name of a shell variable.
func identifier(text string) bool {
	for i := range len(text) {
		if c := lower(text[i]); (c < 'a' || c > 'z') && c != '_' && !isDigit(c) {
			return false
		}
	}
	return text != ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// hasPrefixFold is strings.HasPrefix for ASCII in any case.
func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

// containsFold reports whether a text holds a lower-case ASCII word in any case.
func containsFold(text, part string) bool { return indexFold(text, part) >= 0 }

// indexFold returns where a lower-case ASCII word begins in a text, in any case.
func indexFold(text, part string) int {
	upper := part[0] &^ 0x20
	for i := 0; i+len(part) <= len(text); i++ {
		if (text[i] == part[0] || text[i] == upper) && strings.EqualFold(text[i:i+len(part)], part) {
			return i
		}
	}
	return -1
}
