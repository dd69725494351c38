package agent

import (
	"slices"

	"hooksnare/collector/eslogger/synthetic"
)

func evasionStories() []story {
	const updates = "/Library/Preferences/com.apple.SoftwareUpdate.plist"
	return slices.Concat(
		about("defense_evasion_apple_softupdates_modification",
			fires("no more updates", func(d *desk) { d.sudo("defaults", "write", updates, "AutomaticCheckEnabled", "-bool", "FALSE") },
				"/usr/bin/defaults < sudo"),
			fires("by the domain's name", func(d *desk) {
				d.types("defaults", "write", "com.apple.SoftwareUpdate", "CriticalUpdateInstall", "-bool", "NO")
			},
				"/usr/bin/defaults < zsh"),
			near("updates on", func(d *desk) { d.sudo("defaults", "write", updates, "AutomaticCheckEnabled", "-bool", "true") }),
			near("asks only", func(d *desk) { d.sudo("defaults", "read", updates, "AutomaticCheckEnabled") }),
			near("another domain", func(d *desk) { d.sudo("defaults", "write", "com.apple.commerce", "AutoUpdate", "-bool", "FALSE") }),
		),
		about("defense_evasion_attempt_to_disable_gatekeeper",
			fires("behind sudo", func(d *desk) { d.sudo("spctl", "--master-disable") }, "/usr/sbin/spctl < sudo"),
			near("on again", func(d *desk) { d.sudo("spctl", "--master-enable") }),
			near("asks only", func(d *desk) { d.types("spctl", "--status") }),
			near("as macOS calls it now", func(d *desk) { d.sudo("spctl", "--global-disable") }),
		),
		about("defense_evasion_install_root_certificate",
			fires("a script of root's", func(d *desk) {
				d.run(d.script("/tmp/setup.sh"), "security", "add-trusted-cert", "-d", "-r", "trustRoot", "-k", "/Library/Keychains/System.keychain", "/tmp/ca.pem")
			}, "/usr/bin/security < bash"),
			fires("an implant", func(d *desk) { d.run(d.implant(), "security", "add-trusted-cert", "-r", "trustRoot", "/tmp/ca.pem") },
				"/usr/bin/security < updated"),
			near("asks only", func(d *desk) { d.types("security", "find-certificate", "-a") }),
			near("the management agent", func(d *desk) {
				d.run(d.daemon("com.jamf.management.daemon", jamfBinary, "policy"), "security", "add-trusted-cert", "-d", "-r", "trustRoot", "/tmp/ca.pem")
			}),
		),
	)
}

func settingStories() []story {
	return slices.Concat(
		about("defense_evasion_modify_environment_launchctl",
			fires("an implant", func(d *desk) { d.run(d.implant(), "launchctl", "setenv", "PATH", "/Users/Shared/bin:/usr/bin") }, "/bin/launchctl < updated"),
			fires("an implant without a signature", func(d *desk) { d.run(d.unsigned(), "launchctl", "setenv", "DYLD_INSERT_LIBRARIES", "/tmp/.l.dylib") },
				"/bin/launchctl < updated"),
			near("the user", func(d *desk) { d.types("launchctl", "setenv", "PATH", "/Users/Shared/bin:/usr/bin") }),
			near("asks only", func(d *desk) { d.run(d.implant(), "launchctl", "getenv", "PATH") }),
		),
		about("defense_evasion_safari_config_change",
			fires("the develop menu", func(d *desk) { d.types("defaults", "write", "com.apple.Safari", "IncludeDevelopMenu", "-bool", "true") },
				"/usr/bin/defaults < zsh"),
			fires("scripts from Apple events", func(d *desk) {
				d.run(d.implant(), "defaults", "write", "com.apple.Safari", "AllowJavaScriptFromAppleEvents", "1")
			}, "/usr/bin/defaults < updated"),
			near("the home page", func(d *desk) { d.types("defaults", "write", "com.apple.Safari", "HomePage", "https://example.com") }),
			near("asks only", func(d *desk) { d.types("defaults", "read", "com.apple.Safari", "IncludeDevelopMenu") }),
			near("another browser", func(d *desk) { d.types("defaults", "write", "com.google.Chrome", "JavaScriptEnabled", "-bool", "true") }),
		),
		about("defense_evasion_unload_endpointsecurity_kext",
			fires("by its path", func(d *desk) { d.sudo("kextunload", "/System/Library/Extensions/EndpointSecurity.kext") }, "/sbin/kextunload < sudo"),
			fires("by its identifier", func(d *desk) { d.sudo("kextunload", "-b", "com.apple.iokit.EndpointSecurity") }, "/sbin/kextunload < sudo"),
			near("another one", func(d *desk) { d.sudo("kextunload", "-b", "com.example.driver") }),
			near("looked for", func(d *desk) { d.types("kextstat", "-b", "com.apple.iokit.EndpointSecurity") }),
		),
	)
}

