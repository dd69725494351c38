package redact

import (
	"regexp"
	"strings"
)

// program is what is known of a program. One that is in no table is the zero program:
// the word after -p is a password.
type program struct {
	plainP bool // -p is something else
	shell  bool // runs the script after -c
	prints bool // runs a script in another language, which may print a password
	reads  bool // reads a password from its standard input
	verbs  bool // its long options are verbs, and no password follows -passwd at once
	rules  []*regexp.Regexp

	wraps  bool   // runs the command that follows its options
	valued string // a wrapper's letters that take a value
	skips  int    // a wrapper's own operands
	asks   string // a wrapper's letter that makes it read a password
}

// rules say where secrets stand among the words of well-known programs: in the groups of
// a pattern, but a group called name has to be the name of a secret. See compile.
var rules = []struct{ programs, pattern string }{
	{"sshpass", `^(?: -[vV])* -p ?(.+)`},
	{"mysql mysqldump mysqlimport mysqlshow mysqlcheck mysqladmin mariadb mariadb-dump mariadb-admin", ` -p ?(.+)`},
	{"mysqladmin mariadb-admin nmcli", ` (?:old-)?password (.+)`},
	{"zip unzip sqlcmd bcp ipmitool mosquitto_pub mosquitto_sub", ` -P ?(.+)`},
	{"7z 7za 7zz 7zr rar unrar", ` -h?p(.+)`},
	{"ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldapcompare ldappasswd", ` -w (.+)`},
	{"ldappasswd", ` -[as] (.+)`},
	{"ssh-keygen", ` -[NP] (.+)`},
	{"snmpget snmpwalk", ` -[AX] (.+)`},
	{"redis-cli", ` -a (.+)`},
	{"openssl", ` -[kK] (.+)`},
	{"openssl", `^ passwd * ([^- ].*)`},
	{"curl", ` (?:-[sSkLfivgINOqRaBpj#0-6]*[uUE]|--(?:proxy-)?(?:user|cert))[ =]?[^: ]*:(.+)`},
	{"curl", ` (?:-[sSkLfiv]*b|--cookie)[ =]?(.+=.+)`},
	{"http https xh", ` (?:-a|--auth)[ =]?[^: ]*:(.+)`},
	{"wget http https", ` --(?:user|auth)[ =][^: ]*:(.+)`},
	{"smbclient rpcclient net", ` -U ?[^% ]*%(.+)`},
	{"lftp", ` -u ?[^, ]*[,:](.+)`},
	{"sqlplus sqlldr expdp impdp rman", ` [^-/ ][^/ ]*/([^@ ]+)`},
	{"htpasswd", ` -[a-zA-Z]*b * (.+)$`},
	{"docker podman", ` login * -p ?(.+)`},
	{"vault ngrok snyk cargo bw rclone", ` (?:login|authtoken|add-authtoken|auth|unlock|obscure) ([^- ].*)`},
	{"mc", ` set .+ .+ (.+) (.+)`},
	{"gh", ` secret set * -b ?(.+)`},
	{"profiles", ` -z (.+)`},
	{"dsenableroot dsconfigldap pwpolicy createmobileaccount", ` -[pqr] (.+)`},

	{"security", ` add-(?:generic|internet)-password * -[wX] ?([^- ].*)`},
	{"security", ` (?:add-generic-password|unlock-keychain|create-keychain|set-keychain-password) * -p ?(.+)`},
	{"security", ` set-keychain-password * -o ?(.+)`},
	{"security", ` (?:import|export) * -P ?(.+)`},
	{"security", ` set-(?:generic-password-|internet-password-|key-)partition-list * -k ?(.+)`},
	{"dscl", ` -?(?:passwd|auth|authonly) .+ (.+)(?: (.+))?`},
	{"dscl", ` -?(?:create|append|change) * NAME ([^- ].*)`},
	{"dscl dseditgroup", ` -P (.+)`},
	{"networksetup", ` (?i:-setairportnetwork) .+ .+ (.+)`},
	{"networksetup", ` (?i:-addpreferredwirelessnetworkatindex) .+ .+ .+ .+ (.+)`},
	{"networksetup", ` (?i:-setpppoeaccountpassword) .+ (.+)`},
	{"networksetup", ` (?i:-createpppoeservice) .+ .+ .+ (.+)`},
	{"networksetup", ` (?i:-set(?:secure)?(?:web|ftp|streaming|gopher|socksfirewall)proxy) .+ .+ .+ .+ .+ (.+)`},
	{"defaults plutil launchctl", ` NAME(?: -(?:string|data))? ([^- ].*)`},
	{"defaults", ` NAME -array(?:-add)? (.+)(?: (.+))?(?: (.+))?`},
	{"aws npm yarn pip git", ` (?:set|config) * NAME ([^- ].*)`},
}

