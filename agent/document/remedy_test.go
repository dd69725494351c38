package document

import (
	"os/exec"
	"strings"
	"testing"

	"hooksnare/detect/hook"
)

// words are what a shell could take for more than a word.
var words = []string{
	"", " ", "a", "/private/var/root/Library/Preferences/com.apple.loginwindow", "/tmp/a b", "it's", "''", `\`, `\\'`, `a\nb`,
	"$HOME", "$(id)", "`id`", "!!", "!x", "~", "~root", "*", "?[a]", "{a,b}", "a;b", "a&b", "a|b", "a>b", "#x", "a #b", "=ls", "a=b",
	"-rf", "--", "\n", "a\nb", "\t", "\x01", "\x1b[31m", "\x7f", "\u202egpj.exe", "\u200b", "é", "日本", "\u00a0", "\U0001f600", "\xff\xfe",
	"\x01b", "\x01f0", "'\x01'", "\"", `"$x"`, "%s%n", "^a^b", "\\x41", "$'x'", "\r\n", "\u2028",
}

// TestShellQuote lets a shell print each quoted word.
func TestShellQuote(t *testing.T) {
	for _, shell := range []string{"bash", "zsh"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("%s: not on this machine", shell)
			continue
		}
		for _, word := range words {
			quoted := shellQuote(word)
			out, err := exec.Command(path, "-c", "printf '<%s>' before "+quoted+" after").Output()
			if got, want := string(out), "<before><"+word+"><after>"; err != nil || got != want {
				t.Errorf("%s of %q, quoted %s: got %q, %v; want %q", shell, word, quoted, got, err, want)
			}
			if strings.ContainsFunc(quoted, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("%q: quoted %q has a control character", word, quoted)
			}
		}
	}
}

func FuzzShellQuote(f *testing.F) {
	path, err := exec.LookPath("bash")
	if err != nil {
		f.Skip("no bash on this machine")
	}
	for _, word := range words {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		if strings.ContainsRune(word, 0) || len(word) > 4096 {
			t.Skip("no argument")
		}
		out, err := exec.Command(path, "-c", "printf '<%s>' "+shellQuote(word)).Output()
		if want := "<" + word + ">"; err != nil || string(out) != want {
			t.Errorf("quoted %s: got %q, %v; want %q", shellQuote(word), out, err, want)
		}
	})
}

func TestRemediation(t *testing.T) {
	const plist = "/private/var/root/Library/Preferences/com.apple.loginwindow.plist"
	tests := []struct {
		fact hook.Fact
		want string
	}{
		{hook.Fact{Operation: hook.Set, Key: "LoginHook", Plist: plist}, "sudo /usr/bin/defaults delete /private/var/root/Library/Preferences/com.apple.loginwindow LoginHook"},
		{hook.Fact{Operation: hook.Set, Key: "LogoutHook", Plist: "/Users/a b/x.plist"}, "sudo /usr/bin/defaults delete '/Users/a b/x' LogoutHook"},
		{hook.Fact{Operation: hook.Set, Key: "LoginHook", Plist: "/a\x1b.plist"}, `sudo /usr/bin/defaults delete $'/a\x1b' LoginHook`},
		{hook.Fact{Operation: hook.Set, Key: "LoginHook"}, ""},
		{hook.Fact{Operation: hook.Set, Plist: plist}, ""},
		{hook.Fact{Operation: hook.Set, Key: "LoginHook", Plist: "relative.plist"}, ""},
		{hook.Fact{Operation: hook.Set, Key: "LoginHook", Plist: "/a\ufffd.plist"}, ""},
		{hook.Fact{Operation: hook.Set, Key: "LoginHook", Plist: "/" + strings.Repeat("a", 3000) + ".plist"}, ""},
		{hook.Fact{Operation: hook.Remove, Key: "LoginHook", Plist: plist}, ""},
		{hook.Fact{Operation: hook.Import, Plist: plist}, ""},
	}
	for _, tt := range tests {
		if got := undoCommand(&tt.fact); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.fact, got, tt.want)
		}
	}
}
