package redact

import (
	"strings"
	"testing"
)

// TestKeeps has what an investigation needs, or what only looks like a secret.
func TestKeeps(t *testing.T) {
	lines := []string{
		"", "ls", "defaults read com.apple.loginwindow LoginHook",
		"defaults write com.apple.loginwindow LoginHook /tmp/password",
		"defaults write com.apple.loginwindow LoginHook --password=hunter2 -p hunter2 PASSWORD=hunter2",
		"/tmp/renamed write com.apple.loginwindow LogoutHook https://u:p@host/ --token x1234567",
		"defaults write LoginHook", "defaults write com.apple.loginwindow loginhook -string -p /x/y",
		"defaults write com.apple.screensaver askForPassword -int 1",
		"defaults write com.apple.screensaver askForPasswordDelay 5",
		"defaults write com.apple.loginwindow DisablePasswordHint -bool true",
		"defaults write com.x PasswordPolicy strict", "defaults write com.x SomePassword -int 123456",
		"defaults write com.x TokenLifetime 123456", "defaults delete com.x SomePassword",
		"plutil -replace LoginHook -string password=hunter2 /x.plist", "plutil -p /x/secret.plist", "plutil -convert xml1 -o /x /y",
		"mkdir -p a/b/c", "cp -p a b", "cp -pR a b", "ssh -p 2222 host", "scp -P 22 a b:", "ls -p x", "ps -p 123456", "install -p a b",
		"tar -pcf x y", "find . -print -path x", "docker run -p 8080:80 img", "docker run -p hostport img", "sudo -p PROMPT ls",
		"sudo mkdir -p abcdef", "env A=b LANG=C mkdir -p abcdef", "nohup nice -n 5 git log -p master", "/bin/bash -p script",
		"nmap -p http,https host", "lsof -p 123456", "python3.11 -p x", "rsync -p a b", "unzip -p archive member", "date -p x", "touch -p x",
		"mytool -p 8080", "mytool -p /x/y", "mytool -p 127.0.0.1:80:80", "mytool -print -pid x", "mytool -p --verbose", "mytool -p",
		"security find-generic-password -w -s x", "security find-generic-password -ga me", "dseditgroup -p -o edit admin",
		"mytool --password-file=/x --password-file /x --token-url=https://h --no-password x --ask-pass x",
		"mytool --password - --password --verbose --password", "PASSWORD_FILE=/x SSH_AUTH_SOCK=/y TOKENIZERS_PARALLELISM=false x",
		"notarytool submit --password @keychain:AC_PASSWORD", "openssl rsa -passin file:/x -passout stdin",
		"curl -u me https://host:8443/a@b:c", "curl https://host/?page=2&sort=name", "git clone ssh://git@host:22/x.git", "x http://[::1]:80/",
		"git commit -m password", "man password", "grep -r --include=*.go secret .", "passwd bob", "vim /etc/passwd", "cat /etc/sudoers token.txt",
		"dscl . -create /Users/bob Password *", "dscl . -create /Users/bob RealName Bob", "mytool --password 1 --token none x TOKEN=42",
		"profiles -R -p com.x.y", "hdiutil attach -stdinpass x.dmg", "java -p mods -m x", "mytool max_tokens=4096 --max-tokens 4096",
	}
	for _, text := range lines {
		keeps(t, strings.Fields(text))
	}
	for _, args := range [][]string{
		nil, {""}, {"", ""}, {"-"}, {"--"}, {"-p"}, {"sh", "-c"}, {"sh", "-c", ""}, {"=", "=x", "--=x"},
		{"defaults", "write", "com.apple.loginwindow", "LoginHook", "/bin/sh -c 'echo hunter2 | sudo -S x --password=y'"},
		{"defaults", "write", "com.apple.loginwindow", `{LoginHook="/x --password=hunter2";}`},
		{"defaults", "write", "com.apple.loginwindow", `<dict><key>LogoutHook</key><string>/x -p y --token=z12345</string></dict>`},
		{"/usr/libexec/PlistBuddy", "-c", "Add :LoginHook string /x --password=hunter2", "/p"},
		{"PlistBuddy", "-c", "Add :PasswordCount integer 123456", "-c", "Print :Password", "-c", "Add :Password dict", "-c", "Delete :Password"},
		{"git", "commit", "-m", "explain -p foo, and don't ask for a password"},
		{"osascript", "-e", `display dialog "Enter your password" default answer ""`},
		{"osascript", "-e", `do shell script "ls" user name "bob" with administrator privileges`},
		{"sh", "-c", "cat /tmp/pw | sudo -S id"}, {"sh", "-c", `echo "$PW" | sudo -S id`}, {"sh", "-c", "sudo -S id < /tmp/pw"},
		{"sh", "-c", "echo hello | sudo tee /x"}, {"sh", "-c", "echo hello; sudo -S id"}, {"sh", "-c", "echo hello | sudo -u S id"},
		{"sh", "-c", "echo hello | sudo -k; echo x | sort"}, {"sh", "-c", "echo hello | sudo tar -S x"},
		{"sh", "-c", `mytool --password=$PW --token "${TOKEN}" --secret=$(cat /x)`},
		{"sh", "-c", "defaults write com.apple.loginwindow LoginHook 'sh -c \"echo hunter2 | sudo -S x\"'"},
		{"sh", "-c", "sudo defaults write com.apple.loginwindow LoginHook /x -p y"},
		{"sh", "-c", `read -p "Password: " x; mkdir -p abcdef; ssh -p 22 h`},
		{"already", "--password=[redacted]", "-p[redacted]", "-p", "[redacted]", "https://u:[redacted]@h/"},
	} {
		keeps(t, args)
	}
}

func keeps(t *testing.T, args []string) {
	t.Helper()
	got, n := Args(args)
	if n != 0 || CommandLine(got) != CommandLine(args) {
		t.Errorf("Args(%q):\ngot  %d %q\nwant no change", args, n, got)
	}
	if len(args) > 0 && &got[0] != &args[0] {
		t.Errorf("Args(%q): got a copy, want the arguments themselves", args)
	}
}
