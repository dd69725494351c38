package redact

import "strings"

// tool is what the options of a program mean. A program that is in no table gets the
// zero tool: the word after -p is a password.
type tool struct {
	plainP bool   // -p is something else
	short  string // letters that a password follows, in the same word or the next
	exact  string // letters that a password follows as the next word
	glued  string // letters that a password follows in the same word
	login  string // letters that user:password follows
	flags  string // letters that may stand before those in one word

	shell  bool // runs the script after -c
	noCode bool // has no script after -c
	verbs  bool // its long options are verbs with operands of their own

	wraps    bool   // runs the command that follows its options
	valued   string // a wrapper's letters that take a value
	operands int    // a wrapper's own operands

	look look // what its operands are
}

var (
	unknownTool = &tool{}
	plainTool   = &tool{plainP: true}
	shellTool   = &tool{plainP: true, shell: true}
	mysqlTool   = &tool{short: "p"}
	zipTool     = &tool{plainP: true, short: "P"}
	sevenTool   = &tool{plainP: true, glued: "p"}
	ldapTool    = &tool{plainP: true, exact: "w"}
	proxyTool   = &tool{plainP: true, login: "uUE", flags: "sSkLfivgINOqRaBpj#0123456", noCode: true}
	dockerTool  = &tool{plainP: true, look: lookDockerLogin}
)

// tools are the programs whose options are known, by the base name in lower case.
var tools = map[string]*tool{
	"sh": shellTool, "bash": shellTool, "zsh": shellTool, "dash": shellTool, "ksh": shellTool, "rbash": shellTool,
	"csh": shellTool, "tcsh": shellTool, "fish": shellTool, "ash": shellTool, "mksh": shellTool,

	"mysql": mysqlTool, "mysqldump": mysqlTool, "mysqladmin": {short: "p", look: lookMysqladmin},
	"mysqlimport": mysqlTool, "mysqlshow": mysqlTool, "mysqlcheck": mysqlTool, "mariadb": mysqlTool,
	"mariadb-dump": mysqlTool, "mariadb-admin": {short: "p", look: lookMysqladmin},
	"zip": zipTool, "unzip": zipTool, "sqlcmd": zipTool, "ipmitool": zipTool,
	"7z": sevenTool, "7za": sevenTool, "7zz": sevenTool, "7zr": sevenTool, "rar": sevenTool, "unrar": sevenTool,
	"ldapsearch": ldapTool, "ldapadd": ldapTool, "ldapmodify": ldapTool, "ldapdelete": ldapTool,
	"ldapwhoami": ldapTool, "ldappasswd": {plainP: true, exact: "wsa"}, "ldapcompare": ldapTool,
	"ssh-keygen": {plainP: true, exact: "NP"}, "redis-cli": {plainP: true, exact: "a"},
	"openssl": {plainP: true, exact: "kK"}, "curl": proxyTool, "htpasswd": {plainP: true, look: lookHtpasswd},
	"docker": dockerTool, "podman": dockerTool, "nerdctl": dockerTool,

	"defaults": {plainP: true, noCode: true, look: lookDefaults}, "plutil": {plainP: true, noCode: true, look: lookPlutil},
	"plistbuddy": {plainP: true, noCode: true, look: lookPlistBuddy}, "security": {plainP: true, look: lookSecurity},
	"dscl": {plainP: true, verbs: true, exact: "P", look: lookDscl}, "dseditgroup": {plainP: true, exact: "P"},
	"dsenableroot": {exact: "pr"}, "dsconfigldap": {exact: "pq"}, "pwpolicy": {exact: "p"},
	"createmobileaccount": {exact: "p"}, "profiles": {plainP: true, exact: "z"},
	"networksetup": {plainP: true, verbs: true, look: lookNetworksetup},
	"launchctl":    {plainP: true, look: lookLaunchctl},

	"sudo": {plainP: true, wraps: true, valued: "ugpChrtTUDR"}, "doas": {plainP: true, wraps: true, valued: "uC"},
	"env": {plainP: true, wraps: true, valued: "uSPC"}, "nohup": {plainP: true, wraps: true},
	"exec": {plainP: true, wraps: true, valued: "a"}, "command": {plainP: true, wraps: true}, "builtin": {plainP: true, wraps: true},
	"time": {plainP: true, wraps: true, valued: "o"}, "nice": {plainP: true, wraps: true, valued: "n"},
	"arch": {plainP: true, wraps: true}, "caffeinate": {plainP: true, wraps: true, valued: "tw"},
	"xargs": {plainP: true, wraps: true, valued: "IJLnPRsE"}, "timeout": {plainP: true, wraps: true, valued: "sk", operands: 1},
	"gtimeout": {plainP: true, wraps: true, valued: "sk", operands: 1}, "xcrun": {plainP: true, wraps: true},
	"setsid": {plainP: true, wraps: true}, "stdbuf": {plainP: true, wraps: true, valued: "ioe"},
	"chroot":  {plainP: true, wraps: true, valued: "ugG", operands: 1},
	"ssh":     {plainP: true, noCode: true, wraps: true, valued: "BbcDEeFIiJLlmOopQRSWw", operands: 1},
	"sshpass": {short: "p", wraps: true, valued: "pfdP"},
	"eval":    {plainP: true, wraps: true},
}

