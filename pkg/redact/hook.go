package redact

import "strings"

// hookValue returns where the value of a login or logout hook begins, and so where
// redaction ends: it is what an investigation is about, whatever it looks like and
// whichever program writes it.
func hookValue(words []word) int {
	writes := false
	for i := range words {
		text := words[i].text
		if writes && isHook(strings.TrimPrefix(text, ":")) {
			return i + 1
		}
		switch len(text) {
		case len("write"), len("-insert"), len("-replace"):
			writes = writes || strings.EqualFold(text, "write") || strings.EqualFold(text, "-insert") || strings.EqualFold(text, "-replace")
		}
	}
	return len(words)
}

func isHook(key string) bool {
	return strings.EqualFold(key, "LoginHook") || strings.EqualFold(key, "LogoutHook")
}

// holdsHook reports whether a word is a dictionary or a PlistBuddy command with the
// value of a hook in it.
func holdsHook(text string) bool {
	text = strings.TrimLeft(text, " \t\n")
	switch {
	case strings.HasPrefix(text, "<"):
		return containsFold(text, "<key>loginhook<") || containsFold(text, "<key>logouthook<")
	case strings.HasPrefix(text, "{"):
		return setsKey(text, "loginhook") || setsKey(text, "logouthook")
	case hasPrefixFold(text, "add "), hasPrefixFold(text, "set "):
		entry, _, _ := strings.Cut(strings.TrimLeft(text[len("add "):], " "), " ")
		return isHook(lastKey(entry))
	}
	return false
}

// setsKey reports whether a key stands in a text with an equals sign after it.
func setsKey(text, key string) bool {
	for {
		at := indexFold(text, key)
		if at < 0 {
			return false
		}
		text = text[at+len(key):]
		if rest := strings.TrimLeft(strings.TrimPrefix(text, `"`), " \t\n"); strings.HasPrefix(rest, "=") {
			return true
		}
	}
}
