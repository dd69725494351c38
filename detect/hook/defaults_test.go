package hook

import (
	"strings"
	"testing"
)

// onRoot is a fact of defaults about root's loginwindow domain.
func onRoot(verb string, op Operation, key string) Fact {
	return Fact{
		Tool: "defaults", Verb: verb, Operation: op, Key: key,
		Domain: loginwindow, Plist: rootPlist, Scope: Root, Strict: true,
	}
}

func (f Fact) with(value string) Fact      { f.Value, f.HasValue = value, true; return f }
func (f Fact) from(source string) Fact     { f.Source = source; return f }
func (f Fact) fromFile(source string) Fact { f.SourceFile = source; return f }
func (f Fact) spelled(key string) Fact     { f.Key = key; return f }
func (f Fact) loose() Fact                 { f.Strict = false; return f }
func (f Fact) at(domain, plist string) Fact {
	f.Domain, f.Plist, f.Scope = domain, plist, ScopeOf(plist)
	return f
}
func (f Fact) scoped(d string, s Scope) Fact { f.Domain, f.Plist, f.Scope = d, "", s; return f }
func one(f Fact) []Fact                      { return []Fact{f} }

func TestDefaultsWriteForms(t *testing.T) {
	login, logout := onRoot("write", Set, "LoginHook"), onRoot("write", Set, "LogoutHook")
	emptied := onRoot("write", Remove, "LoginHook")
	root := func(args ...string) Input {
		return asRoot("defaults", append([]string{"write", loginwindow}, args...)...)
	}
	check(t, []analyzed{
		{"", root("LoginHook", evil), one(login.with(evil))},
		{"", root("LogoutHook", evil), one(logout.with(evil))},
		{"", root("loginhook", evil), one(login.spelled("loginhook").with(evil))},
		{"", root("LOGOUTHOOK", evil), one(logout.spelled("LOGOUTHOOK").with(evil))},
		{"", root("LoginHook", "-string", evil), one(login.with(evil))},
		{"", root("LoginHook", "-String", evil), one(login.with(evil))},
		{"", root("LoginHook", "-array", evil), one(login.with(evil))},
		{"", root("LoginHook", "-array-add", "a", "b"), one(login.with("a b"))},
		{"", root("LoginHook", "-dict", "k", evil), one(login.with("k " + evil))},
		{"", root("LoginHook", "-dict-add", "k", evil), one(login.with("k " + evil))},
		{"", root("LoginHook", "-data", "2f78"), one(login.with("2f78"))},
		{"", root("LoginHook", "-int", "1"), one(login.with("1"))},
		{"", root("LoginHook", "-integer", "2"), one(login.with("2"))},
		{"", root("LoginHook", "-float", "1.5"), one(login.with("1.5"))},
		{"", root("LoginHook", "-bool", "true"), one(login.with("true"))},
		{"", root("LoginHook", "-boolean", "NO"), one(login.with("NO"))},
		{"", root("LoginHook", "-date", "2001-01-01"), one(login.with("2001-01-01"))},
		{"", root("LoginHook", "-string"), one(login)},
		{"", root("LoginHook", "-string", ""), one(emptied)},
		{"empty value", root("LoginHook", ""), one(emptied)},
		{"white space", root("LoginHook", " \t\r\n\v\f"), one(emptied)},
		{"white space in quotes", root("LoginHook", `" "`), one(emptied)},
		{"nothing in XML", root("LogoutHook", "<string></string>"), one(onRoot("write", Remove, "LogoutHook"))},
		{"a NUL", root("LoginHook", "\x00"), one(login.with("\x00"))},
		{"a no-break space is a name", root("LoginHook", "\u00a0"), one(login.with("\u00a0"))},
		{"an empty word before a program", root("LoginHook", "", "/x"), one(login.with(" /x"))},
		{"", root("LoginHook", "-x"), one(login.with("-x"))},
		{"", root("LoginHook", "-"), one(login.with("-"))},
		{"quoted path with spaces", root("LoginHook", jamf), one(login.with(jamf))},
		{"split path", root(append([]string{"LoginHook"}, strings.Fields(jamf)...)...), one(login.with(jamf))},
		{"split path, typed", root(append([]string{"LoginHook", "-string"}, strings.Fields(jamf)...)...), one(login.with(jamf))},
		{"program with arguments", root("LoginHook", "/bin/sh -c 'curl x | sh'"), one(login.with("/bin/sh -c 'curl x | sh'"))},
		{"value is a quoted plist string", root("LoginHook", `"/x y"`), one(login.with("/x y"))},
		{"value is a plist string with escapes", root("LoginHook", `"\U002fx"`), one(login.with("/x"))},
		{"value is an XML string", root("LoginHook", "<string>/x</string>"), one(login.with("/x"))},
		{"value is a broken plist string", root("LoginHook", `"/x`), one(login.with(`"/x`))},
		{"value is an array", root("LoginHook", `("/x")`), one(login.with(`("/x")`))},
		{"allow-listed path behind another", root("LoginHook", evil, jamf), one(login.with(evil + " " + jamf))},
		{"allow-listed path as a suffix", root("LoginHook", "/tmp"+jamf), one(login.with("/tmp" + jamf))},
		{"allow-listed path left by ..", root("LoginHook", jamf+"/../../../../x"), one(login.with(jamf + "/../../../../x"))},
		{"line break and control bytes", root("LoginHook", "/x\n\x1b[2J\x00"), one(login.with("/x\n\x1b[2J\x00"))},
		{"invalid UTF-8", root("LoginHook", "/\xff\xfe"), one(login.with("/\xff\xfe"))},
		{"", root("EnableMCXLoginScripts", "-bool", "TRUE"), one(onRoot("write", Set, "EnableMCXLoginScripts").with("TRUE"))},
		{"", root("enablemcxloginscripts", "1"), one(onRoot("write", Set, "enablemcxloginscripts").with("1"))},
		{"", root("MCXScriptTrust", "-string", "Anonymous"), one(onRoot("write", Set, "MCXScriptTrust").with("Anonymous"))},
	})
}

