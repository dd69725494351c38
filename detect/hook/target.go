package hook

import (
	"slices"
	"strings"
)

// target is the preferences a command is aimed at.
type target struct {
	domain string // as the command names it
	plist  string
	scope  Scope

	relevant bool // can hold a hook
	possible bool // may hold one: the command does not show which file it means
}

// complete adds to a fact of a tool which preferences it is about.
func (t *target) complete(tool string, f Fact) Fact {
	f.Tool, f.Domain, f.Plist, f.Scope, f.Strict = tool, t.domain, t.plist, t.scope, t.relevant
	return f
}

// hasKeys reports whether a command that names a hook key is worth reporting here.
func (t *target) hasKeys() bool { return t.relevant || t.possible }

// pathTarget is the target that a path names. Of files that are none of ours no more
// is worked out unless full is set: most commands are about those, and one command
// can name a hundred thousand.
func pathTarget(in *Input, file string, full bool) target {
	t := target{domain: file, scope: Other, relevant: holdsHook(file)}
	if !t.relevant && !full && !strings.HasPrefix(file, "/") {
		return t
	}
	p := resolve(in, file)
	t.relevant = t.relevant && !isSimulated(p)
	t.possible = !t.relevant && isNameless(p)
	if p != "" && (t.hasKeys() || full) {
		t.plist = spell(p)
		t.scope = ScopeOf(t.plist)
	}
	return t
}

// reach is what the options of defaults say about where a domain lives.
type reach struct {
	currentHost bool
	host        string
	container   string

	full bool // work out the file of any domain, not only of those that can hold a hook
}

// take removes the options in front of args. The tool wants them before its verb and
// in this spelling; any order, place and case is accepted here, since a command that
// the tool refuses is still an attempt.
func (r *reach) take(args []string) []string {
	for len(args) > 0 {
		n := 1
		switch a := args[0]; {
		case a == "--":
		case strings.EqualFold(a, "-currentHost"):
			r.currentHost = true
		case strings.EqualFold(a, "-host") && len(args) > 1:
			r.host = args[1]
			n = 2
		case strings.EqualFold(a, "-container") && len(args) > 1:
			r.container = args[1]
			n = 2
		default:
			return args
		}
		args = args[n:]
	}
	return args
}

// domainTarget reads the domain in front of args and returns the arguments after it.
// ok is false if there is none.
func (r *reach) domainTarget(in *Input, args []string) (t target, rest []string, ok bool) {
	args = r.take(args)
	if len(args) == 0 {
		return target{scope: Other}, nil, false
	}
	d, rest := args[0], args[1:]
	switch {
	case strings.EqualFold(d, "-app") && len(rest) > 0:
		if appDomain(rest[0]) == "" { // its bundle may have any identifier, loginwindow's too
			return target{domain: rest[0], scope: Other, possible: true}, rest[1:], true
		}
		return r.named(in, rest[0], domainLoginwindow), rest[1:], true
	case isGlobalName(d):
		if d[0] == '-' {
			d = "NSGlobalDomain"
		}
		return r.named(in, d, domainGlobal), rest, true
	case isPath(d):
		t = pathTarget(in, d, r.full)
		if _, ext := cutExtension(t.plist); t.plist != "" && !t.possible && !ext {
			t.plist += extension // as the tool does
		}
		return t, rest, true
	}
	return r.named(in, d, d), rest, true
}

// isGlobalName reports whether a domain or an option means the global domain.
func isGlobalName(d string) bool { return isAnyOf(d, globalNames[:]) }

func isAnyOf(s string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(s, name) })
}

var globalNames = [...]string{"NSGlobalDomain", "Apple Global Domain", "kCFPreferencesAnyApplication", "-g", "-globalDomain"}

// isPath reports whether a domain is given as a path. A name of ours with .plist at its end can only be
// meant as a file in the working directory.
func isPath(d string) bool {
	if strings.IndexByte(d, '/') >= 0 || strings.HasPrefix(d, "~") {
		return true
	}
	_, ext := cutExtension(d)
	return ext && holdsHook(d)
}

// named is the target of a domain given by name, whose file is stem.plist.
func (r *reach) named(in *Input, domain, stem string) target {
	d, _ := preferencesName(stem)
	t := target{domain: domain, scope: r.scopeOf(in, d), relevant: d != ""}
	if !t.relevant && !r.full {
		return t
	}
	folder := r.folder(in)
	if folder == "" || stem == "" || stem == "." || stem == ".." {
		return t
	}
	switch {
	case r.host != "":
		return t // how macOS writes another host's name is not known
	case r.currentHost && in.HostUUID == "":
		return t
	case r.currentHost:
		stem = "ByHost/" + stem + "." + in.HostUUID
	}
	t.plist = spell(CanonicalPath(folder + "/" + stem + extension))
	t.scope = ScopeOf(t.plist)
	return t
}

// scopeOf returns whose preferences a named domain is in when its file is not known.
func (r *reach) scopeOf(in *Input, domain string) Scope {
	switch {
	case r.container != "":
		return Other
	case r.currentHost || r.host != "":
		return ByHost
	case domain == domainGlobal:
		return Global
	case in.EUID == 0:
		return Root
	}
	return User
}

// folder returns where named domains live. A container given by its identifier may
// be one of two folders, so only one given by its path is known.
func (r *reach) folder(in *Input) string {
	home := homeOf(in)
	if r.container != "" {
		home = ""
		if strings.HasPrefix(r.container, "/") || strings.HasPrefix(r.container, "~") {
			home = resolve(in, r.container)
		}
	}
	if home == "" {
		return ""
	}
	return home + "/Library/Preferences"
}
