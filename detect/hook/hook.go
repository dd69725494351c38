// Package hook finds, from the arguments a process was started with, what it is
// about to do to a login or logout hook: which key, which value, in which file.
//
// It reads arguments and nothing else: no clock, no files, no user database. The
// arguments belong to whoever started the process, so any bytes are accepted, work
// and output are bounded by their length, and nothing in them is run or followed.
// A fact is an attempt: whether it took effect is for the state of the file to say.
package hook

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// Operation says what a command does to a hook.
type Operation string

// The operations of a command.
const (
	Set    Operation = "set"    // a hook key gets a value
	Remove Operation = "remove" // a hook key, or all keys of its domain, go away
	Import Operation = "import" // the domain is filled from a file or stdin
	Edit   Operation = "edit"   // the hook file is changed; how, the arguments do not tell

	Execute Operation = "execute" // loginwindow runs the hook's program: no command of these
)

// Scope says whose preferences a file holds.
type Scope string

// The scopes of preferences files.
const (
	Root    Scope = "root"
	System  Scope = "system"
	User    Scope = "user"
	ByHost  Scope = "byhost"
	Managed Scope = "managed"
	Global  Scope = "global"
	Other   Scope = "other" // no folder that preferences are read from, or not known
)

// Fact is one thing a command does to a hook. An empty string means that the
// command does not tell, except for Value, which counts when HasValue is set.
type Fact struct {
	Tool      string // defaults, PlistBuddy or plutil
	Verb      string // the tool's own word; "stdin" for commands that argv does not show
	Operation Operation
	Key       string // in the spelling loginwindow reads
	Value     string // as the tool would store it
	HasValue  bool

	Source     string // the key the value is copied or renamed from
	SourceFile string // the file it is read from: absolute if that can be known, "-" for stdin

	Domain string // as the command names it
	Plist  string // the preferences file meant: absolute, clean, in macOS's spelling
	Scope  Scope

	// Strict is false when the command names a hook key, but not in preferences that
	// can hold a hook, or not where the tool looks for the key.
	Strict bool
}

// Input is a process as it was started.
type Input struct {
	Name             string // last element of the executable's resolved path
	Executable       string // used when Name is empty
	SigningID        string
	Args             []string // with argv[0], which decides nothing
	WorkingDirectory string
	EUID             uint32
	Home             string // of the effective user; not needed for root
	HostUUID         string // for ByHost file names
}

// The keys that make loginwindow run something, or let it.
const (
	LoginHook      = "LoginHook"
	LogoutHook     = "LogoutHook"
	EnableMCX      = "EnableMCXLoginScripts"
	MCXScriptTrust = "MCXScriptTrust"
)

// RunsProgram reports whether the value of a key is a program that loginwindow runs.
func RunsProgram(key string) bool { return key == LoginHook || key == LogoutHook }

// FirstPath returns what of a hook's value is most likely its program, as long as nobody
// looked at the disk.
func FirstPath(value string) string {
	if i := strings.IndexAny(value, " \t\n"); i > 0 {
		return value[:i]
	}
	return value
}

// maxPrograms bounds the programs of one value.
const maxPrograms = 4

// ProgramsOf returns the value of a hook, and each further line of it that may be the value by
// itself: where it is not certain which of several counts, a value has all of them, one a line.
func ProgramsOf(value string) []string {
	out := []string{value}
	for _, line := range strings.Split(value, "\n")[1:] {
		if strings.HasPrefix(line, "/") && len(out) < maxPrograms {
			out = append(out, line)
		}
	}
	return out
}

// canonicalKey returns the spelling loginwindow reads for a key that names a hook in
// any case, or "". Case is ignored because a rule that minds it is one shift key
// away from silence.
func canonicalKey(s string) string {
	for _, k := range [...]string{LoginHook, LogoutHook, EnableMCX, MCXScriptTrust} {
		if strings.EqualFold(s, k) {
			return k
		}
	}
	return ""
}

// The tools, in their own spelling.
const (
	toolDefaults   = "defaults"
	toolPlistBuddy = "PlistBuddy"
	toolPlutil     = "plutil"
)

var tools = [...]string{toolDefaults, toolPlistBuddy, toolPlutil}

// ToolOf returns which of the tools a program is, "" for none. It is asked for every
// exec of the host and does not allocate. The signature goes before the name.
func ToolOf(name, signingID string) string {
	return cmp.Or(toolOfSignature(signingID), toolOfName(name))
}