func TestDefaultsDomains(t *testing.T) {
	login := onRoot("write", Set, "LoginHook").with(evil)
	root := func(args ...string) Input { return asRoot("defaults", args...) }
	hook := func(domain ...string) Input {
		return root(append(append([]string{"write"}, domain...), "LoginHook", evil)...)
	}
	at := func(domain, plist string) []Fact { return one(login.at(domain, plist)) }
	user := asUser("defaults", "write", loginwindow, "LoginHook", evil)
	homeless := user
	homeless.Home = ""
	byHost := "/private/var/root/Library/Preferences/ByHost/com.apple.loginwindow." + uuid + ".plist"
	noUUID := root("-currentHost", "write", loginwindow, "LoginHook", evil)
	noUUID.HostUUID = ""
	noDir := hook("./com.apple.loginwindow").in("")
	const global = "/private/var/root/Library/Preferences/.GlobalPreferences.plist"
	check(t, []analyzed{
		{"user", user, at(loginwindow, userPlist)},
		{"user without home", homeless, one(login.scoped(loginwindow, User))},
		{"other case", hook("COM.Apple.LOGINwindow"), at("COM.Apple.LOGINwindow", rootPlist)},
		{"legacy name", hook("loginwindow"), at("loginwindow", "/private/var/root/Library/Preferences/loginwindow.plist")},
		{"system", hook("/Library/Preferences/com.apple.loginwindow"), at("/Library/Preferences/com.apple.loginwindow", systemPlist)},
		{"system with extension", hook(systemPlist), at(systemPlist, systemPlist)},
		{"system in capitals", hook("/LIBRARY/PREFERENCES/COM.APPLE.LOGINWINDOW.PLIST"), at("/LIBRARY/PREFERENCES/COM.APPLE.LOGINWINDOW.PLIST", systemPlist)},
		{"/var", hook("/var/root/Library/Preferences/com.apple.loginwindow"), at("/var/root/Library/Preferences/com.apple.loginwindow", rootPlist)},
		{"/private/var", hook(rootPlist), at(rootPlist, rootPlist)},
		{"firmlink", hook("/System/Volumes/Data/Library/Preferences/com.apple.loginwindow"), at("/System/Volumes/Data/Library/Preferences/com.apple.loginwindow", systemPlist)},
		{"firmlink in capitals", hook("/SYSTEM/volumes/data/private/var/root/Library/Preferences/com.apple.loginwindow.plist"), at("/SYSTEM/volumes/data/private/var/root/Library/Preferences/com.apple.loginwindow.plist", rootPlist)},
		{"firmlink and /var", hook("/System/Volumes/Data/var/root/Library/Preferences/com.apple.loginwindow"), at("/System/Volumes/Data/var/root/Library/Preferences/com.apple.loginwindow", rootPlist)},
		{"slashes", hook("//var///root/Library//Preferences/com.apple.loginwindow"), at("//var///root/Library//Preferences/com.apple.loginwindow", rootPlist)},
		{"dot-dot", hook("/Library/Preferences/../../var/root/Library/Preferences/com.apple.loginwindow"), at("/Library/Preferences/../../var/root/Library/Preferences/com.apple.loginwindow", rootPlist)},
		{"dot", hook("/Library/./Preferences/./com.apple.loginwindow.plist"), at("/Library/./Preferences/./com.apple.loginwindow.plist", systemPlist)},
		{"trailing slash", hook("/Library/Preferences/com.apple.loginwindow/"), at("/Library/Preferences/com.apple.loginwindow/", systemPlist)},
		{"relative", hook("./com.apple.loginwindow").in("/Library/Preferences"), at("./com.apple.loginwindow", systemPlist)},
		{"relative with extension", hook("com.apple.loginwindow.plist").in("/var/root/Library/Preferences"), at("com.apple.loginwindow.plist", rootPlist)},
		{"relative up", hook("../../Library/Preferences/com.apple.loginwindow").in("/Users/ann"), at("../../Library/Preferences/com.apple.loginwindow", systemPlist)},
		{"relative in firmlink", hook("./com.apple.loginwindow").in("/System/Volumes/Data/Library/Preferences"), at("./com.apple.loginwindow", systemPlist)},
		{"relative to nothing known", noDir, one(login.scoped("./com.apple.loginwindow", Other))},
		{"tilde", hook("~/Library/Preferences/com.apple.loginwindow"), at("~/Library/Preferences/com.apple.loginwindow", rootPlist)},
		{"tilde of user", asUser("defaults", "write", "~/Library/Preferences/com.apple.loginwindow", "LoginHook", evil), at("~/Library/Preferences/com.apple.loginwindow", userPlist)},
		{"tilde root", asUser("defaults", "write", "~root/Library/Preferences/com.apple.loginwindow", "LoginHook", evil), at("~root/Library/Preferences/com.apple.loginwindow", rootPlist)},
		{"tilde ann", hook("~ann/Library/Preferences/com.apple.loginwindow.plist"), at("~ann/Library/Preferences/com.apple.loginwindow.plist", userPlist)},
		{"elsewhere", hook("/tmp/com.apple.loginwindow"), at("/tmp/com.apple.loginwindow", "/private/tmp/com.apple.loginwindow.plist")},
		{"managed", hook("/Library/Managed Preferences/com.apple.loginwindow"), at("/Library/Managed Preferences/com.apple.loginwindow", "/Library/Managed Preferences/com.apple.loginwindow.plist")},
		{"ByHost by path", hook("/private/var/root/Library/Preferences/ByHost/com.apple.loginwindow." + uuid), at("/private/var/root/Library/Preferences/ByHost/com.apple.loginwindow."+uuid, byHost)},
		{"currentHost", root("-currentHost", "write", loginwindow, "LoginHook", evil), at(loginwindow, byHost)},
		{"currentHost in other case", root("-CURRENTHOST", "write", loginwindow, "LoginHook", evil), at(loginwindow, byHost)},
		{"currentHost behind the verb", root("write", "-currentHost", loginwindow, "LoginHook", evil), at(loginwindow, byHost)},
		{"currentHost unknown", noUUID, one(login.scoped(loginwindow, ByHost))},
		{"other host", root("-host", "mac7", "write", loginwindow, "LoginHook", evil), one(login.scoped(loginwindow, ByHost))},
		{"container by identifier", root("-container", "com.example", "write", loginwindow, "LoginHook", evil), one(login.scoped(loginwindow, Other))},
		{"container by path", root("write", "-container", "/var/root", loginwindow, "LoginHook", evil), at(loginwindow, rootPlist)},
		{"all options, any order", root("-host", "x", "-container", "/Users/ann", "--", "-currentHost", "write", "--", loginwindow, "LoginHook", evil), one(login.scoped(loginwindow, Other))},
		{"-g", hook("-g"), at("NSGlobalDomain", global)},
		{"-globalDomain", hook("-globalDomain"), at("NSGlobalDomain", global)},
		{"NSGlobalDomain", hook("NSGlobalDomain"), at("NSGlobalDomain", global)},
		{"Apple Global Domain", hook("Apple Global Domain"), at("Apple Global Domain", global)},
		{".GlobalPreferences", hook(".GlobalPreferences"), at(".GlobalPreferences", global)},
		{"global by path", hook("/Library/Preferences/.GlobalPreferences"), at("/Library/Preferences/.GlobalPreferences", "/Library/Preferences/.GlobalPreferences.plist")},
		{"-g of this host", root("-currentHost", "write", "-g", "LoginHook", evil), at("NSGlobalDomain", "/private/var/root/Library/Preferences/ByHost/.GlobalPreferences."+uuid+".plist")},
		{"-app loginwindow", hook("-app", "loginwindow"), at("loginwindow", rootPlist)},
		{"-app Login Window", hook("-app", "Login Window"), at("Login Window", rootPlist)},
		{"-app by path", hook("-app", "/System/Library/CoreServices/loginwindow.app/"), at("/System/Library/CoreServices/loginwindow.app/", rootPlist)},
		{"verb in other case", root("WRITE", loginwindow, "LoginHook", evil), at(loginwindow, rootPlist)},
		{"by inode", hook("/.vol/16777220/4711"), one(login.at("/.vol/16777220/4711", "/.vol/16777220/4711").loose())},
	})
}

