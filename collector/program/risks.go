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

// judge lists the risks of a program.
func (d *disk) judge(p *event.Program, at place, c content) {
	p.Risks = said(p)
	add := func(risk string, is bool) {
		if is {
			p.Risks = append(p.Risks, risk)
		}
	}
	add(WritableByOthers, p.WritableBy != "")
	add(Link, at.foreign)
	add(Shadowed, p.Shadow != "")
	if c.kind == Script {
		add(NoShebang, p.Shebang == "")
		d.interpreter(p, add)
	}
	add(SetUID, p.Type == "file" && p.Mode&0o6000 != 0)
	add(Unsigned, c.kind == MachO && !c.claim.signed)
	add(Quarantined, c.quarantined)
	sortRisks(p.Risks)
}

// order is how risks are listed.
var order = []string{
	NoAbsolutePath, Missing, NotAFile, Unreadable, NotExecutable, WritableByOthers, TemporaryFolder, HomeFolder, Hidden, Link,
	Shadowed, NoShebang, InterpreterMissing, InterpreterWritable, RunsArguments, SetUID, Unsigned, Quarantined,
}

func sortRisks(risks []string) {
	slices.SortFunc(risks, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
}

// interpreter looks at what an interpreter line names.
func (d *disk) interpreter(p *event.Program, add func(string, bool)) {
	name := interpreter(p.Shebang)
	if p.Shebang == "" {
		return
	}
	if !strings.HasPrefix(name, "/") {
		add(InterpreterMissing, true)
		return
	}
	at := d.walk(name)
	add(InterpreterMissing, !at.file() && (at.err == nil || at.missing() || at.astray))
	add(InterpreterWritable, at.writableBy != "")
}

// said lists the risks that what is known of a program shows by itself.
func said(p *event.Program) []string {
	var out []string
	add := func(risk string, is bool) {
		if is {
			out = append(out, risk)
		}
	}
	either := func(is func(string) bool) bool { return is(p.Path) || is(p.Resolved) }
	absolute := oneAbsolutePath(p.Value)
	add(NoAbsolutePath, !absolute)
	add(Missing, strings.HasPrefix(p.Value, "/") && !p.Exists && p.Unread == "")
	add(NotAFile, p.Exists && p.Type != "file")
	add(Unreadable, p.Unread != "")
	add(NotExecutable, p.Type == "file" && !executable(p))
	add(TemporaryFolder, either(inTemporary))
	add(HomeFolder, either(inHome))
	add(Hidden, either(hidden))
	add(RunsArguments, p.Arguments != "" && either(runsArguments))
	return out
}

// inTemporary reports whether a path leads into a folder that all can use. Upper and lower
// case are one on a Mac's disk.
func inTemporary(name string) bool {
	return slices.ContainsFunc(temporary, func(folder string) bool { return below(name, folder) })
}

// inHome reports whether a path leads into a user's home.
func inHome(name string) bool { return below(name, "/Users") && !below(name, "/Users/Shared") }

// below reports whether a path leads into a folder, by its words alone.
func below(name, folder string) bool {
	if !strings.HasPrefix(name, "/") {
		return false
	}
	name = path.Clean(name)
	if n := len(dataVolume); len(name) > n && name[n] == '/' && strings.EqualFold(name[:n], dataVolume) {
		name = name[n:]
	}
	n := len(folder)
	return len(name) > n && name[n] == '/' && strings.EqualFold(name[:n], folder)
}

// hidden reports whether an element of a path begins with a dot.
func hidden(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(e string) bool {
		return strings.HasPrefix(e, ".") && strings.Trim(e, ".") != "" || len(e) > 2 && strings.Trim(e, ".") == ""
	})
}

// executable reports whether anyone may execute a file; without that not even root can.
func executable(p *event.Program) bool { return p.Mode&0o111 != 0 }

func runsArguments(name string) bool {
	base := strings.TrimRight(strings.ToLower(path.Base(name)), "0123456789.")
	return slices.Contains(shells, base)
}