func toolOfSignature(id string) string {
	name, ok := strings.CutPrefix(id, "com.apple.")
	if ok && slices.Contains(tools[:], name) {
		return name
	}
	return ""
}

// toolOfName ignores case, as the volume does.
func toolOfName(name string) string {
	for _, t := range tools {
		if len(name) == len(t) && strings.EqualFold(name, t) {
			return t
		}
	}
	return ""
}

// Analyze returns what a process does to hooks, nil for nothing. Facts come in the
// order in which the tool would act, at most 64 of them.
func Analyze(in Input) []Fact {
	byName, bySignature := toolOfName(cmp.Or(in.Name, path.Base(in.Executable))), toolOfSignature(in.SigningID)
	if len(in.Args) < 2 || byName == "" && bySignature == "" {
		return nil
	}
	var out findings
	// The code decides what happens, not its name: a PlistBuddy copied to "defaults"
	// is still a PlistBuddy. But a signature can claim anything, so where the two
	// disagree both are believed.
	out.addAll(analyze(bySignature, &in))
	if byName != bySignature {
		out.addAll(analyze(byName, &in))
	}
	if (byName == toolDefaults || bySignature == toolDefaults) && !out.setsHook() {
		out.addAll(analyzeLoose(&in))
	}
	return out.facts
}

func analyze(tool string, in *Input) []Fact {
	switch tool {
	case toolDefaults:
		return analyzeDefaults(in)
	case toolPlistBuddy:
		return analyzePlistBuddy(in)
	case toolPlutil:
		return analyzePlutil(in)
	}
	return nil
}

// maxFacts bounds what one command can say: an alert is made of each fact, and one
// command line has room for ten thousand.
const maxFacts = 64

// findings collects the facts of one command.
type findings struct{ facts []Fact }

func (f *findings) addAll(facts []Fact) {
	for i := range facts {
		f.addFact(facts[i])
	}
}

// addFact keeps a fact. When there is no room, a fact that a later one undoes goes first,
// then the oldest of those that matter least: a flood of decoys in front of the
// command that counts, or behind it, must not push that one out.
func (f *findings) addFact(n Fact) {
	if len(f.facts) < maxFacts {
		f.facts = append(f.facts, n)
		return
	}
	victim := 0
	for i := range f.facts {
		o := &f.facts[i]
		if o.Key == n.Key && o.Plist == n.Plist && o.Operation == n.Operation && o.Domain == n.Domain {
			victim = i
			break
		}
		if weight(o) < weight(&f.facts[victim]) {
			victim = i
		}
	}
	if weight(&n) < weight(&f.facts[victim]) {
		return
	}
	copy(f.facts[victim:], f.facts[victim+1:])
	f.facts[len(f.facts)-1] = n
}

// weight orders facts by how likely loginwindow acts on them: the owner of the file
// first, then whether a program is named.
func weight(f *Fact) int {
	w := 0
	switch f.Scope {
	case Root, System, Managed:
		w = 8
	case User, ByHost, Global:
		w = 4
	}
	if RunsProgram(f.Key) {
		w += 2
	}
	if f.Operation == Set {
		w++
	}
	return w
}

// setsHook reports whether a login or logout hook is set.
func (f *findings) setsHook() bool {
	return slices.ContainsFunc(f.facts, func(k Fact) bool { return k.Operation == Set && RunsProgram(k.Key) })
}

// analyzeLoose finds a defaults command that has the word write and a hook key anywhere in
// its arguments, whatever the tool would make of it. Rules that look at arguments one by one
// fire on this, and so must a rule on facts.
func analyzeLoose(in *Input) []Fact {
	isHook := func(s string) bool { return RunsProgram(canonicalKey(s)) }
	write, named := slices.Index(in.Args, "write"), slices.IndexFunc(in.Args, isHook)
	if write < 0 || named < 0 {
		return nil
	}
	r := reach{full: true}
	if write > 0 {
		r.take(in.Args[1:write])
	}
	t, rest, _ := r.domainTarget(in, in.Args[write+1:])
	f := Fact{Verb: "write", Operation: Set, Key: canonicalKey(in.Args[named])}
	if i := slices.IndexFunc(rest, isHook); i >= 0 {
		f.Key = canonicalKey(rest[i])
		f.Value, f.HasValue = typedValue(rest[i+1:])
	}
	t.relevant = false
	return []Fact{t.complete(toolDefaults, f)}
}