func TestDefaultsWholeDomain(t *testing.T) {
	login, logout := onRoot("write", Set, "LoginHook"), onRoot("write", Set, "LogoutHook")
	broken := one(onRoot("write", Edit, ""))
	emptied := one(onRoot("write", Remove, ""))
	root := func(dict string) Input { return asRoot("defaults", "write", loginwindow, dict) }
	check(t, []analyzed{
		{"", root(`{LoginHook="/x";}`), one(login.with("/x"))},
		{"", root(`{ loginhook = /x; }`), one(login.spelled("loginhook").with("/x"))},
		{"an empty hook is none", root(`{LoginHook = ""; LogoutHook = "/z";}`), one(logout.with("/z"))},
		{"all empty", root(`{LoginHook = ""; LogoutHook = " ";}`), emptied},
		{"", root(`{"LoginHook" = "/x y"; "LogoutHook" = "/z"; a = b;}`), []Fact{login.with("/x y"), logout.with("/z")}},
		{"", root(`{'LoginHook' = '/x';}`), one(login.with("/x"))},
		{"escaped key", root(`{"Login\U0048ook" = "/x";}`), one(login.with("/x"))},
		{"octal key", root(`{"Login\110ook" = "/x";}`), one(login.with("/x"))},
		{"comments", root(`/* {} */ {LoginHook /**/ = /* x */ "/x";}`), one(login.with("/x"))},
		{"without braces", root(`LoginHook = "/x";`), one(login.with("/x"))},
		{"white space", root("\n\t {LoginHook\n=\n\"/x\"\n;}\n"), one(login.with("/x"))},
		{"XML", root(`<?xml version="1.0"?><plist version="1.0"><dict><key>LoginHook</key><string>/x</string></dict></plist>`), one(login.with("/x"))},
		{"XML entity in key", root(`<plist><dict><key>Login&#72;ook</key><string>/x</string></dict></plist>`), one(login.with("/x"))},
		{"XML without plist", root(`<dict><key>LogoutHook</key><string>/x</string></dict>`), one(logout.with("/x"))},
		{"XML boolean", root(`<dict><key>EnableMCXLoginScripts</key><true/></dict>`), one(onRoot("write", Set, "EnableMCXLoginScripts").with("true"))},
		{"XML integer", root(`<dict><key>EnableMCXLoginScripts</key><integer>1</integer></dict>`), one(onRoot("write", Set, "EnableMCXLoginScripts").with("1"))},
		{"value is an array", root(`{LoginHook = ("/x");}`), one(login)},
		{"value is data", root(`{LoginHook = <2f78>;}`), one(login)},
		{"two spellings", root(`{LoginHook = "/b"; loginhook = "/a";}`), []Fact{login.with("/b"), login.spelled("loginhook").with("/a")}},
		{"hook only below", root(`{a = {LoginHook = "/x";};}`), emptied},
		{"no hook", root(`{LoginwindowText = hi;}`), emptied},
		{"empty", root(`{}`), emptied},
		{"word in a value", root(`{a = "LoginHook";}`), emptied},
		{"cut off", root(`{LoginHook="/x`), broken},
		{"cut off XML", root(`<dict><key>LoginHook</key>`), broken},
		{"deep", root(strings.Repeat("{a=", 5000)), broken},
		{"NUL", root("{LoginHook=\x00;}"), broken},
		{"not UTF-8", root("{LoginHook=\xff;}"), broken},
		{"an array", root(`("LoginHook")`), nil},
		{"a word", root("x"), nil},
		{"nothing", root(""), nil},
		{"user", asUser("defaults", "write", loginwindow, `{LoginHook="/x";}`), one(login.with("/x").at(loginwindow, userPlist))},
		{"XML negative", root(`<dict><key>MCXScriptTrust</key><integer>-1</integer></dict>`), one(onRoot("write", Set, "MCXScriptTrust").with("-1"))},
		{"XML real", root(`<dict><key>MCXScriptTrust</key><real>1.5</real></dict>`), one(onRoot("write", Set, "MCXScriptTrust").with("1.5"))},
		{"XML whole real", root(`<dict><key>MCXScriptTrust</key><real>2.0</real></dict>`), one(onRoot("write", Set, "MCXScriptTrust").with("2"))},
		{"XML date", root(`<dict><key>MCXScriptTrust</key><date>2001-02-03T04:05:06Z</date></dict>`), one(onRoot("write", Set, "MCXScriptTrust").with("2001-02-03T04:05:06Z"))},
		{"by inode", asRoot("defaults", "write", "/.vol/1/2", `{LoginHook="/x";}`), one(login.at("/.vol/1/2", "/.vol/1/2").with("/x").loose())},
		{"by inode without a hook", asRoot("defaults", "write", "/.vol/1/2", `{}`), nil},
		{"other domain", asRoot("defaults", "write", "com.example.app", `{LoginHook="/x";}`), nil},
		{"other domain, broken", asRoot("defaults", "write", "com.example.app", `{LoginHook="/x`), nil},
	})
}

