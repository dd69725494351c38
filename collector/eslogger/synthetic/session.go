package synthetic

import (
	"path"
	"strconv"
	"strings"
)

// Daemon is a launchd job: launchd forks, the child runs xpcproxy, and that runs
// the program, as the user if cred says so.
func (h *Host) Daemon(label string, cred Cred, s Spec) *Proc {
	p := h.Fork(h.launchd)
	h.Exec(p, Spec{
		Path: "/usr/libexec/xpcproxy", Args: []string{"xpcproxy", label}, CWD: "/",
		SigningID: "com.apple.xpc.proxy", Platform: true, Env: []string{},
	})
	p.Become(cred)
	if cred.RUID == userID {
		p.token.AUID, p.token.ASID = userID, userSession
	}
	p.group = p.PID()
	if s.Env == nil {
		s.Env = daemonEnv(label, cred)
	}
	if s.Args == nil {
		s.Args = []string{s.Path}
	}
	h.Exec(p, s)
	return p
}

func daemonEnv(label string, cred Cred) []string {
	env := []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "XPC_FLAGS=1", "XPC_SERVICE_NAME=" + label}
	if cred.RUID == userID {
		env = append(env, "HOME="+Home, "LOGNAME="+User, "USER="+User, "SHELL=/bin/zsh",
			"TMPDIR=/var/folders/5e/5eed0000000000000000000000000n/T/",
			"SSH_AUTH_SOCK=/private/tmp/com.apple.launchd.5EEDSYNTHX/Listeners")
	}
	return env
}

// Terminal opens a terminal window: Terminal, login and an interactive zsh, which
// it returns.
func (h *Host) Terminal() *Proc {
	app := h.Daemon("application.com.apple.Terminal", AsUser,
		Spec{Path: "/System/Applications/Utilities/Terminal.app/Contents/MacOS/Terminal", SigningID: "com.apple.Terminal", Platform: true})
	return h.window(app)
}

// window is one more window of a Terminal that runs.
func (h *Host) window(app *Proc) *Proc {
	h.terminals++
	login := h.Fork(app)
	login.session, login.group = login.PID(), login.PID()
	login.tty = newTerminal(h.terminals)
	env := terminalEnv(h.terminals)
	h.Exec(login, Spec{
		Path: "/usr/bin/login", Args: []string{"login", "-pf", User}, Env: env, CWD: Home,
		As: &Cred{EUID: 0, RUID: userID, EGID: staff, RGID: staff},
	})
	zsh := h.Fork(login)
	zsh.Become(AsUser)
	zsh.group = zsh.PID()
	h.Exec(zsh, Spec{Path: "/bin/zsh", Args: []string{"-zsh"}})
	zsh.jobs = true
	return zsh
}

// Shell returns an interactive shell, opening a terminal window for the first call.
func (h *Host) Shell() *Proc {
	if h.shell == nil || h.shell.ended {
		h.shell = h.Terminal()
	}
	return h.shell
}

// terminalEnv is an environment of the size that a developer's shell has.
func terminalEnv(n int) []string {
	id := strconv.FormatUint(hash("terminal", strconv.Itoa(n)), 16)
	return []string{
		"TERM_PROGRAM=Apple_Terminal", "TERM_PROGRAM_VERSION=466", "TERM=xterm-256color",
		"TERM_SESSION_ID=5EED5EED-0000-4000-8000-" + id, "SHELL=/bin/zsh",
		"TMPDIR=/var/folders/5e/5eed0000000000000000000000000n/T/",
		"SSH_AUTH_SOCK=/private/tmp/com.apple.launchd.5EEDSYNTHX/Listeners",
		"PATH=" + Home + "/bin:" + Home + "/go/bin:/opt/homebrew/bin:/opt/homebrew/sbin:/usr/local/bin:" +
			"/System/Cryptexes/App/usr/bin:/usr/bin:/bin:/usr/sbin:/sbin",
		"HOME=" + Home, "USER=" + User, "LOGNAME=" + User, "PWD=" + Home, "OLDPWD=" + Home + "/src",
		"XPC_FLAGS=0x0", "XPC_SERVICE_NAME=0", "__CFBundleIdentifier=com.apple.Terminal",
		"__CF_USER_TEXT_ENCODING=0x1F5:0x0:0x0", "SECURITYSESSIONID=186b3", "LANG=en_US.UTF-8", "SHLVL=1",
		"HOMEBREW_PREFIX=/opt/homebrew", "EDITOR=vim",
	}
}

// Sudo is a command under sudo, as far as its exec: the shell forks, the child
// becomes sudo, and sudo forks the child that becomes the command. flags are sudo's
// own. End both with EndSudo.
func (h *Host) Sudo(shell *Proc, s Spec, flags ...string) *Proc {
	if s.Args == nil {
		s.Args = []string{path.Base(s.Path)}
	}
	sudo := h.Start(shell, Spec{
		Path: "/usr/bin/sudo",
		Args: append(append([]string{"sudo"}, flags...), s.Args...),
		As:   &Cred{EUID: 0, RUID: userID, EGID: staff, RGID: staff},
	})
	sudo.Become(AsRoot)
	p := h.Fork(sudo)
	if s.Env == nil {
		s.Env = []string{
			"HOME=" + Home, "SHELL=/bin/zsh", "TERM=xterm-256color", "PATH=/usr/bin:/bin:/usr/sbin:/sbin",
			"USER=root", "LOGNAME=root", "MAIL=/var/mail/root", "LANG=en_US.UTF-8",
			"SUDO_COMMAND=" + s.Path + " " + strings.Join(s.Args[min(1, len(s.Args)):], " "),
			"SUDO_USER=" + User, "SUDO_UID=501", "SUDO_GID=20",
		}
	}
	h.Exec(p, s)
	return p
}

// EndSudo ends a command that Sudo began, and its sudo.
func (h *Host) EndSudo(p *Proc) {
	sudo := p.Parent()
	h.Exit(p, 0)
	h.Exit(sudo, 0)
}

// Sh is `/bin/sh -c command` up to where it runs the command's parts: /bin/sh runs
// /bin/bash in the same process. The parts are its children; end it with Exit.
func (h *Host) Sh(parent *Proc, command string) *Proc {
	args := []string{"sh", "-c", command}
	p := h.Start(parent, Spec{Path: "/bin/sh", Args: args})
	h.Exec(p, Spec{Path: "/bin/bash", Args: args})
	return p
}
