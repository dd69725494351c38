package agent

import (
	"math/rand/v2"
	"path"
	"slices"
	"time"

	"hooksnare/collector/eslogger/synthetic"
)

// The preferences that commands are aimed at, the domain's name, and programs.
const (
	loginwindow = "com.apple.loginwindow"
	plistName   = "/com.apple.loginwindow.plist"
	rootFolder  = "/private/var/root/Library/Preferences"
	rootPrefs   = rootFolder + plistName
	systemPrefs = "/Library/Preferences" + plistName
	userFolder  = synthetic.Home + "/Library/Preferences"
	userPrefs   = userFolder + plistName
	implant     = "/Users/Shared/.update.sh"
	jamfFolder  = "/Library/Application Support/JAMF/ManagementFrameworkScripts/"
	jamfLogin   = jamfFolder + "loginhook.sh"
	jamfLogout  = jamfFolder + "logouthook.sh"
)

// mac is a simulated Mac at work.
type mac struct {
	*synthetic.Host
	rng *rand.Rand
}

// scene is something that happens on it.
type scene func(*mac) played

// played is the process of a scene that an alert would be about.
type played struct {
	proc    *synthetic.Proc
	args    []string
	program string
	parents []int32 // pids at the time, the parent first
	after   *played // what came then
}

// command is a scene of one tool in a terminal: under sudo, or as the user.
type command struct {
	synthetic.Spec
	user bool
}

// run is a command of the program that args[0] names, as root.
func run(args ...string) command {
	program := args[0]
	switch {
	case path.IsAbs(program):
	case program == "PlistBuddy":
		program = "/usr/libexec/PlistBuddy"
	case slices.Contains([]string{"cat", "cp", "echo", "ls", "mv", "sh", "bash", "zsh"}, program):
		program = "/bin/" + program
	default:
		program = "/usr/bin/" + program
	}
	return command{Spec: synthetic.Spec{Path: program, Args: args}}
}

func defaults(args ...string) command { return run(append([]string{"defaults"}, args...)...) }

func write(args ...string) command { return defaults(append([]string{"write"}, args...)...) }

func buddy(args ...string) command { return run(append([]string{"PlistBuddy"}, args...)...) }

// buddyCommands is PlistBuddy with a -c before each of its commands.
func buddyCommands(file string, commands ...string) command {
	var args []string
	for _, c := range commands {
		args = append(args, "-c", c)
	}
	return buddy(append(args, file)...)
}

func plutil(args ...string) command { return run(append([]string{"plutil"}, args...)...) }

func (c command) asUser() command         { c.user = true; return c }
func (c command) in(dir string) command   { c.CWD = dir; return c }
func (c command) env(e ...string) command { c.Env = e; return c }

// at is the same command of a program elsewhere, with its signature.
func (c command) at(program string) command {
	if c.SigningID == "" {
		c.SigningID, c.Platform = "com.apple."+path.Base(c.Path), true
	}
	c.Path = program
	return c
}

// unsigned is the same command of a program that only has the name.
func (c command) unsigned(program string) command {
	c.Path, c.SigningID, c.Platform, c.Unsigned = program, "", false, true
	return c
}

// resigned is the same command of a copy that was signed again, by nobody.
func (c command) resigned(program string) command {
	c.Path, c.SigningID, c.Platform = program, "", false
	return c
}

// called is the same command with another argv[0].
func (c command) called(argv0 string) command {
	c.Args = append([]string{argv0}, c.Args[1:]...)
	return c
}

func (c command) play(m *mac) played {
	if c.user {
		p := m.Start(m.Shell(), c.Spec)
		out := c.under(p)
		m.Exit(p, 0)
		return out
	}
	p := m.Sudo(m.Shell(), c.Spec)
	out := c.under(p)
	m.EndSudo(p)
	return out
}

// then is the command, and a minute later another one.
func (c command) then(next command) scene {
	return func(m *mac) played {
		first := c.play(m)
		m.Advance(time.Minute)
		second := next.play(m)
		first.after = &second
		return first
	}
}

// child is the command as a plain child of a process.
func (c command) child(m *mac, parent *synthetic.Proc) played {
	p := m.Start(parent, c.Spec)
	out := c.under(p)
	m.Exit(p, 0)
	return out
}

func (c command) under(p *synthetic.Proc) played {
	out := played{proc: p, args: c.Args, program: c.Path}
	for up := p.Parent(); up != nil; up = up.Parent() {
		out.parents = append(out.parents, up.PID())
	}
	return out
}

// told is what an alert says of a hook; "" and nil are what it does not tell.
type told struct {
	rule, operation, key, plist, scope string
	source, sourceFile                 string
	value                              *string
}

// The alerts, about root's preferences if not told otherwise.

func tellsSet(key, value string) told {
	t := told{rule: "hook-set", operation: "set", key: key, value: &value}
	return t.of(rootPrefs, "root")
}

func tellsLogin(value string) told  { return tellsSet("LoginHook", value) }
func tellsLogout(value string) told { return tellsSet("LogoutHook", value) }

func tellsMCX(key, value string) told {
	t := tellsSet(key, value)
	t.rule = "mcx-login-scripts-enabled"
	return t
}

func tellsRename(key, from string) told {
	t := told{rule: "hook-renamed", operation: "set", key: key, source: from}
	return t.of(rootPrefs, "root")
}

func tellsRemoved(key string) told {
	t := told{rule: "hook-removed", operation: "remove", key: key}
	return t.of(rootPrefs, "root")
}

func tellsImport(file string) told {
	t := told{rule: "hook-imported-or-edited", operation: "import", sourceFile: file}
	return t.of(rootPrefs, "root")
}

func tellsEdit(key string) told {
	t := told{rule: "hook-imported-or-edited", operation: "edit", key: key}
	return t.of(rootPrefs, "root")
}

func (t told) of(plist, scope string) told { t.plist, t.scope = plist, scope; return t }
func (t told) spelled(key string) told     { t.key = key; return t }
func (t told) ofUser() told                { return t.of(userPrefs, "user") }
func (t told) ofSystem() told              { return t.of(systemPrefs, "system") }
func (t told) from(file string) told       { t.sourceFile = file; return t }
func (t told) with(value string) told      { t.value = &value; return t }
func (t told) withoutValue() told          { t.value = nil; return t }
