package redact

import (
	"slices"
	"strings"
	"testing"
)

// templates are command lines with a place for a secret, $, that must be found.
var templates = [][]string{
	{"sh", "-c", "echo $ | sudo -S x"},
	{"bash", "-lc", "echo '$'|sudo -kS x; ls"},
	{"zsh", "-c", `printf '%s\n' "$" | /usr/bin/sudo -S x`},
	{"sh", "-c", "sudo -S x <<< $"},
	{"sh", "-c", `bash -c "echo '$' | sudo -S x"`},
	{"any", "--password=$"},
	{"any", "--password", "$"},
	{"any", "--token=$", "x"},
	{"any", "-p", "$"},
	{"sshpass", "-p$", "ssh", "x"},
	{"sh", "-c", "any -p $ x"},
	{"osascript", "-e", `do shell script "x" password "$" with administrator privileges`},
	{"env", "X_PASSWORD=$", "x"},
	{"curl", "https://u:$@x/"},
}

// secretFrom makes a secret of at least seven characters that are in no template and
// not in the mark.
func secretFrom(seed []byte) string {
	const alphabet = "0123456789BCDFGHJKLMNPQRTVZ"
	secret := []byte("Q7")
	for _, b := range seed[:min(len(seed), 64)] {
		secret = append(secret, alphabet[int(b)%len(alphabet)])
	}
	for len(secret) < 7 {
		secret = append(secret, '7')
	}
	return string(secret)
}

// keptFrom returns where a command begins that writes a hook: its key, its value and
// the path of its preferences follow.
func keptFrom(args []string) int {
	for i := range args {
		if i+2 < len(args) && args[i] == "write" && args[i+1] == "com.apple.loginwindow" {
			return i
		}
	}
	return len(args)
}

func FuzzArgs(f *testing.F) {
	for _, template := range templates {
		f.Add(strings.Join(template, "\x00"), []byte("seed"))
	}
	for _, seed := range []string{
		"", "\x00", "sh\x00-c\x00echo a'b\"c\" | sudo -S x\x00-p\x00-p", "sh\x00-c\x00$(echo `echo x | sudo -S`", "a\x00-p[redacted]x\x00--token=[redacted][redacted]",
		"sh\x00-c\x00sudo -S x <<A <<-B <<<C\nx\nA\n\ty\n\tB", "sh\x00-c\x00((({{{ | ( )))}}} | sudo -S $'\\x4\\777\\u' <(echo x", "x\x00{\"password\":\"a\\\"b\"}", "sh\x00-c\x00echo 'a'\\''b' | sudo -S x # it's",
		"curl\x00-u\x00a:b\x00-HX-Token: y\x00//u:p@h//v:q@i", "defaults\x00write\x00d\x00password\x00-dict\x00a\x00b", "security\x00import\x00-P", "osascript\x00-e\x00set password to 'x' \"y\" password: 'z",
		"sh\x00-c\x00x=y; echo $x ${x} | sudo -S; echo x=z", "\xff\x00sh\x00-c\x00echo \xff | sudo -S\xfe x",
	} {
		f.Add(seed, []byte(nil))
	}
	f.Fuzz(func(t *testing.T, joined string, seed []byte) {
		args := strings.Split(joined, "\x00")
		before := slices.Clone(args)
		out, n := Args(args)
		if len(out) != len(args) || !slices.Equal(args, before) {
			t.Fatalf("Args(%q): got %q, want as many and the input unchanged", before, out)
		}
		if n == 0 && !slices.Equal(out, args) {
			t.Fatalf("Args(%q): got %q and no secret, want no change", args, out)
		}
		if was, is := len(CommandLine(args)), len(CommandLine(out)); is > 6*was+len(Mark) {
			t.Fatalf("Args(%q): got %d bytes of %d, want at most six times as many", args, is, was)
		}
		if i := keptFrom(args); !slices.Equal(out[i:], args[i:]) {
			t.Fatalf("Args(%q): got %q, want the hook kept from argument %d on", args, out, i)
		}
		if again, m := Args(out); m != 0 {
			t.Fatalf("Args(%q): got %q, then %d more: %q", args, out, m, again)
		}
		hook := append([]string{"sudo", "--password=SECRET1", "defaults", "write", "com.apple.loginwindow", "LoginHook"}, before...)
		if out, n := Args(hook); n != 1 || !slices.Equal(out[2:], hook[2:]) {
			t.Fatalf("Args(%q): got %d %q, want one secret and the hook kept", hook, n, out)
		}
		secret := secretFrom(seed)
		template := templates[len(joined)%len(templates)]
		for i := range template {
			args := slices.Clone(template)
			for k := range args {
				args[k] = strings.ReplaceAll(args[k], "$", secret)
			}
			// What else is on the command line must not bring the secret back.
			args = append(args, before[:min(i, len(before))]...)
			out, n := Args(args)
			if n == 0 || strings.Contains(CommandLine(out[:len(template)]), secret) {
				t.Fatalf("Args(%q): got %d %q, want the secret %s redacted", args, n, out, secret)
			}
		}
	})
}
