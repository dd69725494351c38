package hook

import (
	"cmp"
	"path"
	"strings"
)

const rootHome = "/private/var/root"

// rootAliases are folders that lead to the root folder again: where the data volume
// is mounted (its folders appear at the root by firmlinks), the link that has the
// startup volume's name as delivered, and the prefix that keeps the kernel from
// following links.
var rootAliases = [...]string{"/System/Volumes/Data", "/Volumes/Macintosh HD", "/.nofollow"}

// CanonicalPath returns the one spelling of an absolute path that is compared and
// shown: without //, . and .., with /var, /tmp and /etc as the links they are, and
// without the other names of the root folder, such as the data volume's mount point.
// Case is kept, but for those first elements. It knows no other links: those are on
// the disk. A path that is not absolute is only cleaned.
func CanonicalPath(p string) string {
	if p == "" {
		return ""
	}
	p = path.Clean(p)
	if p[0] != '/' {
		return p
	}
	for cut := true; cut; {
		cut = false
		for _, alias := range rootAliases {
			if rest, ok := cutElements(p, alias); ok {
				p, cut = rest, true
			}
		}
	}
	return linked(p)
}

// linked replaces the links that macOS has in its root folder.
func linked(p string) string {
	inside, _ := cutElements(p, "/private")
	for _, link := range [...]string{"/var", "/tmp", "/etc"} {
		if rest, ok := cutElements(cmp.Or(inside, p), link); ok {
			return join("/private"+link, rest)
		}
	}
	return p
}

func join(dir, rest string) string {
	if rest == "/" {
		return dir
	}
	return dir + rest
}

// cutElements removes leading path elements, in any case, and returns the rest with
// its slash.
func cutElements(p, prefix string) (string, bool) {
	if len(p) < len(prefix) || !strings.EqualFold(p[:len(prefix)], prefix) {
		return "", false
	}
	switch rest := p[len(prefix):]; {
	case rest == "":
		return "/", true
	case rest[0] == '/':
		return rest, true
	}
	return "", false
}

// homeOf returns the home folder of the effective user, "" if it is not known.
func homeOf(in *Input) string {
	if in.EUID == 0 {
		return rootHome
	}
	if strings.HasPrefix(in.Home, "/") {
		return CanonicalPath(in.Home)
	}
	return ""
}

// resolve returns the absolute, canonical form of a path as a process means it, ""
// if that can't be known.
func resolve(in *Input, p string) string {
	switch {
	case p == "":
		return ""
	case p[0] == '/':
		return CanonicalPath(p)
	case p[0] == '~':
		return resolveTilde(in, p)
	case strings.HasPrefix(in.WorkingDirectory, "/"):
		return CanonicalPath(in.WorkingDirectory + "/" + p)
	}
	return ""
}

func resolveTilde(in *Input, p string) string {
	user, rest, _ := strings.Cut(p[1:], "/")
	home := homeOf(in)
	switch {
	case user == "":
	case user == "root":
		home = rootHome
	case user == "." || user == "..":
		return ""
	case home != rootHome && strings.EqualFold(path.Base(home), user):
	default:
		home = "/Users/" + user // where macOS puts a home unless told otherwise
	}
	if home == "" {
		return ""
	}
	return CanonicalPath(home + "/" + rest)
}
