// Package hook tells, from the arguments a process was started with, what it is
// about to do to a login or logout hook: which key, which value, in which file.
//
// It reads arguments and nothing else: no clock, no files, no user database. The
// arguments belong to whoever started the process, so any bytes are accepted, work
// and output are bounded by their length, and nothing in them is run or followed.
// A fact is an attempt: whether it took effect is for the state of the file to say.
package hook

import "strings"

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

// hookKey is canonicalKey for the two keys that name a program.
func hookKey(s string) string {
	switch k := canonicalKey(s); k {
	case LoginHook, LogoutHook:
		return k
	}
	return ""
}

// Analyze returns what a process does to hooks, nil for nothing. Facts come in the
// order in which the tool would act, at most 64 of them.
func Analyze(in Input) []Fact {
	name := in.Name
	if name == "" {
		name = in.Executable[strings.LastIndexByte(in.Executable, '/')+1:]
	}
	byName, bySignature := toolOfName(name), toolOfSignature(in.SigningID)
	if byName == "" && bySignature == "" {
		return nil
	}
	var out findings
	// The code decides what happens, not its name: a PlistBuddy copied to "defaults"
	// is still a PlistBuddy. But a signature can claim anything, so where the two
	// disagree both are believed.
	analyze(bySignature, &in, &out)
	if byName != bySignature {
		analyze(byName, &in, &out)
	}
	if (byName == toolDefaults || bySignature == toolDefaults) && !out.setsHook() {
		analyzeLoose(&in, &out)
	}
	return out.facts
}

func analyze(tool string, in *Input, out *findings) {
	if len(in.Args) < 2 {
		return
	}
	var found []Fact
	switch tool {
	case toolDefaults:
		found = analyzeDefaults(in)
	case toolPlistBuddy:
		found = analyzePlistBuddy(in)
	case toolPlutil:
		found = analyzePlutil(in)
	}
	for i := range found {
		out.add(found[i])
	}
}
