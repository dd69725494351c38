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
	Key       string // as the command spells it; loginwindow reads no other spelling than that below
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

// RunsProgram reports whether the value of a key is a program that loginwindow runs. Case is
// ignored: to loginwindow loginhook is another key, but whoever writes that means a hook, and
// published rules find it.
func RunsProgram(key string) bool {
	return strings.EqualFold(key, LoginHook) || strings.EqualFold(key, LogoutHook)
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

// IsBlank reports whether a hook's value runs nothing: administrators write an empty one to remove
// a hook. White space is not a command to a shell, and as the name of a file it could only lie in the
// folder that loginwindow starts in or in those of its PATH, which macOS seals.
func IsBlank(value string) bool { return strings.Trim(value, " \t\r\n\v\f") == "" }

// hookKey returns a key as it is spelled if it names a hook in any case, or "".
func hookKey(s string) string {
	if RunsProgram(s) || strings.EqualFold(s, EnableMCX) || strings.EqualFold(s, MCXScriptTrust) {
		return strings.Clone(s) // and not keep an argument of a million bytes
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
	if i := slices.IndexFunc(tools[:], func(t string) bool { return strings.EqualFold(name, t) }); i >= 0 {
		return tools[i]
	}
	return ""
}

// Analyze returns what a process does to hooks, nil for nothing. Facts come in the
// order in which the tool would act, at most 64 of them.
func Analyze(in Input) []Fact {
	byName, bySignature := toolOfName(cmp.Or(in.Name, path.Base(in.Executable))), toolOfSignature(in.SigningID)
	if len(in.Args) < 2 || byName == "" && bySignature == "" || isSimulatorTool(in.Executable) {
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
	if (byName == toolDefaults || bySignature == toolDefaults) && !out.writesHook() {
		out.addAll(analyzeLoose(&in))
	}
	return out.facts
}

// Imitate returns what a process would do to hooks if it were one of the tools under another name
// and signature: a fact for each login or logout hook that its arguments set or remove.
func Imitate(in Input) []Fact {
	var out findings
	for _, tool := range tools {
		for _, f := range analyze(tool, &in) {
			if f.Strict && RunsProgram(f.Key) && (f.HasValue || f.Operation == Remove) {
				out.addFact(f)
			}
		}
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
	if n.Operation == Set && n.HasValue && RunsProgram(n.Key) && IsBlank(n.Value) {
		n.Operation, n.Value, n.HasValue = Remove, "", false
	}
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

// writesHook reports whether it is known what is written to a login or logout hook.
func (f *findings) writesHook() bool {
	return slices.ContainsFunc(f.facts, func(k Fact) bool {
		return RunsProgram(k.Key) && (k.Operation == Set || k.Verb == "write")
	})
}

// analyzeLoose finds a defaults command that has the word write and a hook key anywhere in
// its arguments, whatever the tool would make of it. Rules that look at arguments one by one
// fire on this, and so must a rule on facts.
func analyzeLoose(in *Input) []Fact {
	write, named := slices.Index(in.Args, "write"), slices.IndexFunc(in.Args, RunsProgram)
	if write < 0 || named < 0 {
		return nil
	}
	r := reach{full: true}
	r.take(in.Args[min(1, write):write])
	t, rest, _ := r.domainTarget(in, in.Args[write+1:])
	if isSimulated(t.plist) {
		return nil
	}
	f := Fact{Verb: "write", Operation: Set, Key: in.Args[named]}
	if i := slices.IndexFunc(rest, RunsProgram); i >= 0 {
		f.Key = rest[i]
		f.Value, f.HasValue = typedValue(rest[i+1:])
	}
	t.relevant = false
	return []Fact{t.complete(toolDefaults, f)}
}
