package hook

import (
	"path"
	"regexp"
	"strings"
)

// The names a preferences file that can hold a hook has, without .plist. The second
// is how the first was called before domains were in reverse DNS.
const (
	domainLoginwindow = "com.apple.loginwindow"
	domainLegacy      = "loginwindow"
	domainGlobal      = ".GlobalPreferences"
)

const extension = ".plist"

// preferencesName returns the domain a file's name stands for, in macOS's spelling,
// and the host part of a ByHost name; "" if the file can't hold a hook.
func preferencesName(base string) (domain, host string) {
	base, _ = cutExtension(base)
	for _, d := range [...]string{domainLoginwindow, domainGlobal, domainLegacy} {
		if len(base) < len(d) || !strings.EqualFold(base[:len(d)], d) {
			continue
		}
		if len(base) == len(d) {
			return d, ""
		}
		if rest := base[len(d):]; rest[0] == '.' && hostName.MatchString(rest[1:]) {
			return d, rest[1:]
		}
	}
	return "", ""
}

// hostName is what macOS puts into a ByHost name: a hardware UUID, or on old systems the
// twelve digits of an Ethernet address.
var hostName = regexp.MustCompile(`^([0-9A-Fa-f-]{36}|[0-9A-Fa-f]{12})$`)

func cutExtension(base string) (string, bool) {
	if n := len(base) - len(extension); n > 0 && strings.EqualFold(base[n:], extension) {
		return base[:n], true
	}
	return base, false
}

// holdsHook reports whether a path names a file that can hold a hook.
func holdsHook(p string) bool {
	d, _ := preferencesName(path.Base(p))
	return d != ""
}

// isSimulated reports whether a canonical path lies on the disk of a simulated device, which
// nothing of the Mac reads.
func isSimulated(p string) bool {
	return strings.Contains(p, "/Library/Developer/CoreSimulator/Devices/")
}

// isSimulatorTool reports whether a program is part of the system of a simulated device, whose
// preferences are that device's. Where anyone could put a program it is not believed: a copy of
// the Mac's own defaults would write the Mac's preferences.
func isSimulatorTool(executable string) bool {
	p := CanonicalPath(executable)
	return strings.Contains(p, ".simruntime/Contents/Resources/RuntimeRoot/") &&
		(strings.HasPrefix(p, "/Library/Developer/CoreSimulator/") || strings.HasPrefix(p, "/Applications/Xcode"))
}

// isNameless reports whether a path reaches a file by its number or descriptor, so that
// its name, and with it what it holds, does not show.
func isNameless(p string) bool {
	for _, prefix := range [...]string{"/.vol", "/dev/fd"} {
		if rest, ok := cutElements(p, prefix); ok && rest != "/" {
			return true
		}
	}
	return false
}

// ScopeOf returns whose preferences a file holds, by its canonical path.
func ScopeOf(plist string) Scope {
	if plist == "" || plist[0] != '/' {
		return Other
	}
	dir, base := path.Split(plist)
	dir = strings.TrimSuffix(dir, "/")
	if _, ok := cutElements(dir, "/Library/Managed Preferences"); ok {
		return Managed
	}
	up, inByHost := cutSuffixFold(dir, "/ByHost")
	if inByHost {
		dir = up
	}
	owner, ok := cutSuffixFold(dir, "/Library/Preferences")
	if !ok || otherVolume(owner) || isSimulated(plist) {
		return Other
	}
	if inByHost {
		return ByHost
	}
	if d, _ := preferencesName(base); d == domainGlobal {
		return Global
	}
	switch {
	case owner == "":
		return System
	case strings.EqualFold(owner, rootHome):
		return Root
	}
	return User
}

// otherVolume reports whether a folder that holds Library is the root of a volume other
// than the running system's, or root's home there: nothing reads it now.
func otherVolume(owner string) bool {
	rest, ok := cutElements(owner, "/Volumes")
	if !ok {
		return false
	}
	volume, inside, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	return volume == "" || inside == "" || strings.EqualFold(CanonicalPath("/"+inside), rootHome)
}

func cutSuffixFold(s, suffix string) (string, bool) {
	if n := len(s) - len(suffix); n >= 0 && strings.EqualFold(s[n:], suffix) {
		return s[:n], true
	}
	return s, false
}

// spell gives the parts of a preferences path that macOS names its own spelling: on a
// volume that ignores case, /library/preferences/COM.APPLE.LOGINWINDOW.plist is the
// same file, and it should be one file to the reader and to whatever compares paths.
func spell(p string) string {
	dir, base := path.Split(p)
	dir = strings.TrimSuffix(dir, "/")
	if d, _ := preferencesName(base); d != "" {
		if stem, ok := cutExtension(base); ok {
			base = stem + extension
		}
		base = d + base[len(d):]
	}
	for _, s := range [...]string{"/Library/Preferences/ByHost", "/Library/Preferences"} {
		if up, ok := cutSuffixFold(dir, s); ok {
			dir = up + s
			break
		}
	}
	for _, s := range [...]string{"/Library/Managed Preferences", rootHome, "/Users"} {
		if rest, ok := cutElements(dir, s); ok {
			dir = join(s, rest)
			break
		}
	}
	return dir + "/" + base
}

// DomainOf returns the name of the preferences file, without .plist, that a domain means as
// a command names it: "" for one that can't hold a hook.
func DomainOf(domain string) string {
	if isGlobalName(domain) {
		return domainGlobal
	}
	if d, _ := preferencesName(path.Base(domain)); d != "" {
		return d
	}
	return appDomain(domain)
}

// appDomain returns the domain of an application, "" for any other than loginwindow: which
// file another has is in its bundle.
func appDomain(app string) string {
	name := path.Base(app)
	if n, ok := cutSuffixFold(name, ".app"); ok {
		name = n
	}
	if strings.EqualFold(name, "loginwindow") || strings.EqualFold(name, "login window") || holdsHook(name) {
		return domainLoginwindow
	}
	return ""
}
