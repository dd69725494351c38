package prefs

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"
)

// Folders and names as a Mac knows them, without links.
const (
	rootHome      = "/private/var/root"
	usersFolder   = "/Users"
	library       = "/Library"
	managedFolder = "/Library/Managed Preferences"
	etcFolder     = "/private/etc"
	ttysFile      = "/private/etc/ttys"

	sharedFolder = "/Users/Shared" // the one folder in /Users that is nobody's home

	preferences = "/Library/Preferences" // in a home
	byHost      = "ByHost"               // in there
	extension   = ".plist"
)

// names are the files of a preferences folder that can hold a hook. The second is how the
// first was called before domains were in reverse DNS.
var names = [...]string{"com.apple.loginwindow.plist", "loginwindow.plist", ".GlobalPreferences.plist"}

// byHostStems are how the files of ByHost that can hold a hook begin.
var byHostStems = [...]string{"com.apple.loginwindow.", ".GlobalPreferences."}

// isListedHome reports whether a path is that of a home in /Users, all of which are scanned.
func isListedHome(name string) bool {
	return sameName(path.Dir(name), usersFolder) && !sameName(name, sharedFolder)
}

// asciiSpelling replaces what a Mac's file system folds to ASCII letters, beside their case.
func asciiSpelling(name string) string {
	if strings.IndexFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return name
	}
	return asciiLetters.Replace(name)
}

var asciiLetters = strings.NewReplacer("ſ", "s", "\u212a", "k", "ß", "ss", "ẞ", "ss",
	"ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl", "ﬅ", "st", "ﬆ", "st")

// sameName reports whether a Mac's file system, which ignores case, takes two names for one.
func sameName(a, b string) bool {
	return a == b || strings.EqualFold(asciiSpelling(a), asciiSpelling(b))
}

// byHostName returns the name of a ByHost file that can hold a hook in macOS's
// spelling, or "". A volume that ignores case opens it under any.
func byHostName(name string) string {
	name = asciiSpelling(name)
	for _, stem := range byHostStems {
		n, end := len(stem), len(name)-len(extension)
		if end > n && strings.EqualFold(name[:n], stem) && strings.EqualFold(name[end:], extension) {
			return stem + name[n:end] + extension
		}
	}
	return ""
}

// ScopeOf says whose preferences a file holds, by its path as a Mac knows it.
func ScopeOf(file string) string {
	dir, base := path.Split(file)
	switch {
	case file == ttysFile:
		return "ttys"
	case strings.HasPrefix(dir, managedFolder+"/"):
		return "managed"
	case strings.HasSuffix(dir, "/"+byHost+"/"):
		return "byhost"
	case base == names[2]:
		return "global"
	}
	switch onItsVolume(strings.TrimSuffix(dir, preferences+"/")) {
	case "":
		return "system"
	case rootHome:
		return "root"
	}
	return "user"
}

// onItsVolume returns a canonical path as a Mac that starts from the path's volume knows it.
func onItsVolume(name string) string {
	if inside, ok := strings.CutPrefix(name, "/Volumes/"); ok {
		_, name, found := strings.Cut(inside, "/")
		if !found {
			return ""
		}
		return canonicalPath("/" + name)
	}
	return name
}

// aliases are folders that lead to the root folder again: where the data volume is
// mounted (its folders appear at the root by firmlinks), and the startup volume's name as
// delivered.
var aliases = [...]string{"/System/Volumes/Data", "/Volumes/Macintosh HD"}

// canonicalPath returns the one spelling of an absolute path that is shown.
func canonicalPath(p string) string {
	p = path.Clean(p)
	for i := 0; i < len(aliases); i++ {
		if isBelow(p, aliases[i]) {
			p, i = path.Clean("/"+p[len(aliases[i]):]), -1
		}
	}
	for _, link := range [...]string{"/var", "/etc", "/tmp"} {
		if p == link || strings.HasPrefix(p, link+"/") {
			return "/private" + p
		}
	}
	return p
}

// withoutPrivate returns how a disk without /private, such as one made of plain folders, names a
// path; "" if it has no other name there.
func withoutPrivate(p string) string {
	for _, dir := range [...]string{"/var", "/etc", "/tmp"} {
		if strings.HasPrefix(p, "/private"+dir+"/") || p == "/private"+dir {
			return p[len("/private"):]
		}
	}
	return ""
}

// isBelow reports whether a path is a folder or lies in it.
func isBelow(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}

// CheckHomes reports why a collector can't scan home folders outside /Users: there are
// too many, or one can't be a home.
func CheckHomes(homes []string) error {
	if len(homes) > maxHomes {
		return fmt.Errorf("homes outside /Users: %d, more than the %d that are scanned", len(homes), maxHomes)
	}
	for _, h := range homes {
		if err := CheckHome(h); err != nil {
			return fmt.Errorf("home %.80q: %w", h, err)
		}
	}
	return nil
}

// CheckHome reports why a path, as a Mac knows it, can't be the home of a user.
func CheckHome(home string) error {
	if !strings.HasPrefix(home, "/") || strings.IndexByte(home, 0) >= 0 {
		return fmt.Errorf("expected the absolute path of a home folder, found %.80q", home)
	}
	at := canonicalPath(home)
	for _, other := range [...]string{"/", usersFolder, sharedFolder, library, managedFolder, etcFolder} {
		if sameName(at, other) {
			return fmt.Errorf("%s is not a home: name the home folders themselves", at)
		}
	}
	return nil
}
