package detect

import (
	"path"
	"strings"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// Bounds of what is looked at in a command, and of the files that it may name.
const (
	namedBytes = 64 << 10 // of one argument
	maxNamed   = 16
)

// hints are parts of what names preferences: an argument without any names none.
var hints = [...]string{"oginwindow", "Preferences", "LoginHook", "LogoutHook", "/ttys"}

// Named returns the preferences files, or the folders of such, that a command names: by
// path, also within a script that a shell is given, or by domain. home is the effective
// user's home folder, "" if not known.
func Named(ev *event.Event, home string) []string {
	x := ev.Process.Exec
	if ev.Kind != event.ExecKind || x == nil {
		return nil
	}
	var out []string
	for _, arg := range x.Args {
		if !hinted(arg) {
			continue
		}
		for _, word := range strings.FieldsFunc(arg[:min(len(arg), namedBytes)], divides) {
			if file := namedBy(word, x.WorkingDirectory, home, ev.Process.Token.EUID); file != "" && len(out) < maxNamed {
				out = append(out, file)
			}
		}
	}
	return out
}

func hinted(arg string) bool {
	for _, h := range hints {
		if strings.Contains(arg, h) {
			return true
		}
	}
	return false
}

// divides reports whether a character ends a word in the languages of shells and scripts.
func divides(r rune) bool { return strings.ContainsRune(" \t\r\n'\"`<>|;&(){}[],=\\", r) }

// namedBy returns the file that a word names, "" for none.
func namedBy(word, folder, home string, uid uint32) string {
	if home == "" && uid == 0 {
		home = "/private/var/root"
	}
	switch word {
	case hook.LoginHook, hook.LogoutHook, "com.apple.loginwindow":
		if home == "" {
			return ""
		}
		return hook.CanonicalPath(path.Join(home, "Library/Preferences/com.apple.loginwindow.plist"))
	}
	if rest, ok := strings.CutPrefix(word, "~/"); ok && home != "" {
		word = path.Join(home, rest)
	}
	if !hinted(word) || !strings.HasPrefix(word, "/") && !strings.HasSuffix(word, ".plist") && !strings.Contains(word, "/") {
		return ""
	}
	if !strings.HasPrefix(word, "/") {
		if folder == "" {
			return ""
		}
		word = path.Join(folder, word)
	}
	return hook.CanonicalPath(word)
}
