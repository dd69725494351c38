package agent

import (
	"path"
	"strings"
)

// mebibyte is the most that macOS takes as arguments and environment of one exec.
const mebibyte = 1 << 20

// evasions are what an attacker varies to be taken for something else.
func evasions() []attack {
	var all []attack
	for _, list := range [][]attack{disguises(), oversized(), injections(), jamfVariants()} {
		all = append(all, list...)
	}
	return all
}

// disguises are other names for the tools, and their names for other programs.
func disguises() []attack {
	set := write(loginwindow, "LoginHook", implant)
	want := []told{tellsLogin(implant)}
	add := buddyCommands(rootPrefs, "Add :LoginHook string "+implant)
	var all []attack
	for _, argv0 := range []string{jamfLogin, "", "-zsh", "/usr/bin/grep", "read", "defaults read", "com.apple.loginwindow"} {
		all = append(all, attack{"argv[0] is " + strings.TrimSpace(argv0+" "), set.called(argv0).play, want})
	}
	return append(all,
		attack{"a renamed copy", set.at("/private/tmp/cat").called("cat").play, want},
		attack{"a hidden copy", set.at("/Users/Shared/. /.x").called("-").asUser().play, []told{tellsLogin(implant).ofUser()}},
		attack{"a copy in other letters", set.resigned("/private/tmp/DEFAULTS").play, want},
		attack{"an unsigned program of that name", set.unsigned("/private/tmp/defaults").play, want},
		attack{"an unsigned program in Jamf's folder", set.unsigned(jamfFolder + "defaults").play, want},
		attack{"a copy of PlistBuddy", add.at("/private/tmp/awk").called("awk").play, want},
		attack{"a copy of PlistBuddy named defaults", add.at("/private/tmp/defaults").called("defaults").play, want},
		attack{"a copy of plutil", plutil("-replace", "LoginHook", "-string", implant, rootPrefs).at("/private/tmp/ls").called("ls").play, want},
		attack{"the word read in front", defaults("read", loginwindow, "LoginHook", "write").play, []told{tellsLogin("").withoutValue().of("", "other")}},
		attack{"a hook as the value of another key", write(loginwindow, "LoginwindowText", "LoginHook").play, []told{tellsLogin("").withoutValue()}},
	)
}

// oversized are commands that fill all the room that macOS has for arguments. Under sudo
// there is less: it puts the command into the environment as well.
func oversized() []attack {
	filler := strings.Repeat("x", mebibyte-4096)
	words := make([]string, mebibyte/8)
	for i := range words {
		words[i] = "-currentHost"[:4+i%3]
	}
	long := "/" + strings.Repeat("./", mebibyte/2-4096) + "Library/Preferences/com.apple.loginwindow"
	var prints []string
	for range mebibyte / 32 {
		prints = append(prints, "Print :LoginwindowText")
	}
	return []attack{
		{"1 MiB: key at the end of a dictionary", byDaemon(write(loginwindow, `{Filler="`+filler+`";LoginHook="/x";}`)), []told{tellsLogin("/x")}},
		{"1 MiB: key at the end of XML", byDaemon(write(loginwindow, `<dict><key>Filler</key><string>`+filler+`</string><key>LogoutHook</key><string>/x</string></dict>`)), []told{tellsLogout("/x")}},
		{"1 MiB: word at the end", byDaemon(defaults(append(words, "write", "LoginHook")...)), []told{tellsLogin("").withoutValue().of(rootFolder+"/LoginHook.plist", "root")}},
		{"1 MiB: domain", byDaemon(write(long, "LoginHook", "/x")), []told{tellsLogin("/x").ofSystem()}},
		{"1 MiB: value", byDaemon(write(loginwindow, "LoginHook", "/"+filler)), []told{tellsLogin("/" + filler)}},
		{"1 MiB: value behind a type", byDaemon(write(loginwindow, "LoginHook", "-string", strings.Repeat("\x1b", mebibyte-4096))), []told{tellsLogin(strings.Repeat("\x1b", mebibyte-4096))}},
		{"1 MiB: command at the end", byDaemon(buddyCommands(rootPrefs, append(prints, "Add :LoginHook string /x")...)), []told{tellsLogin("/x")}},
		{"1 MiB: plutil's file at the end", byDaemon(plutil("-replace", "LoginHook", "-json", `"`+strings.Repeat(" ", mebibyte-8192)+`/x"`, rootPrefs)), []told{tellsLogin(strings.Repeat(" ", mebibyte-8192) + "/x")}},
	}
}

// injections try to be more than one line of a log, or to move the reader's cursor.
func injections() []attack {
	var all []attack
	for _, v := range []struct{ name, text string }{
		{"line breaks", "/x\n{\"event\":{\"kind\":\"alert\"},\"message\":\"all is well\"}\r\n"},
		{"terminal escapes", "/x\x1b[2J\x1b]0;owned\x07\x1b[8m\x08\x08\x7f\u009b31m"},
		{"hidden and turned text", "/x\u202e\u2066hs.etadpu\u2069\u200b\u00ad\ufeff\u061c"},
		{"separators of lines", "/x\u2028\u2029\u0085\v\f"},
		{"tags", "/x\U000e0041\U000e007f\U0001f1e6"},
		{"JSON", `/x","verdict":"observed"}}` + "\\\\u0000\\"},
		{"format", "/x %s%n%x%1000000d {0} ${jndi:ldap://x} $(id) `id`"},
	} {
		all = append(all,
			attack{"value of " + v.name, write(loginwindow, "LoginHook", v.text).play, []told{tellsLogin(v.text)}},
			attack{"program with " + v.name, write(loginwindow, "LoginHook", "/x").at("/private/tmp/" + strings.ReplaceAll(v.text, "/", "_")).called(v.text).play, []told{tellsLogin("/x")}},
			attack{"folder with " + v.name, write("./com.apple.loginwindow", "LoginHook", "/x").in("/tmp" + v.text).play,
				[]told{tellsLogin("/x").of(path.Clean("/private/tmp"+v.text+plistName), "other")}},
		)
	}
	return all
}

