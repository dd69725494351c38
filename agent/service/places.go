package service

import "hooksnare/packaging/launchd"

// Where things are, below the root folder.
const (
	// folder holds the program, and rules and exceptions of the site: root:wheel 0755.
	// /usr/local/bin would not do for a daemon, since users may write there.
	folder = "/Library/Application Support/Hooksnare"
	// Program is the installed program.
	Program = launchd.Program
	// previous is the program before the latest upgrade, to go back to.
	previous = folder + "/hooksnare.previous"
	// staged is where a package lays the program that is to be installed.
	staged = folder + "/.staged"
	// madeFolders lists the folders of everyone's that install had to make, the deepest first.
	madeFolders = folder + "/.made-folders"

	propertyList = launchd.File
	// rotation has newsyslog(8) put the agent's own log aside. The alert log rotates itself.
	rotation = "/etc/newsyslog.d/" + launchd.Label + ".conf"
	// link puts the program on the PATH of a login shell.
	link = "/usr/local/bin/hooksnare"

	// stateFolder holds the spool and all else that the agent remembers: root alone, 0700.
	stateFolder = "/var/db/hooksnare"
	// logFolder holds alerts.jsonl and agent.log: root:wheel 0750. It is closed to users, and
	// its group can admit a log collector that is not root.
	logFolder = "/var/log/hooksnare"
)

// AgentLog is where launchd writes what the agent writes to stderr.
const AgentLog = logFolder + "/agent.log"

// rotationText puts the log aside at 1 MiB, five times. Nobody is signalled (N): the agent notices by
// itself that its log was moved. No line is added to the JSON lines (B), and nothing is compressed,
// since the agent goes on for some seconds in the file that was put aside.
const rotationText = `# The agent's own log, installed with Hooksnare.
# logfilename                 [owner:group]  mode  count  size  when  flags
` + AgentLog + `   root:wheel     600   5      1024  *     BN
`

// completionMark ends each completion that install wrote. Files without it are someone else's.
const completionMark = "# Installed with Hooksnare, which replaces and removes this file."

// completions are where shells look for a command's completion.
var completions = []struct{ shell, path string }{
	{"zsh", "/usr/local/share/zsh/site-functions/_hooksnare"},
	{"bash", "/usr/local/etc/bash_completion.d/hooksnare"},
	{"fish", "/usr/local/share/fish/vendor_completions.d/hooksnare.fish"},
}

// receipts are what Installer remembers of the agent's packages.
var receipts = []string{launchd.Label, "com.hooksnare.uninstall"}

// Places is everything that an installation leaves on a Mac, for those who remove it without the
// program.
type Places struct {
	Program, Staged, Link string
	Made                  string   // lists the folders that were made, a path a line
	Files, Folders        []string // the agent's own
	Completions           []string // the agent's own if they have the mark
	CompletionMark        string
	Receipts              []string
	Label                 string // of the launchd job
}

// AllPlaces returns them.
func AllPlaces() Places {
	p := Places{
		Program: Program, Staged: staged, Link: link, Made: madeFolders,
		Files: []string{propertyList, Program, rotation}, Folders: []string{folder, stateFolder, logFolder},
		CompletionMark: completionMark, Receipts: receipts, Label: launchd.Label,
	}
	for _, c := range completions {
		p.Completions = append(p.Completions, c.path)
	}
	return p
}