// harmlessTools are programs with a -p that is no password.
var harmlessTools = wordSet(`
	mkdir cp mv ln ls ps pr rm chmod chown touch date install find fd tar bsdtar cpio pax ditto rsync rclone scp sftp mosh
	read export set type trap umask ulimit wait kill pgrep pkill renice top lsof sample spindump leaks vmmap heap lldb gdb
	dtrace dtruss fs_usage sc_usage nettop iostat powermetrics netstat ping traceroute dig nslookup nc ncat netcat telnet
	nmap tcpdump iperf socat lp lpr lpadmin lpstat cancel cupsenable logger log syslog git make patch perl ruby python node
	java javac npm npx yarn pnpm cargo go swift gradle mvn pip gem pytest psql pg_dump pg_restore createdb mongod nginx httpd
	apachectl wget xcodebuild xcode-select pkgutil installer hdiutil diskutil xattr stat id uname arch pmset taskpolicy
	sysctl nvram open osascript screen tmux vim vi nvim emacs less more man grep egrep fgrep rg ed sed awk cut tee tail jq bat
	join gcc clang cc ld yacc kubectl helm terraform brew port softwareupdate systemsetup csrutil spctl codesign su login
	echo printf print test cat gzip bzip w who last which whereis whoami history dirs pushd popd unset declare typeset
	local alias hash jobs fg bg bind memory_pressure networkquality mdfind mdls afplay say plockstat vm_stat zprint
	tmutil fdesetup bless asr kextstat kmutil systemextensionsctl sysdiagnose purge screencapture sips textutil
	`)

// wordSet makes a set of the words of a text.
func wordSet(text string) map[string]bool {
	set := make(map[string]bool)
	for _, name := range strings.Fields(text) {
		set[name] = true
	}
	return set
}

// toolOf returns what is known of the program that a word names.
func toolOf(text string) *tool {
	var buffer nameBuffer
	name := buffer.base(text)
	if t, ok := tools[string(name)]; ok {
		return t
	}
	if harmlessTools[string(name)] {
		return plainTool
	}
	return unknownTool
}

// inner returns where the command begins that a wrapper runs; words[at] names it.
func (t *tool) inner(words []word, at int) int {
	i, operands := at+1, t.operands
	for ; i < len(words); i++ {
		switch text := words[i].text; {
		case text == "--":
			return min(i+1+operands, len(words))
		case len(text) > 1 && text[0] == '-':
			if t.awaits(text) {
				i++
			}
		case assigns(text):
		case operands > 0:
			operands--
		default:
			return i
		}
	}
	return len(words)
}

// awaits reports whether the value of a wrapper's option is the next word.
func (t *tool) awaits(text string) bool {
	if text[1] == '-' {
		switch text {
		case "--user", "--group", "--prompt", "--host", "--chdir", "--unset", "--signal":
			return true
		}
		return false
	}
	at := strings.IndexAny(text[1:], t.valued)
	return t.valued != "" && at >= 0 && at+2 == len(text)
}