func TestDefaultsOtherVerbs(t *testing.T) {
	root := func(args ...string) Input { return asRoot("defaults", args...) }
	imported := onRoot("import", Import, "")
	removed := func(verb, key string) []Fact { return one(onRoot(verb, Remove, key)) }
	check(t, []analyzed{
		{"", root("rename", loginwindow, "Foo", "LoginHook"), one(onRoot("rename", Set, "LoginHook").from("Foo"))},
		{"", root("rename", loginwindow, "Foo", "logouthook"), one(onRoot("rename", Set, "logouthook").from("Foo"))},
		{"", root("rename", loginwindow, "LoginHook", "Foo"), removed("rename", "LoginHook")},
		{"", root("rename", loginwindow, "LoginHook", "LogoutHook"), []Fact{onRoot("rename", Remove, "LoginHook"), onRoot("rename", Set, "LogoutHook").from("LoginHook")}},
		{"", root("rename", loginwindow, "a", "b"), nil},
		{"", root("rename", loginwindow, "LoginHook"), nil},
		{"", root("import", loginwindow, "/tmp/x.plist"), one(imported.fromFile("/private/tmp/x.plist"))},
		{"", root("import", loginwindow, "x.plist").in("/Users/ann"), one(imported.fromFile("/Users/ann/x.plist"))},
		{"import of nowhere", root("import", loginwindow, "x.plist").in(""), one(imported.fromFile("x.plist"))},
		{"", root("import", loginwindow, "-"), one(imported.fromFile("-"))},
		{"", root("import", systemPlist, "-"), one(imported.fromFile("-").at(systemPlist, systemPlist))},
		{"", root("-currentHost", "import", "-g", "-"), one(imported.fromFile("-").at("NSGlobalDomain", "/private/var/root/Library/Preferences/ByHost/.GlobalPreferences."+uuid+".plist"))},
		{"", root("import", loginwindow), nil},
		{"", root("import", "com.example.app", "/tmp/com.apple.loginwindow.plist"), nil},
		{"", root("delete", loginwindow, "LoginHook"), removed("delete", "LoginHook")},
		{"", root("delete", loginwindow, "logouthook"), removed("delete", "logouthook")},
		{"", root("Delete", loginwindow, "LoginHook", "x"), removed("delete", "LoginHook")},
		{"", root("delete", loginwindow, "EnableMCXLoginScripts"), removed("delete", "EnableMCXLoginScripts")},
		{"", root("delete", loginwindow), removed("delete", "")},
		{"", root("delete", loginwindow, "GuestEnabled"), nil},
		{"", root("delete", systemPlist, "LoginHook"), one(onRoot("delete", Remove, "LoginHook").at(systemPlist, systemPlist))},
		{"", root("delete", "-g"), one(onRoot("delete", Remove, "").at("NSGlobalDomain", "/private/var/root/Library/Preferences/.GlobalPreferences.plist"))},
		{"", root("delete", "com.example.app"), nil},
		{"", root("delete", "com.example.app", "LoginHook"), nil},
		{"", root("delete"), one(onRoot("delete", Remove, "").at("", rootPlist))},
		{"", root("delete-all"), one(onRoot("delete-all", Remove, "").at("", rootPlist))},
		{"", root("delete-all", loginwindow), removed("delete-all", "")},
		{"", root("delete-all", loginwindow, "LoginHook"), removed("delete-all", "LoginHook")},
		{"", root("delete-all", "com.example.app"), nil},
		{"", root("-currentHost", "delete", loginwindow, "TALAppsToRelaunchAtLogin"), nil},
		{"export over the hook file", root("export", "com.example.app", rootPlist), one(Fact{
			Tool: "defaults", Verb: "export", Operation: Import, Domain: rootPlist, Plist: rootPlist, Scope: Root, Strict: true,
			SourceFile: "/private/var/root/Library/Preferences/com.example.app.plist",
		})},
		{"export to itself", root("export", loginwindow, "/var/root/Library/Preferences/com.apple.loginwindow.plist"), nil},
		{"export as a backup", root("export", loginwindow, "/tmp/com.apple.loginwindow.plist"), nil},
		{"", root("export", loginwindow, "-"), nil},
		{"", root("export", loginwindow), nil},
	})
}

