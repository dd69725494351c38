package synthetic

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Benign runs one ordinary command of a random kind from start to end. None of them
// changes a hook; some have the words of one in their arguments or environment, read
// one, or write another key of the same file.
func Benign(h *Host, r *rand.Rand) {
	switch r.IntN(10) {
	case 0, 1:
		jobs[r.IntN(len(jobs))](h, r)
	case 2:
		h.Run(h.Shell(), choose(r, mentions))
	default:
		h.Run(h.Shell(), command(r))
	}
}

func pick(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

// choice is a place in an argument of the tables: a number, or one of several words.
var choice = regexp.MustCompile(`<([0-9]+|[^<>]*\|[^<>]*)>`)

// source is a path like those that commands are given.
const source = "src/<agent|ui|core|net|db>/<main|window|model|store|parse>_<500>.<c|go|swift|m|py>"

// command returns one of many things that people and their tools run all day.
func command(r *rand.Rand) Spec { return choose(r, commands) }

// choose returns one of a table, with its choices made.
func choose(r *rand.Rand, table []Spec) Spec {
	s := table[r.IntN(len(table))]
	s.Args = slices.Clone(s.Args)
	for i := range s.Args {
		s.Args[i] = choice.ReplaceAllStringFunc(s.Args[i], func(c string) string {
			if n, err := strconv.Atoi(c[1 : len(c)-1]); err == nil {
				return strconv.Itoa(r.IntN(n))
			}
			return pick(r, strings.Split(c[1:len(c)-1], "|")...)
		})
	}
	return s
}

const tools = "/Library/Developer/CommandLineTools/usr/bin/"

var commands = []Spec{
	{Path: "/bin/ls", Args: []string{"ls", "<-la|-G|-1>", source}},
	{Path: "/bin/cat", Args: []string{"cat", source}},
	{Path: "/usr/bin/grep", Args: []string{"grep", "-rn", "<TODO|import|func main>", source}},
	{Path: "/usr/bin/sed", Args: []string{"sed", "-e", `s/"old"/"new"/g`, source}},
	{Path: "/usr/bin/awk", Args: []string{"awk", "-F\t", "{ print $1 \"\\n\" }", source}},
	{Path: "/usr/bin/find", Args: []string{"find", ".", "-name", "<*.o|*.swift|.DS_Store>"}},
	{Path: "/bin/ps", Args: []string{"ps", "-axo", "pid,ppid,command"}},
	{Path: "/bin/mkdir", Args: []string{"mkdir", "-p", "build/obj-<1000>"}},
	{Path: "/usr/bin/sw_vers", Args: []string{"sw_vers", "-productVersion"}},
	{Path: "/usr/bin/vim", Args: []string{"vim", source}},
	{Path: tools + "git", SigningID: "com.apple.git", Platform: true, Args: []string{"git", "<status|diff|log|fetch>", "--no-color", "--", source}},
	{Path: tools + "clang", SigningID: "com.apple.clang", Platform: true, Args: []string{
		"clang", "-cc1", "-triple", "arm64-apple-macosx15.0.0", "-O2", "-Wall", "-Iinclude",
		"-isysroot", "/Library/Developer/CommandLineTools/SDKs/MacOSX.sdk", "-DNAME=\"tool\"", "-o", "build/<500>.o", "-c", source,
	}},
	{Path: "/usr/local/go/bin/go", TeamID: "EQHXZ8M8AV", SigningID: "go", Args: []string{"go", "test", "./..."}},
	{Path: "/opt/homebrew/Cellar/python@3.13/3.13.2/bin/python3.13", DyldPath: "/opt/homebrew/bin/python3",
		Args: []string{"python3", "-c", "print('ünïcödé \u2603')", source}},
	{Path: "/opt/homebrew/Cellar/node/23.7.0/bin/node", DyldPath: "/opt/homebrew/bin/node", Args: []string{"node", "--max-old-space-size=4096", source}},
	{Path: "/bin/bash", Script: Home + "/bin/deploy.sh", DyldPath: Home + "/bin/deploy.sh",
		Args: []string{"/bin/bash", Home + "/bin/deploy.sh", "<staging|production>"}},
	{Path: "/usr/bin/curl", Args: []string{"curl", "-fsSL", "https://example.com/v<99>/index.json"}},
	{Path: "/usr/bin/defaults", Args: []string{"defaults", "read", "<com.apple.dock|-g|com.apple.finder>"}},
	{Path: "/usr/bin/defaults", Args: []string{"defaults", "write", "com.apple.finder", "ShowPathbar", "-bool", "true"}},
	{Path: "/usr/bin/plutil", Args: []string{"plutil", "-lint", "Info.plist"}},
	{Path: "/usr/libexec/PlistBuddy", Args: []string{"PlistBuddy", "-c", "Print :CFBundleVersion", "Info.plist"}},
	{Path: Home + "/bin/oldtool", Unsigned: true, Args: []string{"./oldtool", "\xff\xfe\x01"}, DyldPath: "./oldtool"}, // from an Intel Mac's disk
}

// hookFile is where loginwindow reads its hooks.
const hookFile = "/private/var/root/Library/Preferences/com.apple.loginwindow.plist"

// mentions speak of hooks and set none.
var mentions = []Spec{
	{Path: "/usr/bin/grep", Args: []string{"grep", "-rn", "<LoginHook|LogoutHook>", source}},
	{Path: "/usr/bin/defaults", Args: []string{"defaults", "read", "com.apple.loginwindow", "LoginHook"}},
	{Path: "/usr/bin/defaults", Args: []string{"defaults", "find", "LogoutHook"}},
	{Path: "/bin/echo", Args: []string{"echo", "defaults write com.apple.loginwindow LoginHook /tmp/x"}},
	{Path: "/usr/bin/vim", Args: []string{"vim", "notes/LoginHook.md"}},
	{Path: "/usr/bin/plutil", Args: []string{"plutil", "-extract", "LoginHook", "raw", "-o", "-", hookFile}},
	{Path: "/usr/libexec/PlistBuddy", Args: []string{"/usr/libexec/PlistBuddy", "-c", "Print :LoginHook", hookFile}},
	{Path: "/bin/date", Env: []string{"PATH=/usr/bin:/bin", "TASK=write LoginHook"}},
}

// jobs are more than one process.
var jobs = []func(*Host, *rand.Rand){
	func(h *Host, _ *rand.Rand) {
		h.Exit(h.Daemon("com.apple.mdworker.shared", AsUser, Spec{
			Path:      "/System/Library/Frameworks/CoreServices.framework/Versions/A/Frameworks/Metadata.framework/Versions/A/Support/mdworker_shared",
			SigningID: "com.apple.mdworker_shared", Platform: true,
		}), 0)
	},
	func(h *Host, _ *rand.Rand) {
		h.Exit(h.Daemon("com.apple.periodic-daily", AsRoot, Spec{Path: "/usr/libexec/periodic-wrapper"}), 256)
	},
	func(h *Host, r *rand.Rand) {
		sh := h.Sh(h.Shell(), "git rev-parse HEAD | cut -c1-"+pick(r, "7", "12"))
		git, cut := h.Fork(sh), h.Fork(sh)
		h.Exec(git, Spec{Path: "/Library/Developer/CommandLineTools/usr/bin/git", SigningID: "com.apple.git", Platform: true, Args: []string{"git", "rev-parse", "HEAD"}})
		h.Exec(cut, Spec{Path: "/usr/bin/cut", Args: []string{"cut", "-c1-12"}})
		h.Exit(git, 0)
		h.Exit(cut, 0)
		h.Exit(sh, 0)
	},
	func(h *Host, r *rand.Rand) {
		brew := h.Start(h.Shell(), Spec{
			Path: "/bin/bash", Script: "/opt/homebrew/bin/brew", DyldPath: "/opt/homebrew/bin/brew",
			Args: []string{"/bin/bash", "/opt/homebrew/bin/brew", pick(r, "update", "upgrade", "list")},
		})
		h.Run(brew, Spec{Path: "/usr/bin/uname", Args: []string{"uname", "-m"}})
		h.Exec(brew, Spec{
			Path: "/opt/homebrew/Library/Homebrew/vendor/portable-ruby/3.4.4/bin/ruby",
			Args: []string{"ruby", "-W1", "--disable=gems,rubyopt", "/opt/homebrew/Library/Homebrew/brew.rb", "list"},
		})
		h.Exit(brew, 0)
	},
	func(h *Host, _ *rand.Rand) {
		h.EndSudo(h.Sudo(h.Shell(), Spec{
			Path: "/usr/bin/defaults",
			Args: []string{"defaults", "write", "com.apple.loginwindow", "LoginwindowText", "-string", "Property of the lab"},
		}))
	},
	func(h *Host, _ *rand.Rand) { // killed by SIGTERM, its child left to launchd
		p := h.Start(h.Shell(), Spec{Path: "/usr/bin/ssh", Args: []string{"ssh", "-N", "example.com"}})
		proxy := h.Start(p, Spec{Path: "/usr/bin/nc", Args: []string{"nc", "example.com", "22"}})
		h.Exit(p, 15)
		h.Exit(proxy, 256)
	},
}
