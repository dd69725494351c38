package agent

import (
	"fmt"
	"strings"
	"unicode"

	"hooksnare/detect/hook"
)

// remediation returns the command that takes back what a command did to a hook, "" where
// that can't be known: what was removed is not in the command that removed it.
func remediation(k *hook.Fact) string {
	if k.Operation != hook.Set || k.Key == "" {
		return ""
	}
	if k.Plist == "" {
		return ""
	}
	// defaults takes a path without its extension as well, and keeps cfprefsd in the picture.
	return "sudo /usr/bin/defaults delete " + shellQuote(strings.TrimSuffix(k.Plist, ".plist")) + " " + k.Key
}

// shellQuote returns s as one word of sh, zsh and bash, in which nothing is special.
func shellQuote(s string) string {
	plain, simple := true, s != ""
	for _, r := range s {
		plain = plain && unicode.IsPrint(r)
		simple = simple && (r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) || strings.ContainsRune("/._-,:=@%+", r))
	}
	switch {
	case simple:
		return s
	case plain:
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for _, c := range []byte(s) {
		switch {
		case c == '\'' || c == '\\':
			b.WriteString(`\` + string(rune(c)))
		case c < 0x20 || c >= 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteString("'")
	return b.String()
}
