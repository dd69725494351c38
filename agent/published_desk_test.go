package agent

import (
	"path"
	"strings"
	"time"

	"hooksnare/collector/eslogger/synthetic"
)

// desk is a Mac that someone works at.
type desk struct{ *synthetic.Host }

// folders say where the system keeps the tools that are not in /usr/bin.
var folders = map[string]string{
	"bash": "/bin", "cat": "/bin", "chmod": "/bin", "cp": "/bin", "launchctl": "/bin", "ls": "/bin", "zsh": "/bin",
	"kextunload": "/sbin", "mount": "/sbin", "mount_apfs": "/sbin", "mount_smbfs": "/sbin",
	"dseditgroup": "/usr/sbin", "dsenableroot": "/usr/sbin", "kextstat": "/usr/sbin", "mkpassdb": "/usr/sbin",
	"networksetup": "/usr/sbin", "scutil": "/usr/sbin", "spctl": "/usr/sbin", "systemsetup": "/usr/sbin",
	"security_authtrampoline": "/usr/libexec",
}

// Programs of others. Those of a maker that is not known here are signed ad hoc.
const (
	chrome        = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
	renderer      = "/Applications/Google Chrome.app/Contents/Frameworks/Google Chrome Framework.framework/Versions/133.0.6943.142/Helpers/Google Chrome Helper (Renderer).app/Contents/MacOS/Google Chrome Helper (Renderer)"
	word          = "/Applications/Microsoft Word.app/Contents/MacOS/Microsoft Word"
	outlook       = "/Applications/Microsoft Outlook.app/Contents/MacOS/Microsoft Outlook"
	slack         = "/Applications/Slack.app/Contents/MacOS/Slack"
	iTerm         = "/Applications/iTerm.app/Contents/MacOS/iTerm2"
	jamfDaemon    = "/Library/Application Support/JAMF/Jamf.app/Contents/MacOS/JamfDaemon.app/Contents/MacOS/JamfDaemon"
	jamfBinary    = "/usr/local/jamf/bin/jamf"
	acrobat       = "/Library/PrivilegedHelperTools/com.adobe.ARMDC.SMJobBlessHelper"
	trojan        = "/Applications/Coin Notes.app/Contents/MacOS/Coin Notes" // signed ad hoc, as cracked programs are
	mounted       = "/Volumes/Coin Notes 2.1/Coin Notes.app/Contents/MacOS/Coin Notes"
	mountedSigned = "/Volumes/Signed/Setup.app/Contents/MacOS/Setup"
	implantFile   = synthetic.Home + "/Library/Application Support/Updates/updated"
	uvPython      = synthetic.Home + "/.local/share/uv/python/cpython-3.12.8-macos-aarch64-none/bin/python3.12"
	pyenvPython   = synthetic.Home + "/.pyenv/versions/3.12.8/bin/python3.12"
	applePython   = "/Library/Developer/CommandLineTools/Library/Frameworks/Python3.framework/Versions/3.9/Resources/Python.app/Contents/MacOS/Python"
	homebrewNode  = "/opt/homebrew/Cellar/node/23.7.0/bin/node"
)

// makers are who signed the programs of a folder: identifier and team.
var makers = []struct{ folder, id, team string }{
	{"/Applications/Google Chrome.app/", "com.google.Chrome", "EQHXZ8M8AV"},
	{"/Applications/Google Drive.app/", "com.google.drivefs", "EQHXZ8M8AV"},
	{"/opt/homebrew/Caskroom/chromedriver/", "chromedriver", "EQHXZ8M8AV"},
	{"/Applications/Microsoft Word.app/", "com.microsoft.Word", "UBF8T346G9"},
	{"/Applications/Microsoft Outlook.app/", "com.microsoft.Outlook", "UBF8T346G9"},
	{"/Applications/Slack.app/", "com.tinyspeck.slackmacgap", "BQR82RBBHL"},
	{"/Applications/iTerm.app/", "com.googlecode.iterm2", "H7V7XYVQ7D"},
	{"/Applications/Dropbox.app/", "com.getdropbox.dropbox", "G7HH3F8CAK"},
	{"/Applications/Keeper Password Manager.app/", "com.callpod.keepermac.lite", "234QNB7GCA"},
	{"/Library/Application Support/JAMF/", "com.jamf.management.daemon", "483DWKW443"},
	{"/usr/local/jamf/", "com.jamf.management.binary", "483DWKW443"},
	{"/Library/PrivilegedHelperTools/com.adobe.", "com.adobe.ARMDC.SMJobBlessHelper", "JQ525L2MZD"},
	{"/Volumes/Signed/", "com.example.signed", "5EED5EED5E"},
	{"/private/tmp/signed/", "com.example.signed", "5EED5EED5E"},
}

