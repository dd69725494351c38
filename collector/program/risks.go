package program

import (
	"path"
	"slices"
	"strings"

	"hooksnare/pkg/event"
)

// dataVolume is where macOS shows the volume of what is not its own once more.
const dataVolume = "/System/Volumes/Data"

// temporary are the folders into which every user can put or mount something.
var temporary = []string{
	"/tmp", "/private/tmp", "/var/tmp", "/private/var/tmp", "/var/folders", "/private/var/folders", "/Users/Shared", "/Volumes",
}

// shells run what their arguments say; a number at the end of a name is its version's.
var shells = []string{
	"sh", "bash", "zsh", "dash", "ksh", "csh", "tcsh", "fish", "env", "osascript", "python", "perl", "ruby", "php", "node", "swift",
	"tclsh", "expect", "awk", "sudo", "su", "nohup", "nice", "open", "launchctl", "xargs", "caffeinate", "time", "exec", "arch",
}

// facts are what the risks depend on and event.Program does not have.
type facts struct {
	foreignLink, interpreterMissing, interpreterWritable, unsigned, quarantined bool
}

// gatherFacts finds out what the risks of a program depend on.
func (d *disk) gatherFacts(p *event.Program, at location, c *content) facts {
	f := facts{foreignLink: at.foreign, unsigned: c.kind == kindMachO && !c.claim.signed, quarantined: c.quarantined}
	name, _, _ := strings.Cut(strings.ReplaceAll(p.Shebang, "\t", " "), " ") // of the interpreter
	if name == "" {
		return f
	}
	if !strings.HasPrefix(name, "/") {
		f.interpreterMissing = true
		return f
	}
	i := d.locatePath(name)
	f.interpreterMissing = !i.isFile() && (i.exists() || i.isMissing())
	f.interpreterWritable = i.writableBy != ""
	return f
}

// assessRisks lists the risks of a program.
func assessRisks(p *event.Program, f facts) []string {
	isFile := p.Type == "file"
	either := func(is func(string) bool) bool { return is(p.Path) || is(p.Resolved) }
	var out []string
	for _, r := range []struct {
		risk string
		is   bool
	}{
		{NoAbsolutePath, !isOneAbsolutePath(p.Value)},
		{Missing, strings.HasPrefix(p.Value, "/") && !p.Exists && p.Unread == ""},
		{NotAFile, p.Exists && !isFile},
		{Unreadable, p.Unread != ""},
		{NotExecutable, isFile && !isExecutable(p)},
		{WritableByOthers, p.WritableBy != ""},
		{TemporaryFolder, either(isTemporary)},
		{HomeFolder, either(isInHome)},
		{Hidden, either(isHidden)},
		{Link, f.foreignLink},
		{Shadowed, p.Shadow != ""},
		{NoShebang, p.Kind == Script && p.Shebang == ""},
		{InterpreterMissing, f.interpreterMissing},
		{InterpreterWritable, f.interpreterWritable},
		{RunsArguments, p.Arguments != "" && either(runsArguments)},
		{SetUID, isFile && p.Mode&0o6000 != 0},
		{Unsigned, f.unsigned},
		{Quarantined, f.quarantined},
	} {
		if r.is {
			out = append(out, r.risk)
		}
	}
	return out
}

// isTemporary reports whether a path leads into a folder that all can use. Upper and lower
// case are one on a Mac's disk.
func isTemporary(name string) bool {
	return slices.ContainsFunc(temporary, func(folder string) bool { return isBelow(name, folder) })
}

// isInHome reports whether a path leads into a user's home.
func isInHome(name string) bool { return isBelow(name, "/Users") && !isBelow(name, "/Users/Shared") }

// isBelow reports whether a path leads into a folder, by its words alone.
func isBelow(name, folder string) bool {
	if !strings.HasPrefix(name, "/") {
		return false
	}
	name = path.Clean(name)
	if rest, ok := cutFolder(name, dataVolume); ok {
		name = rest
	}
	_, ok := cutFolder(name, folder)
	return ok
}

// cutFolder returns what of a clean path follows the folder that it leads into.
func cutFolder(name, folder string) (rest string, ok bool) {
	n := len(folder)
	if len(name) <= n || name[n] != '/' || !strings.EqualFold(name[:n], folder) {
		return "", false
	}
	return name[n:], true
}

// isHidden reports whether an element of a path begins with a dot.
func isHidden(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(e string) bool {
		return strings.HasPrefix(e, ".") && strings.Trim(e, ".") != "" || len(e) > 2 && strings.Trim(e, ".") == ""
	})
}

// isExecutable reports whether anyone may execute a file; without that not even root can.
func isExecutable(p *event.Program) bool { return p.Mode&0o111 != 0 }

func runsArguments(name string) bool {
	base := strings.TrimRight(strings.ToLower(path.Base(name)), "0123456789.")
	return slices.Contains(shells, base)
}
