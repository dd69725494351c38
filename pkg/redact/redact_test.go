package redact

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// planted finds the secrets of the cases.
var planted = regexp.MustCompile(`SECRET[ @-]?[0-9]`)

// redaction is one case: the arguments, what is to come of them, and how many
// secrets they hold.
type redaction struct {
	name string
	args []string
	want []string
	n    int
}

// sh is a case of a script given to a shell.
func sh(name, script, want string, n int) redaction {
	return redaction{name, []string{"/bin/sh", "-c", script}, []string{"/bin/sh", "-c", want}, n}
}

// line is a case whose arguments are the words of a line.
func line(args, want string, n int) redaction {
	return redaction{args, strings.Fields(args), strings.Fields(want), n}
}

func check(t *testing.T, cases []redaction) {
	t.Helper()
	for _, c := range cases {
		before := slices.Clone(c.args)
		got, n := Args(c.args)
		if !slices.Equal(got, c.want) || n != c.n {
			t.Errorf("%s:\ngot  %d %q\nwant %d %q\nfrom   %q", c.name, n, got, c.n, c.want, c.args)
		}
		if !slices.Equal(c.args, before) {
			t.Errorf("%s: the arguments themselves changed to %q", c.name, c.args)
		}
		again, n := Args(got)
		if n != 0 || !slices.Equal(again, got) {
			t.Errorf("%s: again: got %d %q, want 0 %q", c.name, n, again, got)
		}
		if planted.MatchString(CommandLine(got)) {
			t.Errorf("%s: a secret is left in %q", c.name, got)
		}
	}
}

