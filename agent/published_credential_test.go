package agent

import (
	"slices"

	"hooksnare/collector/eslogger/synthetic"
)

const (
	loginKeychain = synthetic.Home + "/Library/Keychains/login.keychain-db"
	userRecords   = "/var/db/dslocal/nodes/Default/users/"
	systemKey     = "/private/var/db/SystemKey"
)

func credentialStories() []story {
	return slices.Concat(
		about("credential_access_credentials_keychains",
			fires("a keychain cracker, signed ad hoc", func(d *desk) {
				d.types(synthetic.Home+"/bin/chainbreaker", "--dump-all", loginKeychain)
			}, synthetic.Home+"/bin/chainbreaker < zsh"),
			fires("copied by an implant", func(d *desk) { d.run(d.implant(), "cp", loginKeychain, "/tmp/.k") }, "/bin/cp < updated"),
			fires("copied by an implant without a signature", func(d *desk) {
				d.run(d.unsigned(), "cat", "/Library/Keychains/System.keychain")
			}, "/bin/cat < updated"),
			near("copied by the user", func(d *desk) { d.types("cp", loginKeychain, "/tmp/.k") }),
			near("an implant copies another folder", func(d *desk) {
				d.run(d.implant(), "cp", synthetic.Home+"/Library/Cookies/Cookies.binarycookies", "/tmp/.k")
			}),
			near("an implant asks Apple's own tool", func(d *desk) { d.run(d.implant(), "security", "show-keychain-info", loginKeychain) }),
		),
		about("credential_access_dumping_hashes_bi_cmds",
			fires("defaults", func(d *desk) { d.types("defaults", "read", userRecords+"sam.plist", "ShadowHashData") }, "/usr/bin/defaults < zsh"),
			fires("dscl", func(d *desk) { d.types("dscl", ".", "read", "/Users/sam", "shadowhashdata") }, "/usr/bin/dscl < zsh"),
			fires("mkpassdb", func(d *desk) { d.sudo("mkpassdb", "-dump") }, "/usr/sbin/mkpassdb < sudo"),
			fires("plutil", func(d *desk) { d.sudo("plutil", "-p", userRecords+"sam.plist") }, "/usr/bin/plutil < sudo"),
			fires("xxd, for a cracker", func(d *desk) { d.sudo("xxd", userRecords+"admin.plist") }, "/usr/bin/xxd < sudo"),
			near("another key", func(d *desk) { d.types("dscl", ".", "read", "/Users/sam", "UniqueID") }),
			near("mkpassdb of one slot", func(d *desk) { d.sudo("mkpassdb", "-getreplicationinterval") }),
			near("the groups", func(d *desk) { d.sudo("plutil", "-p", "/var/db/dslocal/nodes/Default/groups/admin.plist") }),
			near("a listing", func(d *desk) { d.sudo("ls", userRecords+"sam.plist") }),
		),
		about("credential_access_dumping_keychain_security",
			fires("with the secrets", func(d *desk) { d.types("security", "dump-keychain", "-d", "login.keychain-db") }, "/usr/bin/security < zsh"),
			fires("behind sudo, which has the words too", func(d *desk) { d.sudo("security", "dump-keychain", "-d", "/Library/Keychains/System.keychain") },
				"/usr/bin/sudo < zsh", "/usr/bin/security < sudo"),
			near("without the secrets", func(d *desk) { d.types("security", "dump-keychain", "login.keychain-db") }),
		),
	)
}