func TestDefaultsSilent(t *testing.T) {
	var cases []analyzed
	for _, args := range [][]string{
		{"read"},
		{"read", loginwindow},
		{"read", loginwindow, "LoginHook"},
		{"-currentHost", "read", loginwindow, "LoginHook"},
		{"read-type", loginwindow, "LoginHook"},
		{"read", systemPlist, "LogoutHook"},
		{"find", "LoginHook"},
		{"domains"},
		{"help"},
		{"write"},
		{"write", loginwindow},
		{"write", loginwindow, "LoginwindowText", "hi"},
		{"write", loginwindow, "LoginwindowText", "LoginHook is bad"},
		{"write", loginwindow, "GuestEnabled", "-bool", "false"},
		{"write", loginwindow, "LoginHookX", evil},
		{"write", loginwindow, "XLoginHook", evil},
		{"write", loginwindow, "LoginHook ", evil},
		{"write", "-g", "AppleLocale", "en_US"},
		{"write", "com.example.app", "EnableMCXLoginScripts", "-bool", "true"},
		{"write", "com.apple.dock", "autohide", "-bool", "true"},
		{"write", "com.example.app", "Key", "-dict", "Login", "Hook"},
		{"-host"},
		{"-currentHost"},
		{"--"},
		{"frobnicate", loginwindow, "LoginHook", evil},
	} {
		cases = append(cases, analyzed{in: asRoot("defaults", args...)})
	}
	check(t, cases)
}

