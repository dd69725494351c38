package agent

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"hooksnare/agent/config"
	"hooksnare/collector/eslogger/synthetic"
	"hooksnare/pkg/event"
)

// setting is a key of a domain and what administrators and people set it to.
type setting struct {
	domain, key string
	value       []string
}

// settings are of public scripts for new Macs, hardening guides and management tools; none is a hook.
func settings() []setting {
	values := map[string][][]string{
		"-bool": {{"true"}, {"false"}, {"YES"}, {"NO"}}, "-int": {{"0"}, {"1"}, {"30"}}, "-float": {{"0.5"}},
		"-string": {{""}, {"Nlsv"}, {"/Users/Shared/a b"}}, "-array": {{}, {"a", "b"}}, "-dict": {{"Enabled", "-bool", "true"}}, "-date": {{"2026-01-01 00:00:00 +0000"}},
	}
	keys := []struct{ domain, key, kind string }{
		{"NSGlobalDomain", "AppleShowAllExtensions", "-bool"}, {"NSGlobalDomain", "KeyRepeat", "-int"}, {"-g", "ApplePressAndHoldEnabled", "-bool"},
		{"NSGlobalDomain", "AppleLanguages", "-array"}, {"-globalDomain", "NSWindowResizeTime", "-float"}, {"Apple Global Domain", "AppleLocale", "-string"},
		{"com.apple.dock", "autohide", "-bool"}, {"com.apple.dock", "tilesize", "-int"}, {"com.apple.dock", "persistent-apps", "-array"}, {"com.apple.dock", "mineffect", "-string"},
		{"com.apple.finder", "AppleShowAllFiles", "-bool"}, {"com.apple.finder", "FXPreferredViewStyle", "-string"}, {"com.apple.finder", "FXInfoPanesExpanded", "-dict"},
		{"com.apple.screensaver", "askForPassword", "-int"}, {"com.apple.screensaver", "askForPasswordDelay", "-int"}, {"com.apple.screencapture", "location", "-string"},
		{"com.apple.Safari", "IncludeDevelopMenu", "-bool"}, {"com.apple.Safari", "HomePage", "-string"}, {"com.apple.TimeMachine", "DoNotOfferNewDisksForBackup", "-bool"},
		{"com.apple.desktopservices", "DSDontWriteNetworkStores", "-bool"}, {"com.apple.LaunchServices", "LSQuarantine", "-bool"}, {"com.apple.menuextra.clock", "DateFormat", "-string"},
		{"/Library/Preferences/com.apple.SoftwareUpdate", "AutomaticCheckEnabled", "-bool"}, {"/Library/Preferences/com.apple.SoftwareUpdate.plist", "LastSuccessfulDate", "-date"},
		{"/Library/Preferences/com.apple.alf", "globalstate", "-int"}, {"/Library/Preferences/ManagedInstalls", "SoftwareRepoURL", "-string"}, {"/Library/Preferences/com.googlecode.munki.plist", "InstallAppleSoftwareUpdates", "-bool"},
		{"/Library/Preferences/com.jamfsoftware.jamf", "jss_url", "-string"}, {"/Library/Preferences/com.apple.TimeMachine", "AutoBackup", "-bool"}, {"/Library/Preferences/.GlobalPreferences", "MultipleSessionEnabled", "-bool"},
		{"/Library/Preferences/com.apple.mDNSResponder.plist", "NoMulticastAdvertisements", "-bool"}, {"/private/var/db/launchd.db/com.apple.launchd/overrides.plist", "com.apple.screensharing", "-dict"},
		{loginwindow, "TALLogoutSavesState", "-bool"}, {loginwindow, "LoginwindowText", "-string"}, {loginwindow, "LoginHookNote", "-string"}, {loginwindow, "EnableMCXLoginScripts", "off"},
		{systemPrefs, "GuestEnabled", "-bool"}, {systemPrefs, "SHOWFULLNAME", "-bool"}, {systemPrefs, "RetriesUntilHint", "-int"}, {systemPrefs, "DisableConsoleAccess", "-bool"},
		{"/Library/Preferences/com.apple.loginwindow", "AdminHostInfo", "-string"}, {"/Library/Preferences/com.apple.loginwindow", "HiddenUsersList", "-array"}, {rootPrefs, "PowerOffDisabled", "-bool"},
		{"~/Library/Preferences/com.apple.loginwindow", "TALAppsToRelaunchAtLogin", "-array"},
	}
	var out []setting
	for _, k := range keys {
		if k.kind == "off" {
			out = append(out, setting{k.domain, k.key, []string{"-bool", "false"}}, setting{k.domain, k.key, []string{"0"}})
		}
		for _, v := range values[k.kind] {
			out = append(out, setting{k.domain, k.key, append([]string{k.kind}, v...)})
		}
	}
	return out
}