func secretStories() []story {
	return slices.Concat(
		about("credential_access_keychain_pwd_retrieval_security_cmd",
			fires("the key of a browser's store", func(d *desk) {
				d.run(d.python(), "security", "find-generic-password", "-wa", "Chrome")
			}, "/usr/bin/security < python3.12"),
			fires("an account of Safari", func(d *desk) {
				d.run(d.implant(), "security", "find-internet-password", "-ga", "Safari Forms AutoFill")
			}, "/usr/bin/security < updated"),
			near("not the secret", func(d *desk) { d.run(d.python(), "security", "find-generic-password", "-a", "Chrome") }),
			near("the key of a network", func(d *desk) { d.types("security", "find-generic-password", "-wa", "Office WLAN") }),
			near("a password manager", func(d *desk) {
				const keeper = "/Applications/Keeper Password Manager.app/Contents/"
				helper := d.start(d.app(keeper+"MacOS/Keeper Password Manager"),
					keeper+"Frameworks/Keeper Password Manager Helper.app/Contents/MacOS/Keeper Password Manager Helper", "--type=utility")
				d.run(helper, "security", "find-generic-password", "-wa", "Chrome")
			}),
		),
		about("credential_access_kerberosdump_kcc",
			fires("to a file", func(d *desk) { d.types("kcc", "copy_cred_cache", "API:5EED", "FILE:/tmp/.cc") }, "/usr/bin/kcc < zsh"),
			near("a listing", func(d *desk) { d.types("kcc", "list", "-A") }),
		),
		about("credential_access_systemkey_dumping",
			fires("behind sudo, which has the words too", func(d *desk) { d.sudo("xxd", "-p", systemKey) },
				"/usr/bin/sudo < zsh", "/usr/bin/xxd < sudo"),
			fires("an implant of root's, by the link", func(d *desk) {
				d.run(d.daemon("com.updates", "/Library/Updates/updated"), "cp", "/var/db/SystemKey", "/tmp/.k")
			}, "/bin/cp < updated"),
			near("another file of the folder", func(d *desk) { d.sudo("xxd", "-p", "/private/var/db/SystemPolicy") }),
		),
	)
}

const askPassword = `display dialog "macOS needs your password to go on" default answer "" with hidden answer`

func passwordStories() []story {
	return slices.Concat(
		about("credential_access_promt_for_pwd_via_osascript",
			fires("an implant", func(d *desk) { d.osascript(d.implant(), askPassword) }, "/usr/bin/osascript < updated"),
			fires("a shell script", func(d *desk) { d.sh(d.shell(), "./setup.sh; true", []string{"osascript", "-e", askPassword}) },
				"/usr/bin/osascript < bash"),
			near("asks for something else", func(d *desk) {
				d.osascript(d.implant(), `display dialog "What shall the folder be called?" default answer ""`)
			}),
			near("a notification", func(d *desk) { d.osascript(d.implant(), `display notification "Your password expires soon"`) }),
			near("behind sudo", func(d *desk) { d.sudo("osascript", "-e", askPassword) }),
			near("the management agent", func(d *desk) {
				jamf := d.daemon("com.jamf.management.daemon", jamfDaemon)
				d.sh(jamf, "/tmp/policy.sh; true", []string{"osascript", "-e", askPassword})
			}),
		),
		about("credential_access_mitm_localhost_webproxy",
			fires("the user's shell", func(d *desk) { d.types("networksetup", "-setwebproxy", "Wi-Fi", "127.0.0.1", "8080") },
				"/usr/sbin/networksetup < zsh"),
			fires("a script of root's", func(d *desk) {
				d.run(d.script("/tmp/proxy.sh"), "networksetup", "-setautoproxyurl", "Wi-Fi", "http://localhost/p.pac")
			}, "/usr/sbin/networksetup < bash"),
			fires("an implant", func(d *desk) { d.run(d.implant(), "networksetup", "-setsecurewebproxy", "Wi-Fi", "127.0.0.1", "8443") },
				"/usr/sbin/networksetup < updated"),
			near("asks only", func(d *desk) { d.types("networksetup", "-getwebproxy", "Wi-Fi") }),
			near("a bought app", func(d *desk) {
				d.run(d.app(slack), "networksetup", "-setwebproxy", "Wi-Fi", "127.0.0.1", "8080")
			}),
		),
	)
}