func TestPipedPasswords(t *testing.T) {
	check(t, []redaction{
		sh("as EmPyre writes a hook", "echo SECRET1 | sudo -S defaults write com.apple.loginwindow LoginHook /tmp/s.sh",
			"echo [redacted] | sudo -S defaults write com.apple.loginwindow LoginHook /tmp/s.sh", 1),
		sh("without blanks", "echo SECRET1|sudo -S id", "echo [redacted]|sudo -S id", 1),
		sh("quoted", "echo 'SECRET 1' |sudo -kS id; ls -l", "echo '[redacted]' |sudo -kS id; ls -l", 1),
		sh("escaped", `echo SECRET\ \"1 | sudo -S id`, "echo [redacted] | sudo -S id", 1),
		sh("in two kinds of quotes", `echo 'SECRET'"2" | sudo -S id`, `echo [redacted] | sudo -S id`, 1),
		sh("ANSI-C quotes", `echo $'\x53ECRET\t1' | sudo -S id`, `echo $'[redacted]' | sudo -S id`, 1),
		sh("in braces before a hook", "{ echo SECRET1 | sudo -S defaults write com.apple.loginwindow LoginHook /s; }",
			"{ echo [redacted] | sudo -S defaults write com.apple.loginwindow LoginHook /s; }", 1),
		sh("begins like an option", "--token=SECRET1; defaults write com.apple.loginwindow LoginHook /s", "--token=[redacted]; defaults write com.apple.loginwindow LoginHook /s", 1),
		{"over ssh in braces", []string{"ssh", "h", "{ echo SECRET1 | sudo -S defaults write com.apple.loginwindow LoginHook /s; }"},
			[]string{"ssh", "h", "{ echo [redacted] | sudo -S defaults write com.apple.loginwindow LoginHook /s; }"}, 1},
		sh("several words", "echo SECRET1 SECRET2 | sudo -S id", "echo [redacted] [redacted] | sudo -S id", 2),
		sh("echo -n", "echo -n SECRET1 | /usr/bin/sudo -u root -S -- id", "echo -n [redacted] | /usr/bin/sudo -u root -S -- id", 1),
		sh("with a prompt", "echo SECRET1 | sudo -p '' -S id", "echo [redacted] | sudo -p '' -S id", 1),
		sh("--stdin", "/bin/echo SECRET1 | sudo --stdin id", "/bin/echo [redacted] | sudo --stdin id", 1),
		sh("printf with a format", `printf '%s\n' "SECRET1" | sudo -S id`, `printf '%s\n' "[redacted]" | sudo -S id`, 1),
		sh("printf alone", `printf 'SECRET1\n' | sudo -S id`, `printf '[redacted]' | sudo -S id`, 1),
		sh("here-string", "sudo -S id <<< SECRET1", "sudo -S id <<< [redacted]", 1),
		sh("here-string, quoted", `sudo -S id <<<"SECRET 1"`, `sudo -S id <<<"[redacted]"`, 1),
		sh("here-document", "sudo -S tee /etc/x <<EOF\nSECRET1\nbody\nEOF\nls", "sudo -S tee /etc/x <<EOF\n[redacted]\nbody\nEOF\nls", 1),
		sh("here-document through cat", "cat <<-'X' | sudo -S id\n\tSECRET1\n\tX\n", "cat <<-'X' | sudo -S id\n[redacted]\n\tX\n", 1),
		sh("process substitution", "sudo -S id < <(echo SECRET1)", "sudo -S id < <(echo [redacted])", 1),
		sh("group", "(echo SECRET1; sleep 1) | sudo -S id", "(echo [redacted]; sleep 1) | sudo -S id", 1),
		sh("braces", "{ echo SECRET1; cat; } | sudo -S id", "{ echo [redacted]; cat; } | sudo -S id", 1),
		sh("into a group", "echo SECRET1 | (cd /; sudo -S id)", "echo [redacted] | (cd /; sudo -S id)", 1),
		sh("into a loop", "echo SECRET1 | while true; do sudo -S id; done", "echo [redacted] | while true; do sudo -S id; done", 1),
		sh("through another", "echo SECRET1 2>/dev/null | tee /tmp/x | sudo -S id", "echo [redacted] 2>/dev/null | tee /tmp/x | sudo -S id", 1),
		sh("variable", `P=SECRET1; echo "$P" | sudo -S id`, `P=[redacted]; echo "$P" | sudo -S id`, 1),
		sh("variable of a loop", "for p in SECRET1 'SECRET2'; do echo $p | sudo -S id && break; done", "for p in [redacted] '[redacted]'; do echo $p | sudo -S id && break; done", 2),
		sh("more ANSI-C quotes", `echo $'\123ECRET\u0031\q\r\xzz\U1F600\' | sudo -S id`+"' | sudo -S id", `echo $'[redacted]' | sudo -S id`, 1),
		sh("unfinished ANSI-C quotes", `sudo -S id <<< $'SECRET1\`, `sudo -S id <<< [redacted]`, 1),
		sh("both outputs", "echo SECRET1 |& sudo -S id &>/dev/null || ls &", "echo [redacted] |& sudo -S id &>/dev/null || ls &", 1),
		sh("token on standard input", "echo SECRET1 | gh auth login --with-token", "echo [redacted] | gh auth login --with-token", 1),
		sh("sudo's long options", "echo SECRET1 | sudo --user root -nS --preserve-env id", "echo [redacted] | sudo --user root -nS --preserve-env id", 1),
		sh("substitution", `sudo -S id <<< "$(echo SECRET1)"`, `sudo -S id <<< "$(echo [redacted])"`, 1),
		sh("after a condition", "test -x /x && echo SECRET1 | sudo -S id || exit 1", "test -x /x && echo [redacted] | sudo -S id || exit 1", 1),
		sh("assignment before", "LANG=C sudo -S id <<< SECRET1", "LANG=C sudo -S id <<< [redacted]", 1),
		sh("su", "echo SECRET1 | su root -c id", "echo [redacted] | su root -c id", 1),
		sh("a tool with a switch for it", "echo SECRET1 | docker login -u x --password-stdin", "echo [redacted] | docker login -u x --password-stdin", 1),
		sh("over ssh", `echo SECRET1 | ssh host "sudo -S reboot"`, `echo [redacted] | ssh host "sudo -S reboot"`, 1),
		sh("over ssh, unquoted", `echo SECRET1 | ssh -p 22 host sudo -S reboot`, `echo [redacted] | ssh -p 22 host sudo -S reboot`, 1),
		sh("in a comment", "ls # don't: echo SECRET1 | sudo -S id\nls", "ls # don't: echo [redacted] | sudo -S id\nls", 1),
		sh("after an open quote", "echo it's; echo SECRET1 | sudo -S id", "echo it's; echo [redacted] | sudo -S id", 1),
	})
}

func TestNestedShells(t *testing.T) {
	check(t, []redaction{
		sh("double in single", `bash -c 'echo "SECRET 1" | sudo -S id'`, `bash -c 'echo "[redacted]" | sudo -S id'`, 1),
		sh("single in double", `bash -c "echo 'SECRET1' | sudo -S id"`, `bash -c "echo '[redacted]' | sudo -S id"`, 1),
		sh("three", `bash -c 'zsh -lc "echo \"SECRET 1\" | sudo -S id"'`, `bash -c 'zsh -lc "echo \"[redacted]\" | sudo -S id"'`, 1),
		sh("four", `bash -c "zsh -c \"sh -c 'echo SECRET1 | sudo -S id'\""`, `bash -c "zsh -c \"sh -c 'echo [redacted] | sudo -S id'\""`, 1),
		sh("given from outside", `echo SECRET1 | sh -c "sudo -S id"`, `echo [redacted] | sh -c "sudo -S id"`, 1),
		sh("eval", `eval "echo SECRET1 | sudo -S id"`, `eval "echo [redacted] | sudo -S id"`, 1),
		sh("in a substitution", "x=$(echo SECRET1 | sudo -S id)", "x=$(echo [redacted] | sudo -S id)", 1),
		sh("in backticks", "x=`echo SECRET1 | sudo -S id`", "x=`echo [redacted] | sudo -S id`", 1),
		sh("here-document for a shell", "sh <<EOF\necho SECRET1 | sudo -S id\nEOF", "sh <<EOF\necho [redacted] | sudo -S id\nEOF", 1),
		{"sudo runs the shell", []string{"sudo", "-u", "x", "sh", "-c", "mytool -p SECRET1"}, []string{"sudo", "-u", "x", "sh", "-c", "mytool -p [redacted]"}, 1},
		{"login shell", []string{"-zsh", "-o", "pipefail", "-c", "mytool -p SECRET1"}, []string{"-zsh", "-o", "pipefail", "-c", "mytool -p [redacted]"}, 1},
		{"another name for the shell", []string{"xpcd", "-c", "echo SECRET1 | sudo -S id"}, []string{"xpcd", "-c", "echo [redacted] | sudo -S id"}, 1},
		{"Python", []string{"python3", "-c", "import os; os.system('echo SECRET1 | sudo -S id')"}, []string{"python3", "-c", "import os; os.system('echo [redacted] | sudo -S id')"}, 1},
		{"Python dictionary", []string{"python3", "-c", "f({'password': 'SECRET1'})"}, []string{"python3", "-c", "f({'password': '[redacted]'})"}, 1},
		{"expect", []string{"expect", "-c", `spawn sudo id; expect "assword:"; send "SECRET1\r"`}, []string{"expect", "-c", `spawn sudo id; expect "assword:"; send "[redacted]"`}, 1},
	})
}

func TestAppleScript(t *testing.T) {
	osascript := func(name, script, want string) redaction {
		return redaction{name, []string{"osascript", "-e", script}, []string{"osascript", "-e", want}, 1}
	}
	check(t, []redaction{
		osascript("administrator", `do shell script "/bin/ls -p x" user name "bob" password "SECRET 1" with administrator privileges`,
			`do shell script "/bin/ls -p x" user name "bob" password "[redacted]" with administrator privileges`),
		osascript("parentheses", `do shell script "ls" password ("SECRET\"1") with administrator privileges`, `do shell script "ls" password ("[redacted]") with administrator privileges`),
		osascript("variable", `set thePassword to "SECRET1"`, `set thePassword to "[redacted]"`),
		osascript("property", `property pw : "SECRET1"`, `property pw : "[redacted]"`),
		osascript("a pipe in it", `do shell script "echo \"SECRET1\" | sudo -S ls"`, `do shell script "echo \"[redacted]\" | sudo -S ls"`),
		osascript("a hook", `set x to do shell script "echo SECRET1 | sudo -S defaults write com.apple.loginwindow LoginHook /s"`,
			`set x to do shell script "echo [redacted] | sudo -S defaults write com.apple.loginwindow LoginHook /s"`),
		osascript("JavaScript", `app.doShellScript('ls', {administratorPrivileges:true, userName:'x', password:'SECRET 1'})`,
			`app.doShellScript('ls', {administratorPrivileges:true, userName:'x', password:'[redacted]'})`),
		sh("in a shell", `osascript -e 'do shell script "ls" user name "x" password "SECRET1" with administrator privileges'`,
			`osascript -e 'do shell script "ls" user name "x" password "[redacted]" with administrator privileges'`, 1),
	})
}

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, ""}, {[]string{"ls"}, "ls"}, {[]string{"ls", "", "a b"}, "ls  a b"},
	} {
		if got := CommandLine(c.args); got != c.want {
			t.Errorf("CommandLine(%q): got %q, want %q", c.args, got, c.want)
		}
	}
}
