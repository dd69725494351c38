package redact

import (
	"regexp"
	"strings"
)

var (
	// noSecret matches switches, counts, placeholders, and what names the place of a
	// secret, as openssl and notarytool have it.
	noSecret = regexp.MustCompile(`^(?:[-*$]?|[0-9]{1,2}|(?i:true|false|yes|no|on|off|null|nil|none)|(?:env|file|fd|@env|@keychain):.*|stdin)$`)

	// expansion matches text that is nothing but a variable or a substitution.
	expansion = regexp.MustCompile("(?s)^(?:\\$\\w+|\\$\\{\\w+\\}|\\$\\(.*\\)|`.*`)$")

	// harmless matches what follows -p of an unknown program and is rather an option, a
	// path, a port, a process or an address.
	harmless = regexp.MustCompile(`^(?:-[-A-Za-z]+(?:=.*)?|(?:\.{0,2}|~)/.*|[0-9]{0,5}|[0-9.:/,-]*[.:/,-][0-9.:/,-]*)$`)
)

// isMarked reports whether nothing but marks is left of a text.
func isMarked(text string) bool { return strings.ReplaceAll(text, Mark, "") == "" }

func isExpansion(text string) bool {
	return len(text) > 1 && (text[0] == '$' || text[0] == '`') && expansion.MatchString(text)
}

// isPlausible reports whether a text looks like a secret when its name does not say so
// for certain: at least six bytes, no path, and digits among letters or a mixture of
// cases.
func isPlausible(text string) bool {
	if len(text) < 6 || strings.IndexByte("/~.$-(", text[0]) >= 0 || strings.ContainsAny(text, " \t\n") {
		return false
	}
	var count [4]int
	for i := range len(text) {
		count[byteClass(text[i])]++
	}
	small, large, digits, other := count[0], count[1], count[2], count[3]
	return small+large > 0 && digits > 0 || small > 0 && large > 1 && len(text) >= 12 || small > 0 && large > 0 && other > 0
}

// byteClass returns 0 for small letters, 1 for capitals, 2 for digits and else 3.
func byteClass(c byte) int {
	switch {
	case c >= 'a' && c <= 'z':
		return 0
	case c >= 'A' && c <= 'Z':
		return 1
	case c >= '0' && c <= '9':
		return 2
	}
	return 3
}

// isNameByte reports whether a byte may stand in a name: DB_PASS, api-key, db.password.
func isNameByte(c byte) bool { return c == '_' || c == '-' || c == '.' || byteClass(c) < 3 }

// isOption reports whether a word is rather the next option than a value.
func isOption(text string) bool {
	name, _, _ := strings.Cut(text, "=")
	return len(text) > 1 && text[0] == '-' && isLetters(strings.TrimLeft(name, "-"))
}

// isLetters reports whether a text is one of letters and dashes, or empty.
func isLetters(text string) bool {
	for i := range len(text) {
		if byteClass(text[i]) > 1 && text[i] != '-' {
			return false
		}
	}
	return true
}

// isIdentifier reports whether a text is the name of a shell variable.
func isIdentifier(text string) bool {
	for i := range len(text) {
		if byteClass(text[i]) > 2 && text[i] != '_' {
			return false
		}
	}
	return text != ""
}

// isAssignment reports whether a word begins with NAME=.
func isAssignment(text string) bool {
	eq := strings.IndexByte(text, '=')
	return eq > 0 && isIdentifier(text[:eq])
}

// hasPrefixFold is strings.HasPrefix for ASCII in any case.
func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}