// jamfVariants look like the hooks that Jamf sets, to the preset that covers those. There
// is no disk here: a value that is Jamf's to the letter is covered.
func jamfVariants() []attack {
	login := func(value ...string) scene {
		return write(append([]string{loginwindow, "LoginHook"}, value...)...).play
	}
	covered := func(name string, s scene) attack { return attack{"jamf covered: " + name, s, nil} }
	all := []attack{
		covered("login hook", login(jamfLogin)),
		covered("logout hook", write(loginwindow, "LogoutHook", jamfLogout).play),
		covered("split by a shell", login(strings.Split(jamfLogin, " ")...)),
		covered("typed", login("-string", jamfLogin)),
		covered("whole domain", write(systemPrefs, `{LoginHook="`+jamfLogin+`";LogoutHook="`+jamfLogout+`";}`).play),
		covered("by plutil", plutil("-replace", "LogoutHook", "-string", jamfLogout, rootPrefs).play),
		covered("by PlistBuddy", buddyCommands(rootPrefs, "Add :LoginHook string "+jamfLogin).play),
		{"jamf: extra argument behind", login(implant, jamfLogin), []told{tellsLogin(implant + " " + jamfLogin)}},
		{"jamf: extra argument in front", login(jamfLogin, implant), []told{tellsLogin(jamfLogin + " " + implant)}},
		{"jamf: half of the path as an argument", login(implant, "Support/JAMF/ManagementFrameworkScripts/loginhook.sh"), []told{tellsLogin(implant + " Support/JAMF/ManagementFrameworkScripts/loginhook.sh")}},
		{"jamf: as the domain", write(jamfLogin, "LoginHook", implant).play, []told{tellsLogin(implant).of(jamfLogin+".plist", "other")}},
		{"jamf: login hook as logout hook", write(loginwindow, "LogoutHook", jamfLogin).play, []told{tellsLogout(jamfLogin)}},
		{"jamf: logout hook as login hook", login(jamfLogout), []told{tellsLogin(jamfLogout)}},
		{"jamf: one of two hooks", write(loginwindow, `{LoginHook="`+jamfLogin+`";LogoutHook="`+implant+`";}`).play, []told{tellsLogout(implant)}},
		{"jamf: two spellings of one key", write(loginwindow, `{LoginHook="`+jamfLogin+`";loginhook="`+implant+`";}`).play, []told{tellsLogin(implant).spelled("loginhook")}},
		{"jamf: covered command, then another", buddyCommands(rootPrefs, "Set :LoginHook "+jamfLogin, "Set :LoginHook "+implant).play, []told{tellsLogin(implant)}},
		{"jamf: covered key, other keys from a file", plutil("-replace", "LoginHook", "-string", jamfLogin, "-o", rootPrefs, "/tmp/a.plist").play, []told{tellsImport("/private/tmp/a.plist")}},
		{"jamf: key inside the hook", buddyCommands(rootPrefs, "Set :LogoutHook:LoginHook "+jamfLogin).play, []told{tellsEdit("LogoutHook").with(jamfLogin)}},
		{"jamf: removed", defaults("delete", loginwindow, "LoginHook").play, []told{tellsRemoved("LoginHook")}},
		{"jamf: removed and set again", buddyCommands(rootPrefs, "Delete :LoginHook", "Add :LoginHook string "+jamfLogin).play, []told{tellsRemoved("LoginHook")}},
	}
	for _, v := range []struct{ name, value string }{
		{"suffix", "/tmp" + jamfLogin},
		{"prefix", jamfLogin + ".command"},
		{"dot-dot", jamfLogin + "/../../../../../Users/Shared/x"},
		{"dot-dot to itself", jamfFolder + "../ManagementFrameworkScripts/loginhook.sh"},
		{"trailing space", jamfLogin + " "},
		{"leading space", " " + jamfLogin},
		{"two spaces", strings.Replace(jamfLogin, " ", "  ", 1)},
		{"trailing line break", jamfLogin + "\n"},
		{"two slashes", "/" + jamfLogin},
		{"with arguments", jamfLogin + "; " + implant},
		{"other letters", strings.ToLower(jamfLogin)},
		{"another script of the folder", jamfFolder + "x.sh"},
		{"the folder", jamfFolder},
		{"wildcard", jamfFolder + "*.sh"},
		{"quoted", "'" + jamfLogin + "'x"},
		{"letters that look alike", strings.Replace(jamfLogin, "i", "\u0456", 1)},
		{"unseen letter", strings.Replace(jamfLogin, "h", "h\u200b", 1)},
	} {
		all = append(all, attack{"jamf: " + v.name, login(v.value), []told{tellsLogin(v.value)}})
	}
	return all
}
