package detect

import (
	"path"
	"slices"
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
// path, also within a script that a shell is given, or by domain. A command that is known
// to change nothing of hooks names none: it would be taken for the cause of what another
// program did a moment later. home is the effective user's home folder, "" if not known.
func Named(ev *event.Event, home string) []string {
	x := ev.Process.Exec
	if ev.Kind != event.ExecKind || x == nil || onlyReads(ev) {
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

// readers are programs that print what they are given and change nothing of it, by name. A
// program that takes such a name gains nothing: its change has no known cause then.
var readers = map[string]bool{
	"bat": true, "cat": true, "cksum": true, "cmp": true, "diff": true, "file": true, "find": true, "grep": true, "egrep": true, "fgrep": true,
	"head": true, "hexdump": true, "less": true, "ls": true, "lsof": true, "md5": true, "mdls": true, "more": true, "od": true, "rg": true,
	"shasum": true, "stat": true, "strings": true, "tail": true, "wc": true, "xxd": true,
}

// onlyReads reports whether a command is known to leave the values of hooks as they are.
// The arguments of defaults show what it does to them.
func onlyReads(ev *event.Event) bool {
	name, args := ev.Process.Name(), ev.Process.Exec.Args
	switch hook.ToolOf(name, ev.Process.Image.SigningID) {
	case "defaults":
		return true
	case "plutil":
		return len(args) > 1 && slices.Contains([]string{"-p", "-lint", "-type", "-help"}, args[1])
	case "PlistBuddy":
		return prints(args)
	}
	return readers[name]
}

// prints reports whether the commands that PlistBuddy is given do no more than print.
func prints(args []string) bool {
	commands := 0
	for i := 1; i+1 < len(args); i++ {
		if args[i] != "-c" {
			continue
		}
		i, commands = i+1, commands+1
		if verb, _, _ := strings.Cut(strings.TrimLeft(args[i], " "), " "); !strings.EqualFold(verb, "Print") {
			return false
		}
	}
	return commands > 0
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
	word = strings.TrimLeft(word, ":") // as PlistBuddy has it before a key
	if home == "" && uid == 0 {
		home = rootHome
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
