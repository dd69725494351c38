package agent

import (
	"slices"

	"hooksnare/collector/eslogger/synthetic"
)

// asRoot is a line of AppleScript that runs a program as root, and how the system asks for
// the password: by a program of its own, which becomes the shell.
const asRoot = `do shell script "/tmp/.u" with administrator privileges`

func (d *desk) escalates(parent *synthetic.Proc) {
	p := d.Fork(d.osascript(parent, asRoot))
	s := spec("security_authtrampoline", "/bin/sh", "auth", "14", "/bin/sh", "-c", "/tmp/.u")
	s.As = &synthetic.Cred{}
	d.Exec(p, s)
	d.Exec(p, spec("/bin/sh", "-c", "/tmp/.u"))
	d.Exec(p, spec("/bin/bash", "-c", "/tmp/.u"))
	d.Exit(p, 0)
}

func escalationStories() []story {
	const (
		script     = "privilege_escalation_applescript_with_admin_privs"
		trampoline = "privilege_escalation_explicit_creds_via_scripting"
		viaScript  = "/usr/libexec/security_authtrampoline < osascript"
		hammer     = "/private/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T/download/ARMDCHammer"
	)
	adobe := func(d *desk) *synthetic.Proc { return d.daemon("com.adobe.ARMDC.SMJobBlessHelper", acrobat) }
	return slices.Concat(
		about(script,
			fires("an implant", func(d *desk) { d.escalates(d.implant()) }, "/usr/bin/osascript < updated").beside(trampoline+": "+viaScript),
			fires("an implant without a signature, and the user declines", func(d *desk) { d.osascript(d.unsigned(), asRoot) }, "/usr/bin/osascript < updated"),
			fires("a signed app in a folder for all", func(d *desk) {
				d.osascript(d.app("/private/tmp/signed/Setup.app/Contents/MacOS/Setup"), asRoot)
			}, "/usr/bin/osascript < Setup"),
			near("the user, who declines", func(d *desk) { d.osascript(d.shell(), asRoot) }),
			near("an implant, as the user", func(d *desk) { d.osascript(d.implant(), `do shell script "/tmp/.u"`) }),
			near("a bought app", func(d *desk) { d.osascript(d.app(slack), asRoot) }),
		),
		about(trampoline,
			fires("the user's AppleScript", func(d *desk) { d.escalates(d.shell()) }, viaScript),
			fires("a script", func(d *desk) {
				d.run(d.python(), "security_authtrampoline", "/bin/sh", "auth", "14", "/bin/sh")
			}, "/usr/libexec/security_authtrampoline < python3.12"),
			near("an installer", func(d *desk) {
				d.run(d.app("/System/Library/CoreServices/Installer.app/Contents/MacOS/Installer"), "security_authtrampoline", "/usr/sbin/installer", "auth", "14")
			}),
		),
		about("privilege_escalation_exploit_adobe_acrobat_updater",
			fires("the helper starts another's program", func(d *desk) { d.run(adobe(d), "/private/tmp/download/ARMDCHammer", "-u") },
				"/private/tmp/download/ARMDCHammer < com.adobe.ARMDC.SMJobBlessHelper"),
			near("its own download", func(d *desk) { d.run(adobe(d), hammer, "-u") }),
			near("its look at a signature", func(d *desk) { d.run(adobe(d), "codesign", "-v", hammer) }),
			near("no longer as root", func(d *desk) {
				s := spec("/private/tmp/download/ARMDCHammer", "-u")
				s.As = &synthetic.AsUser
				d.Run(adobe(d), s)
			}),
		),
		about("privilege_escalation_local_user_added_to_admin",
			fires("dseditgroup", func(d *desk) { d.sudo("dseditgroup", "-o", "edit", "-a", "helper", "-t", "user", "admin") }, "/usr/sbin/dseditgroup < sudo"),
			fires("dscl", func(d *desk) { d.sudo("dscl", ".", "-append", "/Groups/admin", "GroupMembership", "helper") }, "/usr/bin/dscl < sudo"),
			near("taken out", func(d *desk) { d.sudo("dseditgroup", "-o", "edit", "-d", "helper", "-t", "user", "admin") }),
			near("another group", func(d *desk) { d.sudo("dseditgroup", "-o", "edit", "-a", "helper", "-t", "user", "staff") }),
			near("the management agent", func(d *desk) {
				d.run(d.daemon("com.jamf.management.daemon", jamfDaemon), "dseditgroup", "-o", "edit", "-a", "helper", "-t", "user", "admin")
			}),
		),
	)
}
