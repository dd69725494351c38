package document

import (
	"fmt"
	"strings"
	"unicode"

	"hooksnare/detect/hook"
	"hooksnare/pkg/clip"
	"hooksnare/pkg/event"
)

// undoCommand returns the command that takes back what a command did to a hook, "" where
// that can't be known: what was removed is not in the command that removed it.
func undoCommand(k *hook.Fact) string {
	if k.Operation != hook.Set || k.Key == "" || !strings.HasPrefix(k.Plist, "/") || clip.Path(k.Plist) != k.Plist {
		return ""
	}
	if strings.ContainsRune(k.Plist, unicode.ReplacementChar) {
		return "" // it stands for bytes that are not known
	}
	// defaults takes a path without its extension as well, and keeps cfprefsd in the picture.
	return "sudo /usr/bin/defaults delete " + shellQuote(strings.TrimSuffix(k.Plist, ".plist")) + " " + shellQuote(k.Key)
}

// UndoChange returns the command that takes back a change: what was there before is written again,
// what was not is removed. "" where no command can be sure to.
func UndoChange(ch *event.Change) string {
	if !strings.HasPrefix(ch.File, "/") || clip.Path(ch.File) != ch.File || !strings.HasSuffix(ch.File, ".plist") || strings.ContainsRune(ch.File, unicode.ReplacementChar) {
		return ""
	}
	command := func(verb string, rest ...string) string {
		words := []string{"sudo /usr/bin/defaults", verb, shellQuote(strings.TrimSuffix(ch.File, ".plist")), shellQuote(ch.Key)}
		return strings.Join(append(words, rest...), " ")
	}
	switch {
	case ch.Old != nil && (ch.Key == hook.LoginHook || ch.Key == hook.LogoutHook) && clip.Text(*ch.Old, clip.ValueBytes) == *ch.Old && !strings.ContainsRune(*ch.Old, unicode.ReplacementChar):
		return command("write", "-string", shellQuote(*ch.Old))
	case ch.Old == nil && ch.New != nil:
		return command("delete")
	}
	return ""
}

// shellQuote returns s as one word of bash and zsh, in which nothing is special and all
// shows. What is printable is quoted as any shell takes it.
func shellQuote(s string) string {
	plain, simple := true, s != "" && s[0] != '=' // zsh expands =word
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