// settingHabits set, read and remove each setting in the ways that people do.
func settingHabits() []command {
	var out []command
	for _, s := range settings() {
		value := s.value[len(s.value)-1]
		both := []command{
			write(append([]string{s.domain, s.key}, s.value...)...), defaults("read", s.domain, s.key), defaults("delete", s.domain, s.key),
			defaults(append([]string{"-currentHost", "write", s.domain, s.key}, s.value...)...), defaults("read-type", s.domain, s.key),
		}
		file := "/Library/Preferences/" + s.key + ".plist"
		if s.domain[0] == '/' {
			file = s.domain
		}
		both = append(both,
			buddyCommands(file, "Set :"+s.key+" "+value), buddyCommands(file, "Add :"+s.key+" string "+value, "Print"), buddyCommands(file, "Delete :"+s.key),
			plutil("-replace", s.key, "-string", value, file), plutil("-remove", s.key, file), plutil("-extract", s.key, "raw", file))
		for _, c := range both {
			out = append(out, c, c.asUser())
		}
	}
	return out
}

// hookHabits are about hooks, and set none.
func hookHabits() []command {
	var out []command
	for _, domain := range []string{loginwindow, systemPrefs, "/Library/Preferences/com.apple.loginwindow", rootPrefs, "/var/root/Library/Preferences/com.apple.loginwindow", "~/Library/Preferences/com.apple.loginwindow"} {
		for _, key := range []string{"LoginHook", "LogoutHook"} {
			out = append(out, write(domain, key, ""), write(domain, key, "-string", ""), write(domain, key, " "), defaults("delete", domain, key), defaults("read", domain, key))
			if domain != loginwindow {
				file := domain
				out = append(out, buddyCommands(file, "Delete :"+key), buddyCommands(file, "Set :"+key+" "), buddyCommands(file, "Print :"+key),
					plutil("-remove", key, file), plutil("-replace", key, "-string", "", file), plutil("-extract", key, "raw", file))
			}
			for _, words := range [][]string{
				{"grep", "-r", key, domain}, {"echo", "defaults write " + domain + " " + key + " /x"}, {"vim", key + ".md"}, {"man", "-k", key},
				{"/usr/local/bin/audit", "write", domain, key, "/x"}, {"/opt/tools/plist", "-c", "Add :" + key + " string /x", domain}, {"logger", "-t", key, domain},
				{"ssh", "admin@mac", "defaults read " + domain + " " + key}, {"git", "commit", "-m", "remove " + key + " from " + domain},
			} {
				out = append(out, run(words...))
			}
		}
	}
	return out
}

