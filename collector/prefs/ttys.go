package prefs

import (
	"slices"
	"strings"
)

// Bounds on what is read of ttys(5): the file has some ten kilobytes.
const (
	maxTTYs = 1 << 20 // bytes
	maxArgs = 16      // hooks reported of one key
)

// parseTTYs returns the programs that loginwindow is told to run by its arguments in a
// line of /etc/ttys, the way hooks were set before there was a key for them:
//
//	console "/System/.../loginwindow -LoginHook /path" vt100 on secure
//
// A key that several lines set has all their values, one a line: which of them counts is
// not known. Anything else in the file is ignored.
func parseTTYs(b []byte) (out values, uncertain bool, err error) {
	var found [2][]string
	for line := range strings.Lines(string(b)) {
		if !strings.Contains(line, "loginwindow") {
			continue
		}
		for _, command := range splitFields(line, true) {
			if strings.Contains(command, "loginwindow") {
				hookArguments(command, &found)
			}
		}
	}
	for i, v := range found {
		out[i] = joinedValue(v)
	}
	return out, false, nil
}

// hookArguments adds the hooks a command names.
func hookArguments(command string, found *[2][]string) {
	words := splitFields(command, false)
	for i, w := range words {
		for k, key := range keys[:len(found)] {
			if w == "-"+key && i+1 < len(words) && len(found[k]) < maxArgs && !slices.Contains(found[k], words[i+1]) {
				found[k] = append(found[k], words[i+1])
			}
		}
	}
}

// splitFields splits at white space. Double quotes hold a field together, a backslash takes
// the next byte as it is, and where comments may stand # outside of quotes begins one.
func splitFields(s string, comments bool) []string {
	var out []string
	var field strings.Builder
	quoted, open := false, false
	end := func() {
		if open {
			out = append(out, field.String())
			field.Reset()
			open = false
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && s[i+1] != '\n':
			i++
			field.WriteByte(s[i])
			open = true
		case c == '"':
			quoted, open = !quoted, true
		case comments && !quoted && c == '#':
			end()
			return out
		case c == '\n' || c == '\r' || !quoted && (c == ' ' || c == '\t'):
			end()
		default:
			field.WriteByte(c)
			open = true
		}
	}
	end()
	return out
}
