package agent

import (
	"slices"

	"hooksnare/collector/eslogger/synthetic"
)

func lateralStories() []story {
	const bifrost = synthetic.Home + "/Downloads/bifrost"
	return slices.Concat(
		about("lateral_movement_credential_access_kerberos_bifrostconsole",
			fires("asks for a ticket", func(d *desk) {
				d.types(bifrost, "-action", "asktgt", "-username", "sam", "-enctype", "aes256", "-hash", "5EED")
			}, bifrost+" < zsh"),
			fires("passes a ticket", func(d *desk) { d.types(bifrost, "-action", "ptt", "-ticket", "doIFZZZZ") }, bifrost+" < zsh"),
			fires("dumps tickets", func(d *desk) { d.types(bifrost, "-action", "dump", "-source", "tickets") }, bifrost+" < zsh"),
			fires("dumps a key table", func(d *desk) { d.run(d.implant(), "/private/tmp/b", "-action", "dump", "-source", "keytab") }, "/private/tmp/b < updated"),
			near("a listing", func(d *desk) { d.types(bifrost, "-action", "list") }),
			near("another tool's dump", func(d *desk) { d.types("/opt/homebrew/bin/redis-cli", "dump", "tickets") }),
		),
		about("lateral_movement_mounting_smb_share",
			fires("the tool", func(d *desk) { d.types("mount_smbfs", "//sam@files.example.com/share", "/tmp/share") }, "/sbin/mount_smbfs < zsh"),
			fires("by mount, which becomes it", func(d *desk) {
				p := d.start(d.shell(), "mount", "-t", "smbfs", "//sam@files.example.com/share", "/tmp/share")
				d.Exec(p, spec("mount_smbfs", "//sam@files.example.com/share", "/tmp/share"))
				d.Exit(p, 0)
			}, "/sbin/mount < zsh", "/sbin/mount_smbfs < zsh"),
			fires("by the Finder", func(d *desk) { d.types("open", "smb://files.example.com/share") }, "/usr/bin/open < zsh"),
			fires("by AppleScript", func(d *desk) { d.osascript(d.shell(), `mount volume "smb://files.example.com/share"`) }, "/usr/bin/osascript < zsh"),
			near("another protocol", func(d *desk) { d.types("mount", "-t", "nfs", "files.example.com:/share", "/tmp/share") }),
			near("another address", func(d *desk) { d.types("open", "https://files.example.com/share") }),
			near("a drive in the cloud", func(d *desk) {
				d.run(d.app("/Applications/Google Drive.app/Contents/MacOS/Google Drive"), "mount_smbfs", "//guest@localhost:55313/drive", "/Volumes/GoogleDrive")
			}),
		),
	)
}

func remoteStories() []story {
	return slices.Concat(
		about("lateral_movement_remote_ssh_login_enabled",
			fires("a script of root's", func(d *desk) { d.run(d.script("/tmp/remote.sh"), "systemsetup", "-f", "-setremotelogin", "on") },
				"/usr/sbin/systemsetup < bash"),
			fires("the job itself", func(d *desk) {
				d.run(d.script("/tmp/remote.sh"), "launchctl", "load", "-w", "/System/Library/LaunchDaemons/ssh.plist")
			}, "/bin/launchctl < bash"),
			fires("the job by its label", func(d *desk) { d.run(d.implant(), "launchctl", "bootstrap", "system", "com.openssh.sshd") }, "/bin/launchctl < updated"),
			near("off", func(d *desk) { d.run(d.script("/tmp/remote.sh"), "systemsetup", "-f", "-setremotelogin", "off") }),
			near("another job", func(d *desk) {
				d.run(d.script("/tmp/remote.sh"), "launchctl", "load", "-w", "/System/Library/LaunchDaemons/tftp.plist")
			}),
			near("an administrator", func(d *desk) { d.sudo("systemsetup", "-setremotelogin", "on") }),
			near("the management agent", func(d *desk) {
				d.run(d.daemon("com.jamf.management.daemon", jamfBinary, "policy"), "systemsetup", "-f", "-setremotelogin", "on")
			}),
		),
		about("lateral_movement_suspicious_curl_to_jamf_endpoint",
			fires("an implant", func(d *desk) { d.run(d.implant(), "curl", "-sk", "https://jamf.example.com/api/v1/auth/token") }, "/usr/bin/curl < updated"),
			fires("a script", func(d *desk) { d.run(d.python(), "curl", "-s", "https://jamf.example.com/JSSResource/computers") }, "/usr/bin/curl < python3.12"),
			fires("AppleScript", func(d *desk) {
				d.run(d.osascript(d.shell(), "delay 1"), "curl", "-s", "https://jamf.example.com/JSSResource/computers")
			},
				"/usr/bin/curl < osascript"),
			near("the user", func(d *desk) { d.types("curl", "-s", "https://jamf.example.com/healthCheck.html") }),
			near("another host", func(d *desk) { d.run(d.python(), "curl", "-s", "https://mdm.example.com/JSSResource/computers") }),
		),
		about("lateral_movement_vpn_connection_attempt",
			fires("scutil", func(d *desk) { d.types("scutil", "--nc", "start", "Office") }, "/usr/sbin/scutil < zsh"),
			fires("networksetup", func(d *desk) { d.types("networksetup", "-connectpppoeservice", "Office") }, "/usr/sbin/networksetup < zsh"),
			fires("AppleScript", func(d *desk) {
				d.osascript(d.implant(), `tell application "System Events" to tell current location of network preferences to connect (set VPN to service "Office")`)
			}, "/usr/bin/osascript < updated"),
			near("ends it", func(d *desk) { d.types("scutil", "--nc", "stop", "Office") }),
			near("asks only", func(d *desk) { d.types("networksetup", "-showpppoestatus", "Office") }),
		),
	)
}
