package event

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// MaxPath is the longest path that macOS takes, in bytes.
const MaxPath = 1024

// Breaks are the bytes at which a hook's value may be cut into a program and its arguments.
const Breaks = " \t\r\n\v\f\x00"

// named is what a path ends in that has the whole name of a program in it.
var named = regexp.MustCompile(`\.[A-Za-z]{1,10}$`)

// ProgramPath returns what of a hook's value is most likely the path of its program, by its words
// alone: for a value of which nothing was found on the disk, or that nobody looked up. A folder's name
// may have spaces, and goes on as long as a word has a slash inside; so may the name of a program,
// up to its extension.
func ProgramPath(value string) string {
	value = value[:min(len(value), MaxPath)]
	end := wordEnd(value, 0)
	if !strings.HasPrefix(value, "/") {
		return value[:end]
	}
	for at := end; at < len(value) && value[at] != 0 && !isWhole(value[:end]); {
		next := wordEnd(value, at+1)
		word := value[at+1 : next]
		if word != "" && strings.IndexByte("-/'\"$;|&<>(", word[0]) >= 0 {
			break
		}
		if strings.Contains(word, "/") || named.MatchString(word) {
			end = next
		}
		at = next
	}
	return value[:end]
}

// wordEnd returns where the word of a value that begins at a place ends.
func wordEnd(value string, at int) int {
	if i := strings.IndexAny(value[at:], Breaks); i >= 0 {
		return at + i
	}
	return len(value)
}

// isWhole reports whether a path can be that of a program without what follows.
func isWhole(p string) bool {
	return named.MatchString(p) || slices.Contains([]string{"bin", "sbin", "libexec"}, path.Base(path.Dir(p)))
}
