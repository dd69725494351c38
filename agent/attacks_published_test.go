package agent

import "hooksnare/collector/eslogger/synthetic"

// password is what an attack gives to sudo in the arguments of a shell. It must not
// come out in any alert, not even as what the user ran before another attack.
const password = "Tr0ub4dor-and-3"

// publishedAttacks are what tools that anyone can fetch do.
func publishedAttacks() []attack {
	return []attack{
		{"atomic: login hook with sudo", write(loginwindow, "LoginHook", "/tmp/T1037_002_test.sh").play, []told{tellsLogin("/tmp/T1037_002_test.sh")}},
		{"atomic: logout hook with sudo", write(loginwindow, "LogoutHook", "/tmp/T1037_002_test.sh").play, []told{tellsLogout("/tmp/T1037_002_test.sh")}},
		{"atomic: login hook without sudo", write(loginwindow, "LoginHook", "/Users/sam/script.sh").asUser().play, []told{tellsLogin("/Users/sam/script.sh").ofUser()}},
		{"atomic: clean-up with sudo", defaults("delete", loginwindow, "LoginHook").play, []told{tellsRemoved("LoginHook")}},
		{"atomic: clean-up without sudo", defaults("delete", loginwindow, "LoginHook").asUser().play, []told{tellsRemoved("LoginHook").ofUser()}},
		{"empyre: password by echo", empyre(`echo "`+password+`" | sudo -S defaults write com.apple.loginwindow LoginHook `+implant, "LoginHook"), []told{tellsLogin(implant)}},
		{"empyre: password by echo, no quotes", empyre("echo "+password+" | sudo -S defaults write com.apple.loginwindow LogoutHook "+implant, "LogoutHook"), []told{tellsLogout(implant)}},
		{"empyre: password by printf", empyre("printf '%s\\n' '"+password+"'|/usr/bin/sudo -S -p '' defaults write com.apple.loginwindow LoginHook "+implant, "LoginHook"), []told{tellsLogin(implant)}},
		{"empyre: password by here-string", empyre("sudo -S defaults write com.apple.loginwindow LoginHook "+implant+" <<< "+password, "LoginHook"), []told{tellsLogin(implant)}},
		{"metasploit: login hook of the user", metasploit(write(loginwindow, "LoginHook", "/Users/sam/.qCkBxwTz/kJmdpWaa").asUser()), []told{tellsLogin("/Users/sam/.qCkBxwTz/kJmdpWaa").ofUser()}},
		{"metasploit: logout hook of the user", metasploit(write(loginwindow, "LogoutHook", "/Users/sam/.qCkBxwTz/kJmdpWaa").asUser()), []told{tellsLogout("/Users/sam/.qCkBxwTz/kJmdpWaa").ofUser()}},
		{"metasploit: the old value again", metasploit(write(loginwindow, "LoginHook", "/opt/corp/login.sh").asUser()), []told{tellsLogin("/opt/corp/login.sh").ofUser()}},
		{"metasploit: hook deleted", metasploit(defaults("delete", loginwindow, "LogoutHook").asUser()), []told{tellsRemoved("LogoutHook").ofUser()}},
		{"elastic: a copy in /tmp, no domain", write("LoginHook").asUser().unsigned("/private/tmp/defaults").called("/tmp/defaults").play,
			[]told{tellsLogin("").withoutValue().of(userFolder+"/LoginHook.plist", "user")}},
		{"elastic: an ad hoc copy in /tmp", write("LogoutHook").asUser().resigned("/private/tmp/defaults").called("/tmp/defaults").play,
			[]told{tellsLogout("").withoutValue().of(userFolder+"/LogoutHook.plist", "user")}},
		{"by ssh", bySSH(write(loginwindow, "LoginHook", implant)), []told{tellsLogin(implant).ofUser()}},
		{"by an installer's script", byInstaller(write("/Library/Preferences/com.apple.loginwindow", "LoginHook", implant)), []told{tellsLogin(implant).ofSystem()}},
		{"by a launch daemon itself", byDaemon(write(loginwindow, "LogoutHook", implant)), []told{tellsLogout(implant)}},
		{"by cron", byCron(write(loginwindow, "LoginHook", implant)), []told{tellsLogin(implant)}},
		{"by a process whose parent is gone", orphaned(write(loginwindow, "LoginHook", implant).asUser()), []told{tellsLogin(implant).ofUser()}},
		{"by a shell that ran before the recording", adopted(write(loginwindow, "LoginHook", implant)), []told{tellsLogin(implant)}},
		{"by a shell that becomes the tool", becoming(write(loginwindow, "LoginHook", implant).asUser()), []told{tellsLogin(implant).ofUser()}},
		{"set, and deleted after one login", write(loginwindow, "LoginHook", implant).then(defaults("delete", loginwindow, "LoginHook")), []told{tellsLogin(implant), tellsRemoved("LoginHook")}},
	}
}

