package program

import (
	"strings"

	"hooksnare/pkg/event"
)

// maxSplits bounds what of a value is looked up on the disk.
const maxSplits = 64

// splitValue returns what of a value may be the path of its program, shortest first: each
// beginning that ends before a break, and the whole. How loginwindow splits a value is not
// documented, so none is ruled out but what no path can be.
func splitValue(value string) []string {
	if !strings.HasPrefix(value, "/") {
		return nil
	}
	var out []string
	for i := 1; i < len(value) && i <= event.MaxPath && len(out) < maxSplits-1; i++ {
		if strings.IndexByte(event.Breaks, value[i]) < 0 {
			continue
		}
		out = append(out, value[:i])
		if value[i] == 0 {
			return out // a path ends there
		}
	}
	if len(value) <= event.MaxPath && strings.IndexByte(value, 0) < 0 {
		out = append(out, value)
	}
	return out
}

// argumentsOf returns what follows the program in a value.
func argumentsOf(value, program string) string {
	rest := value[len(program):]
	if rest != "" && strings.IndexByte(event.Breaks, rest[0]) >= 0 {
		return rest[1:]
	}
	return rest
}

// isOneAbsolutePath reports whether a value can be read in no other way than as a path from
// the root, with or without arguments.
func isOneAbsolutePath(value string) bool {
	return strings.HasPrefix(value, "/") && !strings.ContainsAny(value, "\x00\n\r")
}