// fileHabits work with files of preferences, and with those of simulators.
func fileHabits() []command {
	const runtime = "/Library/Developer/CoreSimulator/Volumes/iOS_22A3351/Library/Developer/CoreSimulator/Profiles/Runtimes/iOS 18.0.simruntime/Contents/Resources/RuntimeRoot/usr/bin/defaults"
	const device = synthetic.Home + "/Library/Developer/CoreSimulator/Devices/0A1B2C3D-0000-1111-2222-333344445555/data/Library/Preferences/com.apple.loginwindow.plist"
	var out []command
	for _, name := range []string{"com.apple.dock", "com.apple.Terminal", "com.googlecode.iterm2", "com.apple.symbolichotkeys", "com.knollsoft.Rectangle", "org.vim.MacVim", "com.apple.finder"} {
		for _, folder := range []string{synthetic.Home + "/dotfiles/", "/Volumes/Backup/prefs/", "/tmp/", "./"} {
			file := folder + name + ".plist"
			for _, c := range []command{
				defaults("import", name, file), defaults("export", name, file), defaults("export", loginwindow, folder+"loginwindow-backup.plist"), defaults("import", name, "-"),
				plutil("-convert", "xml1", file), plutil("-convert", "binary1", "-o", "/tmp/out.plist", file), plutil("-lint", file), plutil("-p", systemPrefs),
				buddyCommands(file, "Merge /tmp/more.plist"), buddyCommands(file, "Import :Picture /tmp/x.png"), buddyCommands(file, "Clear dict"), buddy(file),
				run("cp", file, synthetic.Home+"/Library/Preferences/"), run("rm", "-f", file),
			} {
				out = append(out, c, c.asUser())
			}
		}
	}
	for _, domain := range []string{"NSGlobalDomain", "-g", "Apple Global Domain"} {
		for _, file := range []string{synthetic.Home + "/dotfiles/global.plist", "global.plist", "-"} {
			out = append(out, defaults("import", domain, file), defaults("import", domain, file).asUser(), defaults("-currentHost", "import", domain, file).asUser(), defaults("export", domain, file).asUser())
		}
	}
	for _, key := range []string{"LoginHook", "LogoutHook", "GuestEnabled"} {
		out = append(out,
			write(loginwindow, key, "/x").at(runtime), write(loginwindow, key, "/x").at(runtime).asUser(), defaults("import", loginwindow, "-").at(runtime),
			run("xcrun", "simctl", "spawn", "booted", "defaults", "write", loginwindow, key, "/x").asUser(),
			write(device, key, "/x").asUser(), plutil("-replace", key, "-string", "/x", device).asUser(), buddyCommands(device, "Set :"+key+" /x").asUser())
	}
	return out
}

// managementHabits are what management tools run all day.
func managementHabits() []command {
	var out []command
	for _, words := range [][]string{
		{"/usr/local/jamf/bin/jamf", "policy", "-event", "login"}, {"/usr/local/jamf/bin/jamf", "recon"}, {"/usr/local/munki/managedsoftwareupdate", "--auto"},
		{"/bin/sh", "/Library/Management/scripts/loginwindow.sh"}, {"/usr/bin/profiles", "install", "-path", "/tmp/com.apple.loginwindow.mobileconfig"},
		{"/usr/bin/profiles", "show", "-type", "configuration"}, {"launchctl", "kickstart", "-k", "system/com.apple.cfprefsd.xpc.daemon"}, {"/usr/bin/killall", "cfprefsd"},
		{"/usr/sbin/installer", "-pkg", "/tmp/a.pkg", "-target", "/"}, {"/usr/bin/pluginkit", "-m"}, {"/usr/libexec/mdmclient", "dumpManagedPrefs"}, {"/usr/bin/mcxquery"},
	} {
		out = append(out, run(words...))
	}
	return append(out, write(loginwindow, "LoginHook", jamfLogin), write(loginwindow, "LogoutHook", jamfLogout))
}

// TestHabits plays what administrators and people do with preferences all day through the whole
// engine, and wants no alert of medium severity or above.
func TestHabits(t *testing.T) {
	all := slices.Concat(settingHabits(), hookHabits(), fileHabits(), managementHabits())
	distinct := map[string]bool{}
	for _, c := range all {
		distinct[fmt.Sprint(c.Path, c.Args, c.user)] = true
	}
	if t.Logf("%d commands, %d of them distinct", len(all), len(distinct)); len(distinct) < 2000 {
		t.Errorf("got %d distinct commands, want 2000", len(distinct))
	}
	var recording bytes.Buffer
	m := &mac{Host: synthetic.New(&recording, synthetic.Options{Seed: 5})}
	for _, c := range all {
		c.play(m)
		m.Advance(2 * time.Minute)
	}
	if err := m.Err(); err != nil {
		t.Fatal(err)
	}
	for _, a := range replayed(t, config.Default(), builtinRules(t), recording.Bytes()) {
		if a.Event.Severity >= event.Medium.Number() {
			t.Errorf("got %s %d: %s", a.Rule.ID, a.Event.Severity, a.Message)
		}
	}
}
