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

// interpreters run the file that their first argument names. A number at the end of a name is its
// version's.
var interpreters = strings.Fields("sh bash zsh dash ksh csh tcsh fish env osascript python perl ruby php node tclsh expect lua swift" +
	" sudo nohup nice time exec caffeinate arch")

// runners are other programs that run what their arguments say, in the folders of package managers
// as well. Of those in Apple's folders all may.
var runners = strings.Fields("su open launchctl xargs awk gawk mawk sed make gmake find gfind vim vi ex emacs ed nvim ssh scp sftp tar bsdtar gtar" +
	" xcrun installer script git zip rsync parallel screen tmux at batch ditto wish pwsh deno bun npx npm pip uv java lldb gdb man less more" +
	" busybox timeout gtimeout setsid stdbuf watch entr socat nc ncat openssl sqlite m4 crontab run-parts")

// harmless are Apple's programs that run nothing, whatever their arguments are.
var harmless = strings.Fields("true false echo logger sleep touch date say")

// facts are what the risks depend on and event.Program does not have.
type facts struct {
	foreignLink, interpreterMissing, interpreterWritable, unsigned, quarantined, tooManyParts bool
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
	either := func(is func(string) bool) bool {
		return is(p.Path) || is(p.Resolved) || slices.ContainsFunc(p.Parts, func(part event.Program) bool { return is(part.Path) })
	}
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
		{RunsArguments, isRunner(p) && !runsScript(p)},
		{TooManyParts, f.tooManyParts},
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

// isNamed reports whether a program has one of these names, or is signed as Apple's of that name.
func isNamed(p *event.Program, names []string) bool {
	signed, _ := strings.CutPrefix(p.SigningID, "com.apple.")
	return slices.ContainsFunc([]string{p.Path, p.Resolved, signed}, func(name string) bool {
		return slices.Contains(names, strings.TrimRight(strings.ToLower(path.Base(name)), "0123456789.-"))
	})
}

// isRunner reports whether a program is given arguments that may say what runs.
func isRunner(p *event.Program) bool {
	if p.Arguments == "" || isNamed(p, harmless) {
		return false
	}
	return isWithin(p.Path, sealed) || isWithin(p.Resolved, sealed) || strings.HasPrefix(p.SigningID, "com.apple.") ||
		isNamed(p, interpreters) || isNamed(p, runners)
}

// runsScript reports whether a program is an interpreter whose first argument is a script, which
// is a part of it.
func runsScript(p *event.Program) bool {
	arguments := strings.TrimLeft(p.Arguments, " \t'\"")
	return isNamed(p, interpreters) && slices.ContainsFunc(p.Parts, func(part event.Program) bool {
		rest, first := strings.CutPrefix(arguments, part.Path)
		return first && (rest == "" || strings.IndexByte(event.Breaks+"'\"", rest[0]) >= 0) && part.Kind == Script
	})
}
