package synthetic

import (
	"fmt"
	"math/rand/v2"
)

// Benign runs one ordinary command of a random kind from start to end. None of them
// changes a hook; some have the words of one in their arguments or environment, read
// one, or write another key of the same file.
func Benign(h *Host, r *rand.Rand) {
	switch r.IntN(10) {
	case 0, 1:
		jobs[r.IntN(len(jobs))](h, r)
	case 2:
		mention := mentions[r.IntN(len(mentions))]
		h.Run(h.Shell(), mention(r))
	default:
		h.Run(h.Shell(), command(r))
	}
}

func pick(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

// source is a path like those that commands are given.
func source(r *rand.Rand) string {
	return fmt.Sprintf("src/%s/%s_%d.%s", pick(r, "agent", "ui", "core", "net", "db"),
		pick(r, "main", "window", "model", "store", "parse"), r.IntN(500), pick(r, "c", "go", "swift", "m", "py"))
}

// command returns one of many things that people and their tools run all day.
func command(r *rand.Rand) Spec { return commands[r.IntN(len(commands))](r) }

var commands = []func(*rand.Rand) Spec{
	func(r *rand.Rand) Spec {
		return Spec{Path: "/bin/ls", Args: []string{"ls", pick(r, "-la", "-G", "-1"), source(r)}}
	},
	func(r *rand.Rand) Spec {
		return Spec{Path: "/bin/cat", Args: []string{"cat", source(r)}}
	},
	func(r *rand.Rand) Spec {
		return Spec{Path: "/usr/bin/grep", Args: []string{"grep", "-rn", pick(r, "TODO", "import", "func main"), source(r)}}
	},
	func(r *rand.Rand) Spec {
		return Spec{Path: "/usr/bin/sed", Args: []string{"sed", "-e", `s/"old"/"new"/g`, source(r)}}
	},
	func(r *rand.Rand) Spec {
		return Spec{Path: "/usr/bin/awk", Args: []string{"awk", "-F\t", "{ print $1 \"\\n\" }", source(r)}}
	},
	func(r *rand.Rand) Spec {
		return Spec{Path: "/usr/bin/find", Args: []string{"find", ".", "-name", pick(r, "*.o", "*.swift", ".DS_Store")}}
	},
	func(r *rand.Rand) Spec {
		return Spec{Path: "/bin/ps", Args: []string{"ps", "-axo", "pid,ppid,command"}}
	},
	func(r *rand.Rand) Spec {
		return Spec{Path: "/bin/mkdir", Args: []string{"mkdir", "-p", fmt.Sprintf("build/obj-%d", r.IntN(1000))}}
	},
	func(r *rand.Rand) Spec {
		return Spec{Path: "/usr/bin/sw_vers", Args: []string{"sw_vers", "-productVersion"}}
	},
	func(r *rand.Rand) Spec {
		return Spec{Path: "/usr/bin/vim", Args: []string{"vim", source(r)}}
	},
	func(r *rand.Rand) Spec {
		return Spec{
			Path: "/Library/Developer/CommandLineTools/usr/bin/git", SigningID: "com.apple.git", Platform: true,
			Args: []string{"git", pick(r, "status", "diff", "log", "fetch"), "--no-color", "--", source(r)},
		}
	},
	func(r *rand.Rand) Spec {
		src := source(r)
		return Spec{
			Path: "/Library/Developer/CommandLineTools/usr/bin/clang", SigningID: "com.apple.clang", Platform: true,
			Args: []string{
				"clang", "-cc1", "-triple", "arm64-apple-macosx15.0.0", "-O2", "-Wall", "-Iinclude",
				"-isysroot", "/Library/Developer/CommandLineTools/SDKs/MacOSX.sdk", "-DNAME=\"tool\"", "-o", src + ".o", "-c", src,
			},
		}
	},
	func(r *rand.Rand) Spec {
		return Spec{Path: "/usr/local/go/bin/go", TeamID: "EQHXZ8M8AV", SigningID: "go", Args: []string{"go", "test", "./..."}}
	},
	func(r *rand.Rand) Spec {
		return Spec{
			Path: "/opt/homebrew/Cellar/python@3.13/3.13.2/bin/python3.13", DyldPath: "/opt/homebrew/bin/python3",
			Args: []string{"python3", "-c", "print('ünïcödé \u2603')", source(r)},
		}
	},
	func(r *rand.Rand) Spec {
		return Spec{
			Path: "/opt/homebrew/Cellar/node/23.7.0/bin/node", DyldPath: "/opt/homebrew/bin/node",
			Args: []string{"node", "--max-old-space-size=4096", source(r)},
		}
	},
	func(r *rand.Rand) Spec {
		return Spec{
			Path: "/bin/bash", Script: Home + "/bin/deploy.sh", DyldPath: Home + "/bin/deploy.sh",
			Args: []string{"/bin/bash", Home + "/bin/deploy.sh", pick(r, "staging", "production")},
		}
	},
	func(r *rand.Rand) Spec {
		return Spec{Path: "/usr/bin/curl", Args: []string{"curl", "-fsSL", fmt.Sprintf("https://example.com/v%d/index.json", r.IntN(99))}}
	},
	func(r *rand.Rand) Spec {
		return Spec{Path: "/usr/bin/defaults", Args: []string{"defaults", "read", pick(r, "com.apple.dock", "-g", "com.apple.finder")}}
	},
	func(r *rand.Rand) Spec {
		return Spec{Path: "/usr/bin/defaults", Args: []string{"defaults", "write", "com.apple.finder", "ShowPathbar", "-bool", "true"}}
	},
	func(r *rand.Rand) Spec {
		return Spec{Path: "/usr/bin/plutil", Args: []string{"plutil", "-lint", "Info.plist"}}
	},
	func(r *rand.Rand) Spec {
		return Spec{Path: "/usr/libexec/PlistBuddy", Args: []string{"PlistBuddy", "-c", "Print :CFBundleVersion", "Info.plist"}}
	},
	func(r *rand.Rand) Spec { // unsigned, from an Intel Mac's disk
		return Spec{Path: Home + "/bin/oldtool", Unsigned: true, Args: []string{"./oldtool", "\xff\xfe\x01"}, DyldPath: "./oldtool"}
	},
}

// hookFile is where loginwindow reads its hooks.
const hookFile = "/private/var/root/Library/Preferences/com.apple.loginwindow.plist"

// mentions speak of hooks and set none.
var mentions = []func(*rand.Rand) Spec{
	func(r *rand.Rand) Spec {
		return Spec{Path: "/usr/bin/grep", Args: []string{"grep", "-rn", pick(r, "LoginHook", "LogoutHook"), source(r)}}
	},
	func(*rand.Rand) Spec {
		return Spec{Path: "/usr/bin/defaults", Args: []string{"defaults", "read", "com.apple.loginwindow", "LoginHook"}}
	},
	func(*rand.Rand) Spec {
		return Spec{Path: "/usr/bin/defaults", Args: []string{"defaults", "find", "LogoutHook"}}
	},
	func(*rand.Rand) Spec {
		return Spec{Path: "/bin/echo", Args: []string{"echo", "defaults write com.apple.loginwindow LoginHook /tmp/x"}}
	},
	func(*rand.Rand) Spec {
		return Spec{Path: "/usr/bin/vim", Args: []string{"vim", "notes/LoginHook.md"}}
	},
	func(*rand.Rand) Spec {
		return Spec{Path: "/usr/bin/plutil", Args: []string{"plutil", "-extract", "LoginHook", "raw", "-o", "-", hookFile}}
	},
	func(*rand.Rand) Spec {
		return Spec{Path: "/usr/libexec/PlistBuddy", Args: []string{"/usr/libexec/PlistBuddy", "-c", "Print :LoginHook", hookFile}}
	},
	func(*rand.Rand) Spec {
		return Spec{Path: "/bin/date", Env: []string{"PATH=/usr/bin:/bin", "TASK=write LoginHook"}}
	},
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
