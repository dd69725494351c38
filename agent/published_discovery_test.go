package agent

import (
	"slices"

	"hooksnare/collector/eslogger/synthetic"
)

func discoveryStories() []story {
	sip := func(parent func(*desk) *synthetic.Proc) func(*desk) {
		return func(d *desk) {
			d.sh(parent(d), "csrutil status | grep -q enabled", []string{"csrutil", "status"}, []string{"grep", "-q", "enabled"})
		}
	}
	return slices.Concat(
		about("discovery_external_ip_address_discovery_via_curl",
			fires("a bought app", func(d *desk) { d.run(d.app(slack), "curl", "-s", "https://api.ipify.org") }, "/usr/bin/curl < Slack"),
			fires("an app on a disk image, by a shell that becomes it", func(d *desk) {
				d.sole(d.app(mounted), "curl -s ipinfo.io/json", "curl", "-s", "ipinfo.io/json")
			}, "/usr/bin/curl < Coin Notes"),
			fires("a shell's one-liner", func(d *desk) {
				d.sh(d.python(), "IP=$(curl -s http://ip-api.com/json); echo $IP", []string{"curl", "-s", "http://ip-api.com/json"})
			}, "/usr/bin/curl < bash"),
			fires("an implant without a signature", func(d *desk) { d.run(d.unsigned(), "nscurl", "https://checkip.amazonaws.com") }, "/usr/bin/nscurl < updated"),
			near("the user", func(d *desk) { d.types("curl", "-s", "https://api.ipify.org") }),
			near("another site", func(d *desk) { d.run(d.implant(), "curl", "-s", "https://www.example.org") }),
			near("with much to say", func(d *desk) { d.run(d.implant(), "curl", "-s", "-4", "-A", "Mozilla/5.0", "https://api.ipify.org") }),
		),
		about("discovery_suspicious_sip_check",
			fires("an app on a disk image", sip(func(d *desk) *synthetic.Proc { return d.app(mounted) }),
				"/bin/sh < Coin Notes", "/bin/bash < Coin Notes"),
			fires("a cracked app", sip(func(d *desk) *synthetic.Proc { return d.app(trojan) }),
				"/bin/sh < Coin Notes", "/bin/bash < Coin Notes"),
			near("the user", sip((*desk).shell)),
			near("without a look at the answer", func(d *desk) {
				d.sh(d.app(trojan), "csrutil status > /tmp/s; true", []string{"csrutil", "status"})
			}),
			near("the management app", sip(func(d *desk) *synthetic.Proc {
				return d.daemon("com.mosyle.mdm", "/Library/Application Support/Mosyle/MosyleMDM.app/Contents/MacOS/MosyleMDM")
			})),
		),
	)
}

func userStories() []story {
	return about("discovery_users_domain_built_in_commands",
		fires("an app on a disk image, though signed", func(d *desk) { d.run(d.app(mountedSigned), "dscl", ".", "-list", "/Users") }, "/usr/bin/dscl < Setup"),
		fires("a shell of such an app", func(d *desk) {
			d.sh(d.app(mounted), "dscl . list /Groups; id", []string{"dscl", ".", "list", "/Groups"}, []string{"id"})
		}, "/usr/bin/dscl < bash"),
		fires("a hidden program, though signed", func(d *desk) {
			d.run(d.start(d.shell(), "/private/tmp/signed/.x"), "dsmemberutil", "checkmembership", "-U", "sam", "-G", "admin")
		}, "/usr/bin/dsmemberutil < .x"),
		fires("an implant asks the directory", func(d *desk) {
			d.run(d.implant(), "ldapsearch", "-H", "ldap://dc.example.com", "-b", "dc=example,dc=com", "(objectClass=user)")
		}, "/usr/bin/ldapsearch < updated"),
		fires("an implant asks for the domain's", func(d *desk) {
			d.run(d.implant(), "dscl", "/Active Directory/EXAMPLE/All Domains", "ls", "/Users")
		}, "/usr/bin/dscl < updated"),
		near("the user", func(d *desk) { d.types("dscl", ".", "-list", "/Users") }),
		near("an implant asks for the settings", func(d *desk) { d.run(d.implant(), "dscl", ".", "-read", "/Config/Kerberos") }),
		near("a bought app", func(d *desk) { d.run(d.app(slack), "dscl", ".", "-read", "/Users/sam", "UserShell") }),
	)
}