// empyre makes the program executable and gives sudo a password that stands in the
// arguments of a shell, as the agent's module does from Python.
func empyre(script, key string) scene {
	return func(m *mac) played {
		python := m.Start(m.Shell(), synthetic.Spec{
			Path: "/opt/homebrew/Cellar/python@3.13/3.13.2/bin/python3.13", Args: []string{"python3", "-c", "import base64;exec(base64.b64decode('aW1wb3J0IG9z'))"},
		})
		m.Exit(m.Sh(python, "chmod +x "+implant), 0)
		sh := m.Sh(python, script)
		echo := m.Fork(sh) // echo is the shell's own: no exec
		c := write(loginwindow, key, implant)
		p := m.Sudo(sh, c.Spec, "-S")
		out := c.under(p)
		m.Exit(echo, 0)
		m.EndSudo(p)
		m.Exit(sh, 0)
		m.Exit(python, 0)
		return out
	}
}

// metasploit runs a command from a payload, after it has read what was there.
func metasploit(c command) scene {
	return func(m *mac) played {
		payload := m.Start(m.Shell(), synthetic.Spec{Path: "/Users/sam/Downloads/update", Unsigned: true, Args: []string{"./update"}})
		sh := m.Sh(payload, "defaults read com.apple.loginwindow LoginHook")
		m.Run(sh, defaults("read", loginwindow, "LoginHook").Spec)
		m.Exit(sh, 256)
		sh = m.Sh(payload, "defaults ...")
		out := c.child(m, sh)
		m.Exit(sh, 0)
		m.Exit(payload, 0)
		return out
	}
}

func bySSH(c command) scene {
	return func(m *mac) played {
		sshd := m.Daemon("com.openssh.sshd", synthetic.AsRoot, synthetic.Spec{Path: "/usr/sbin/sshd", Args: []string{"sshd-session: sam"}})
		child := m.Fork(sshd)
		child.Become(synthetic.AsUser)
		m.Exec(child, synthetic.Spec{Path: "/bin/zsh", Args: []string{"zsh", "-c", "defaults write ..."}, Env: []string{"HOME=" + synthetic.Home, "SSH_CONNECTION=198.51.100.7 5 10.0.0.2 22"}})
		out := c.child(m, child)
		m.Exit(child, 0)
		m.Exit(sshd, 0)
		return out
	}
}

func byInstaller(c command) scene {
	return func(m *mac) played {
		installd := m.Daemon("com.apple.installd", synthetic.AsRoot, synthetic.Spec{
			Path: "/System/Library/PrivateFrameworks/PackageKit.framework/Resources/installd", SigningID: "com.apple.installd", Platform: true,
		})
		sh := m.Start(installd, synthetic.Spec{
			Path: "/bin/bash", Script: "/tmp/PKInstallSandbox.5EED/Scripts/com.example.pkg/postinstall",
			Args: []string{"/bin/bash", "/tmp/PKInstallSandbox.5EED/Scripts/com.example.pkg/postinstall", "/", "/"},
		})
		out := c.child(m, sh)
		m.Exit(sh, 0)
		m.Exit(installd, 0)
		return out
	}
}

// byDaemon is a launchd job that is the tool itself.
func byDaemon(c command) scene {
	return func(m *mac) played {
		p := m.Daemon("com.example.updater", synthetic.AsRoot, c.Spec)
		out := c.under(p)
		m.Exit(p, 0)
		return out
	}
}

func byCron(c command) scene {
	return func(m *mac) played {
		cron := m.Daemon("com.vix.cron", synthetic.AsRoot, synthetic.Spec{Path: "/usr/sbin/cron"})
		sh := m.Sh(cron, "defaults write ...")
		out := c.child(m, sh)
		m.Exit(sh, 0)
		m.Exit(cron, 0)
		return out
	}
}

// orphaned is a command whose parent ends before it runs.
func orphaned(c command) scene {
	return func(m *mac) played {
		sh := m.Sh(m.Shell(), "(sleep 1; defaults write ...) &")
		p := m.Fork(sh)
		m.Exit(sh, 0)
		m.Exec(p, c.Spec)
		out := c.under(p)
		m.Exit(p, 0)
		return out
	}
}

// adopted is a command of a root shell that no line of the recording began.
func adopted(c command) scene {
	return func(m *mac) played {
		var sh *synthetic.Proc
		m.Unseen(func() {
			sh = m.Daemon("com.example.agent", synthetic.AsRoot, synthetic.Spec{Path: "/bin/zsh", Args: []string{"zsh"}})
		})
		out := c.child(m, sh)
		m.Exit(sh, 0)
		return out
	}
}

// becoming is `sh -c "exec ..."`: one process, three images.
func becoming(c command) scene {
	return func(m *mac) played {
		p := m.Sh(m.Shell(), "exec defaults ...")
		m.Exec(p, c.Spec)
		out := c.under(p)
		m.Exit(p, 0)
		return out
	}
}
