package hook

import "strings"

// target is the preferences a command is aimed at.
type target struct {
	domain string // as the command names it
	plist  string
	scope  Scope

	relevant bool // can hold a hook
	nameless bool // may hold one: see isNameless
}

// complete adds to a fact of a tool which preferences it is about.
func (t *target) complete(tool string, f Fact) Fact {
	f.Tool, f.Domain, f.Plist, f.Scope, f.Strict = tool, t.domain, t.plist, t.scope, t.relevant
	return f
}

// hasKeys reports whether a command that names a hook key is worth reporting here.
func (t *target) hasKeys() bool { return t.relevant || t.nameless }

// pathTarget is the target that a path names. Of files that are none of ours no more
// is worked out unless full is set: most commands are about those, and one command
// can name a hundred thousand.
func pathTarget(in *Input, file string, full bool) target {
	t := target{domain: file, scope: Other, relevant: holdsHook(file)}
	if !t.relevant && !full && !strings.HasPrefix(file, "/") {
		return t
	}
	p := resolve(in, file)
	t.nameless = !t.relevant && isNameless(p)
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
		return r.appTarget(in, rest[0]), rest[1:], true
	case strings.EqualFold(d, "-g"), strings.EqualFold(d, "-globalDomain"):
		return r.named(in, "NSGlobalDomain", domainGlobal), rest, true
	case isGlobalName(d):
		return r.named(in, d, domainGlobal), rest, true
	case isPath(d):
		return r.file(in, d), rest, true
	}
	return r.named(in, d, d), rest, true
}

func isGlobalName(d string) bool {
	return strings.EqualFold(d, "NSGlobalDomain") ||
		strings.EqualFold(d, "Apple Global Domain") ||
		strings.EqualFold(d, "kCFPreferencesAnyApplication")
}

// isPath tells a path from a name. A name of ours with .plist at its end can only be
// meant as a file in the working directory.
func isPath(d string) bool {
	if strings.IndexByte(d, '/') >= 0 || strings.HasPrefix(d, "~") {
		return true
	}
	_, ext := cutExtension(d)
	return ext && holdsHook(d)
}

// file is the target of a domain given as a path, to which the tool adds .plist.
func (r *reach) file(in *Input, d string) target {
	t := pathTarget(in, d, r.full)
	if t.plist == "" || t.nameless {
		return t
	}
	if _, ext := cutExtension(t.plist); !ext {
		t.plist += extension
	}
	return t
}

// appTarget is the target of -app, which takes an application's name or path. Only
// loginwindow's is known here; which file another has is in its bundle.
func (r *reach) appTarget(in *Input, app string) target {
	name := strings.TrimRight(app, "/")
	name = name[strings.LastIndexByte(name, '/')+1:]
	if n, ok := cutSuffixFold(name, ".app"); ok {
		name = n
	}
	if strings.EqualFold(name, "loginwindow") || strings.EqualFold(name, "login window") || holdsHook(name) {
		return r.named(in, app, domainLoginwindow)
	}
	return target{domain: app, scope: Other}
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
