package redact

import (
	"regexp"
	"strings"
)

// hookCommand returns where the command begins that writes a hook or another key of
// the preferences that hooks are in, len(words) if none does. From there on nothing is
// removed: it is what an investigation is about.
func (s *scan) hookCommand(words []word) int {
	program, writes := -1, false
	for i := range words {
		text := s.text(words[i])
		switch {
		case writes && containsHook(text) && hookName.MatchString(text):
			return program
		case len(text) > 64:
		case strings.EqualFold(text, "write"), strings.EqualFold(text, "-insert"), strings.EqualFold(text, "-replace"):
			if writes = true; program < 0 {
				program = max(0, i-1)
			}
		case strings.HasSuffix(text, "defaults"), strings.HasSuffix(text, "plutil"):
			program = i
		}
	}
	return len(words)
}

// keepCommand protects the words of a command that writes a hook, and returns those that are not the
// command's own: a shell feeds them to whatever runs it, which may ask for a password.
func (s *scan) keepCommand(words []word) (fed []word) {
	for _, w := range words {
		switch w.kind {
		case argument:
			s.keptFrom = min(s.keptFrom, w.arg)
		case plain:
			s.kept = append(s.kept, w.span)
		default:
			fed = append(fed, w)
		}
	}
	return fed
}

var (
	// hookName matches the key of a hook, and the preferences that hooks are in as a
	// domain or a file.
	hookName = regexp.MustCompile(`(?i)^(?::?log(?:in|out)hook|(?:.*/)?com\.apple\.loginwindow(?:\.plist)?)$`)

	// hookValue matches a dictionary or a PlistBuddy command with the value of a hook in it.
	hookValue = regexp.MustCompile(`(?is)^\s*(?:<.*<key>log(?:in|out)hook<|\{.*log(?:in|out)hook"?\s*=|(?:add|set) +(?:\S*[:.])?log(?:in|out)hook(?:\s|$))`)
)

func holdsHook(text string) bool {
	return containsHook(text) && hookValue.MatchString(text)
}

// containsHook reports whether a text names a hook or the preferences that hooks are in.
func containsHook(text string) bool {
	for i := 0; i+len("loginhook") <= len(text); i++ {
		if c := text[i] | 0x20; c == 'l' && (hasPrefixFold(text[i:], "loginhook") || hasPrefixFold(text[i:], "logouthook")) ||
			c == 'c' && hasPrefixFold(text[i:], "com.apple.loginwindow") {
			return true
		}
	}
	return false
}