const tccDatabase = synthetic.Home + "/Library/Application Support/com.apple.TCC/TCC.db"

// privacyStories are about what guards the user's files from programs.
func privacyStories() []story {
	grant := []string{"sqlite3", tccDatabase, "replace into access values ('kTCCServiceMicrophone','com.apple.Terminal',0,2,4)"}
	return slices.Concat(
		about("defense_evasion_privacy_controls_tcc_database_modification",
			fires("the user's shell", func(d *desk) { d.types(grant...) }, "/usr/bin/sqlite3 < zsh"),
			fires("a script of root's", func(d *desk) {
				d.run(d.script("/tmp/grant.sh"), "sqlite3", "/Library/Application Support/com.apple.TCC/TCC.db", "select * from access")
			}, "/usr/bin/sqlite3 < bash"),
			fires("an implant", func(d *desk) { d.run(d.implant(), grant...) }, "/usr/bin/sqlite3 < updated"),
			near("another database", func(d *desk) { d.types("sqlite3", synthetic.Home+"/Library/Messages/chat.db", ".tables") }),
			near("a bought app", func(d *desk) { d.run(d.app(slack), grant...) }),
			near("a copy", func(d *desk) { d.types("cp", tccDatabase, "/tmp/TCC.db") }),
		),
		about("defense_evasion_privilege_escalation_privacy_pref_sshd_fulldiskaccess",
			fires("to the Mac itself, which may read all", func(d *desk) {
				d.types("scp", "-o", "StrictHostKeyChecking=no", "-i", "/tmp/.key", "localhost:/Users/sam/Library/Messages/chat.db", "/tmp/")
			}, "/usr/bin/scp < zsh"),
			fires("by address", func(d *desk) {
				d.run(d.implant(), "scp", "-o", "StrictHostKeyChecking=no", "/tmp/TCC.db", "root@127.0.0.1:/Library/Application Support/com.apple.TCC/")
			}, "/usr/bin/scp < updated"),
			near("from another Mac", func(d *desk) {
				d.types("scp", "-o", "StrictHostKeyChecking=no", "build.example.com:/Users/sam/chat.db", "/tmp/")
			}),
			near("with a known key", func(d *desk) { d.types("scp", "localhost:/Users/sam/Library/Messages/chat.db", "/tmp/") }),
			near("a virtual machine", func(d *desk) {
				d.types("scp", "-o", "StrictHostKeyChecking=no", "-P", "2222", "box.tar", "vagrant@127.0.0.1:/home/vagrant/")
			}),
		),
		about("defense_evasion_tcc_bypass_mounted_apfs_access",
			fires("a snapshot without owners", func(d *desk) {
				d.types("mount_apfs", "-o", "noowners", "-s", "com.apple.TimeMachine.2026-03-02-090000.local", "/System/Volumes/Data", "/tmp/snap")
			}, "/sbin/mount_apfs < zsh"),
			near("with owners", func(d *desk) {
				d.types("mount_apfs", "-o", "rdonly", "-s", "com.apple.TimeMachine.2026-03-02-090000.local", "/System/Volumes/Data", "/tmp/snap")
			}),
			near("another volume", func(d *desk) { d.types("mount_apfs", "-o", "noowners", "/dev/disk4s1", "/Volumes/Backup") }),
		),
	)
}