// spec is a command: a tool of the system by its name, or any program by its path.
func spec(args ...string) synthetic.Spec {
	s := synthetic.Spec{Path: args[0], Args: args}
	if !path.IsAbs(s.Path) {
		folder := folders[s.Path]
		if folder == "" {
			folder = "/usr/bin"
		}
		s.Path = folder + "/" + s.Path
		return s
	}
	for _, m := range makers {
		if strings.HasPrefix(s.Path, m.folder) {
			s.SigningID, s.TeamID = m.id, m.team
		}
	}
	return s
}

// shell is the user's shell, in a window that has been open for long.
func (d *desk) shell() *synthetic.Proc {
	zsh := d.Shell()
	d.Advance(time.Minute)
	return zsh
}

func (d *desk) start(parent *synthetic.Proc, args ...string) *synthetic.Proc {
	return d.Start(parent, spec(args...))
}

// run is a command from start to end.
func (d *desk) run(parent *synthetic.Proc, args ...string) { d.Run(parent, spec(args...)) }

// types is a command that the user types.
func (d *desk) types(args ...string) { d.run(d.shell(), args...) }

// sudo is one that the user types behind sudo.
func (d *desk) sudo(args ...string) { d.EndSudo(d.Sudo(d.shell(), spec(args...))) }

// sh is `sh -c script` with the commands that the shell starts.
func (d *desk) sh(parent *synthetic.Proc, script string, commands ...[]string) {
	shell := d.Sh(parent, script)
	for _, c := range commands {
		d.run(shell, c...)
	}
	d.Exit(shell, 0)
}

// sole is `sh -c script` of a lone command, which the shell becomes.
func (d *desk) sole(parent *synthetic.Proc, script string, args ...string) {
	p := d.Sh(parent, script)
	d.Exec(p, spec(args...))
	d.Exit(p, 0)
}

// script is a shell script that root runs, as installers and management do.
func (d *desk) script(name string) *synthetic.Proc {
	s := spec("bash", name)
	s.Script, s.DyldPath, s.Args = name, name, []string{"/bin/bash", name}
	return d.Sudo(d.shell(), s)
}

// app is a program that the user opened.
func (d *desk) app(program string) *synthetic.Proc {
	return d.agent("application."+path.Base(program)+".5251.5257", program)
}

// agent and daemon are jobs of launchd: the user's, and root's.
func (d *desk) agent(label string, args ...string) *synthetic.Proc {
	return d.Daemon(label, synthetic.AsUser, spec(args...))
}

func (d *desk) daemon(label string, args ...string) *synthetic.Proc {
	return d.Daemon(label, synthetic.AsRoot, spec(args...))
}

// implant is a program signed ad hoc that the user was made to start; unsigned is one
// without any signature.
func (d *desk) implant() *synthetic.Proc { return d.start(d.shell(), implantFile) }

func (d *desk) unsigned() *synthetic.Proc {
	s := spec(implantFile)
	s.Unsigned = true
	return d.Start(d.shell(), s)
}

// python and node are interpreters that run a script of the user's.
func (d *desk) python() *synthetic.Proc { return d.start(d.shell(), uvPython, "fetch.py") }

func (d *desk) node() *synthetic.Proc { return d.start(d.shell(), homebrewNode, "postinstall.js") }

// osascript runs a line of AppleScript.
func (d *desk) osascript(parent *synthetic.Proc, line string) *synthetic.Proc {
	return d.start(parent, "osascript", "-e", line)
}