// compile returns the expression of a pattern. Words are joined by line feeds, the first
// one has one before it too. In a pattern that is a space, and " *" are any words.
func compile(pattern string) *regexp.Regexp {
	return regexp.MustCompile(strings.NewReplacer(" *", `(?:\n.*)*?`, " ", `\n`,
		"NAME", `(?:.*[:.])?(?P<name>[\w-]*(?i:pass|pw|token|secret|key|cred)[\w-]*)`).Replace(pattern))
}

// wrappers are the programs that run another one, with their letters that take a value.
var wrappers = map[string]string{
	"sudo": "ugpChrtTUDR", "doas": "uC", "env": "uSPC", "nohup": "", "exec": "a", "command": "", "builtin": "", "time": "o",
	"nice": "n", "arch": "", "caffeinate": "tw", "xargs": "IJLnPRsE", "timeout": "sk", "gtimeout": "sk", "xcrun": "", "setsid": "",
	"stdbuf": "ioe", "eval": "", "chroot": "ugG", "ssh": "BbcDEeFIiJLlmOopQRSWw", "sshpass": "pfdP",
}

const (
	shells  = "sh bash zsh dash ksh rbash csh tcsh fish ash mksh su"
	scripts = "python perl ruby php awk osascript"
	readers = "passwd kinit kpasswd firmwarepasswd chpasswd smbpasswd mkpasswd cryptsetup htpasswd su sshpass security dscl"

	// plainPrograms are programs with a -p that is not a password.
	plainPrograms = shells + " " + scripts + " " + readers + ` dseditgroup networksetup
	mkdir cp mv ln ls ps pr rm chmod chown touch date install find fd tar bsdtar cpio pax ditto rsync scp sftp mosh
	read export set type trap umask ulimit wait kill pgrep pkill renice top lsof sample spindump leaks vmmap heap lldb gdb
	dtrace dtruss fs_usage sc_usage nettop iostat powermetrics netstat ping traceroute dig nslookup nc ncat netcat telnet
	nmap tcpdump iperf socat lp lpr lpadmin lpstat cancel cupsenable logger log syslog make patch node
	java javac npx pnpm go swift gradle mvn gem pytest psql pg_dump pg_restore createdb mongod nginx httpd
	apachectl wget xcodebuild xcode-select pkgutil installer hdiutil diskutil xattr stat id uname pmset taskpolicy
	sysctl nvram open screen tmux vim vi nvim emacs less more man grep egrep fgrep rg ed sed cut tee tail jq bat
	join gcc clang cc ld yacc kubectl helm terraform brew port softwareupdate systemsetup csrutil spctl codesign login
	echo printf print test cat gzip bzip w who last which whereis whoami history dirs pushd popd unset declare typeset
	local alias hash jobs fg bg bind memory_pressure networkquality mdfind mdls afplay say plockstat vm_stat zprint
	tmutil fdesetup bless asr kextstat kmutil systemextensionsctl sysdiagnose purge screencapture sips textutil
	plistbuddy nerdctl`
)

var (
	unknownProgram = &program{}
	programs       = newPrograms()
)

// newPrograms returns the programs of the tables, by the base name in lower case without
// a version.
func newPrograms() map[string]*program {
	all := make(map[string]*program)
	of := func(names string) (out []*program) {
		for _, name := range strings.Fields(names) {
			name = strings.TrimRight(name, "0123456789.")
			if all[name] == nil {
				all[name] = &program{plainP: true}
			}
			out = append(out, all[name])
		}
		return out
	}
	of(plainPrograms)
	for _, p := range of(shells) {
		p.shell = true
	}
	for _, p := range of(scripts) {
		p.prints = true
	}
	for _, p := range of(readers) {
		p.reads = true
	}
	for _, p := range of("dscl networksetup") {
		p.verbs = true
	}
	for _, rule := range rules {
		compiled := compile(rule.pattern)
		for _, p := range of(rule.programs) {
			p.rules = append(p.rules, compiled)
		}
	}
	for name, valued := range wrappers {
		p := of(name)[0]
		p.wraps, p.valued = true, valued
	}
	of("sudo")[0].asks = "S"
	for _, p := range of("timeout gtimeout chroot ssh") {
		p.skips = 1
	}
	return all
}

// programOf returns what is known of the program that a word names.
func programOf(text string) *program {
	if p, ok := programs[baseName(text)]; ok {
		return p
	}
	return unknownProgram
}

// asksWith reports whether an option makes a wrapper read a password.
func (p *program) asksWith(text string) bool {
	at, value := strings.Index(text, p.asks), strings.IndexAny(text, p.valued)
	return p.asks != "" && text[1] != '-' && at > 0 && (value < 0 || at < value)
}

// awaits reports whether the value of a wrapper's option is the next word.
func (p *program) awaits(text string) bool {
	if !p.wraps {
		return false
	}
	switch text {
	case "--user", "--group", "--prompt", "--host", "--chdir", "--unset", "--signal":
		return true
	}
	at := strings.IndexAny(text[1:], p.valued)
	return text[1] != '-' && p.valued != "" && at >= 0 && at+2 == len(text)
}
