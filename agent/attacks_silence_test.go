package agent

import "strings"

// harmless is what must never raise an alert, however often it speaks of hooks.
func harmless() []attack {
	var all []attack
	for _, kind := range []struct {
		name     string
		commands []command
	}{
		{"reads", []command{
			defaults("read"), defaults("read", loginwindow), defaults("read", loginwindow, "LoginHook"),
			defaults("read", "/Library/Preferences/com.apple.loginwindow", "LogoutHook"), defaults("-currentHost", "read", loginwindow, "LoginHook"),
			defaults("read-type", loginwindow, "LoginHook"), defaults("find", "LoginHook"), defaults("find", "com.apple.loginwindow"),
			defaults("export", loginwindow, "-"), defaults("export", loginwindow, "/tmp/com.apple.loginwindow.plist"),
			defaults("export", loginwindow, "/Users/sam/Desktop/backup.plist"), defaults("domains"), defaults("help"), defaults(),
		}},
		{"other keys", []command{
			write(loginwindow, "LoginwindowText", "Property of the lab"), write(loginwindow, "GuestEnabled", "-bool", "false"),
			write("/Library/Preferences/com.apple.loginwindow", "SHOWFULLNAME", "-bool", "true"),
			write(systemPrefs, "RetriesUntilHint", "-int", "0"), write(loginwindow, "DisableConsoleAccess", "-bool", "true"),
			write(loginwindow, "LoginwindowText", "Ask the desk about LoginHook"), write(loginwindow, "LoginHookX", "/x"),
			write(loginwindow, "OldLoginHook", "/x"), write(loginwindow, "Login", "Hook"), defaults("delete", loginwindow, "GuestEnabled"),
			defaults("rename", loginwindow, "autoLoginUser", "OldAutoLoginUser"), defaults("import", "com.example.app", "/tmp/com.apple.loginwindow.plist"),
			write("com.apple.dock", "autohide", "-bool", "true"), write("-g", "AppleLocale", "en_US"), write("-g", "com.apple.loginwindow", "x"),
			write("com.example.app", `{Foo=LoginHook;}`), write("com.example.app", "EnableMCXLoginScripts", "-bool", "true"),
			write("com.example.app", "Note", "do not write LoginHook"), defaults("delete", "com.example.app"),
			defaults("delete", "com.example.app", "LoginHook"), defaults("read", "com.example.app", "write"),
		}},
		{"MCX off", []command{
			write(loginwindow, "EnableMCXLoginScripts", "-bool", "false"), write(loginwindow, "EnableMCXLoginScripts", "-bool", "NO"),
			write(loginwindow, "EnableMCXLoginScripts", "0"), defaults("delete", loginwindow, "EnableMCXLoginScripts"),
			defaults("delete", loginwindow, "MCXScriptTrust"), buddyCommands(rootPrefs, "Delete :MCXScriptTrust"),
		}},
		{"re-opened applications", []command{
			defaults("-currentHost", "write", loginwindow, "TALAppsToRelaunchAtLogin", "-array-add", "{BackgroundState=2;Path=/Applications/Safari.app;}"),
			defaults("-currentHost", "delete", loginwindow, "TALAppsToRelaunchAtLogin"),
			write(userFolder+"/ByHost/com.apple.loginwindow.5EED5EED-0000-4000-8000-0123456789AB", "TALAppsToRelaunchAtLogin", "-array"),
			buddyCommands(userFolder+"/ByHost/com.apple.loginwindow.5EED5EED-0000-4000-8000-0123456789AB.plist", "Delete :TALAppsToRelaunchAtLogin"),
		}},
		{"plutil", []command{
			plutil("-lint", rootPrefs), plutil("-p", rootPrefs), plutil("-extract", "LoginHook", "raw", "-o", "-", rootPrefs),
			plutil("-extract", "LogoutHook", "xml1", "-o", "/tmp/x", systemPrefs), plutil("-type", "LoginHook", rootPrefs), plutil("-help"),
			plutil("-convert", "xml1", "-o", "-", rootPrefs), plutil("-convert", "xml1", "-o", "/dev/stdout", rootPrefs),
			plutil("-convert", "binary1", rootPrefs), plutil("-convert", "xml1", "-o", "/tmp/com.apple.loginwindow.plist", rootPrefs),
			plutil("-insert", "LoginHook", "-string", "/x", "/tmp/Info.plist"), plutil("-replace", "GuestEnabled", "-bool", "NO", systemPrefs),
			plutil("-remove", "LoginwindowText", systemPrefs), plutil("-insert", "Foo", "-string", "LoginHook", systemPrefs),
		}},
		{"PlistBuddy", []command{
			buddyCommands(rootPrefs, "Print"), buddyCommands(rootPrefs, "Print :LoginHook"), buddyCommands(systemPrefs, "print LogoutHook"),
			buddy("-x", "-c", "Print", rootPrefs), buddyCommands(rootPrefs, "Copy :LoginHook :Saved"), buddyCommands(rootPrefs, "Set :GuestEnabled false"),
			buddyCommands(rootPrefs, "Add :Foo:LoginHook string /x"), buddyCommands("/tmp/Info.plist", "Add :LoginHook string /x"),
			buddyCommands("/tmp/Info.plist", "Merge "+rootPrefs), buddy("/tmp/Info.plist"), buddy("-h"), buddyCommands("Info.plist", "Set :CFBundleVersion 2"),
		}},
		{"words", []command{
			run("grep", "-rn", "LoginHook", "/Library/Preferences"), run("echo", "defaults", "write", loginwindow, "LoginHook", implant),
			run("vim", rootPrefs), run("vim", "+/LoginHook", "notes.md"), run("man", "defaults"), run("man", "LoginHook"), run("cat", rootPrefs),
			run("ls", "-l", rootPrefs), run("bash", "-c", "# defaults write com.apple.loginwindow LoginHook /x"), run("log", "show", "--predicate", `eventMessage CONTAINS "LoginHook"`),
			run("mdfind", "LoginHook defaults write"), run("less", "defaults write LoginHook"), run("git", "commit", "-m", "write LoginHook with defaults"),
			run("awk", "/LoginHook/ {print}", systemPrefs), run("osascript", "-e", `display dialog "defaults write LoginHook"`),
			run("/Users/sam/bin/defaults.py", "write", loginwindow, "LoginHook", "/x"), run("/opt/homebrew/bin/ldefaults", "write", loginwindow, "LoginHook"),
			run("grep", "write", "LoginHook").called("defaults"), run("/Users/sam/bin/default", "write", "LoginHook"),
		}},
		{"environment", []command{
			run("env").env("TASK=write LoginHook", "HOME=/Users/sam"),
			defaults("read", loginwindow).env("write", "LoginHook", "PATH=/usr/bin"),
			run("zsh", "-c", "true").env("CMD=defaults write com.apple.loginwindow LoginHook /x"),
		}},
		{"files without a hook", []command{
			write("/tmp/com.apple.loginwindow", "Foo", "bar"), buddyCommands("/tmp/com.apple.loginwindow.plist", "Add :Foo string bar"),
			plutil("-insert", "Foo", "-string", "bar", "/Users/sam/backup/com.apple.loginwindow.plist"), plutil("-lint", "/tmp/com.apple.loginwindow.plist"),
		}},
	} {
		for _, c := range kind.commands {
			name := "silent: " + kind.name + ": " + inWords(c.Args)
			all = append(all, attack{name, c.play, nil}, attack{name + ", as user", c.asUser().play, nil})
		}
	}
	return all
}

// inWords is a command line for the name of a case.
func inWords(args []string) string {
	return strings.Join(args, " ")
}