// What a rule on single arguments fires on is told too, and told apart.
func TestDefaultsLoose(t *testing.T) {
	prefs := "/private/var/root/Library/Preferences/"
	login := onRoot("write", Set, "LoginHook").loose()
	root := func(args ...string) Input { return asRoot("defaults", args...) }
	copied := Input{Name: "defaults", Executable: "/tmp/defaults", Args: []string{"/tmp/defaults", "write", "LoginHook"}, EUID: 501, Home: "/Users/ann"}
	argv0 := Input{Name: "defaults", Args: []string{"LoginHook", "write"}}
	write0 := Input{Name: "defaults", Args: []string{"write", "LogoutHook"}}
	check(t, []analyzed{
		{"copy without a domain", copied, one(login.at("LoginHook", "/Users/ann/Library/Preferences/LoginHook.plist"))},
		{"", root("write", "com.example.app", "LoginHook", "/x"), one(login.at("com.example.app", prefs+"com.example.app.plist").with("/x"))},
		{"", root("write", "com.example.app", "loginhook", "-string", "/x y"), one(login.spelled("loginhook").at("com.example.app", prefs+"com.example.app.plist").with("/x y"))},
		{"", root("-currentHost", "write", "com.example.app", "LoginHook", "/x"), one(login.at("com.example.app", prefs+"ByHost/com.example.app."+uuid+".plist").with("/x"))},
		{"user", asUser("defaults", "write", "com.example.app", "LoginHook", "/x"), one(login.at("com.example.app", "/Users/ann/Library/Preferences/com.example.app.plist").with("/x"))},
		{"", root("write", "/tmp/x", "LogoutHook", "/x"), one(Fact{Tool: "defaults", Verb: "write", Operation: Set, Key: "LogoutHook"}.at("/tmp/x", "/private/tmp/x.plist").with("/x"))},
		{"", root("write", "-app", "TextEdit", "LoginHook", "/x"), one(login.scoped("TextEdit", Other).with("/x"))},
		{"", root("write", loginwindow, "LoginHook"), one(login)},
		{"", root("write", loginwindow, "Foo", "LoginHook"), one(login)},
		{"", root("write", loginwindow, "Foo", "LoginHook", "/x"), one(login.with("/x"))},
		{"", root("-x", "write", loginwindow, "LoginHook", "/x"), one(login.with("/x"))},
		{"", root("LoginHook", "write"), one(login.scoped("", Other))},
		{"", root("read", loginwindow, "LoginHook", "write"), one(login.scoped("", Other))},
		{"", root("rename", loginwindow, "LoginHook", "write"), []Fact{onRoot("rename", Remove, "LoginHook"), login.scoped("", Other)}},
		{"key in argv[0]", argv0, one(login.scoped("", Other))},
		{"verb in argv[0]", write0, one(Fact{Tool: "defaults", Verb: "write", Operation: Set, Key: "LogoutHook"}.at("LogoutHook", prefs+"LogoutHook.plist"))},
		{"", root("write", loginwindow, "MCXScriptTrust", "LoginHook"), []Fact{onRoot("write", Set, "MCXScriptTrust").with("LoginHook"), login}},
		{"verb in other case is none", root("-x", "Write", "com.example.app", "LoginHook"), nil},
		{"key with more is none", root("write", "com.example.app", "LoginHook=x"), nil},
	})
}
