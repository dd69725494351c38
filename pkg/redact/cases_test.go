package redact

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"
)

// lines returns the cases of a file in testdata: every line that is not empty and no
// comment, with ⏎ as a line feed.
func lines(t testing.TB, name string) []string {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []string
	for in := bufio.NewScanner(f); in.Scan(); {
		if line := in.Text(); line != "" && line[0] != '#' {
			out = append(out, strings.ReplaceAll(line, "⏎", "\n"))
		}
	}
	return out
}

// forms returns the argument vectors in which a command line can be seen: as a script,
// in a second shell, in AppleScript, and as the words themselves.
func forms(line string) map[string][]string {
	out := map[string][]string{
		"sh":        {"/bin/sh", "-c", line},
		"bash":      {"bash", "-c", "zsh -lc " + doubleQuoted(line, "\\\"$`")},
		"osascript": {"osascript", "-e", "do shell script " + doubleQuoted(line, `\"`)},
	}
	if args, ok := split(line); ok {
		out["args"] = args
	}
	return out
}

func doubleQuoted(text, special string) string {
	var b strings.Builder
	for i := range len(text) {
		if strings.IndexByte(special, text[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(text[i])
	}
	return `"` + b.String() + `"`
}

// split returns the words of a command as a shell passes them to a program; false if
// the line is more than one command or begins with an assignment.
func split(line string) (args []string, ok bool) {
	var b strings.Builder
	inWord, quote := false, byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, inWord = c, true
		case c == '\\' && quote != '\'' && i+1 < len(line) && (quote == 0 || strings.IndexByte("\\\"$`", line[i+1]) >= 0):
			i++
			b.WriteByte(line[i])
			inWord = true
		case quote == 0 && c == ' ':
			if inWord {
				args = append(args, b.String())
			}
			b.Reset()
			inWord = false
		case quote == 0 && strings.IndexByte("|;&<>()\n`$", c) >= 0:
			return nil, false
		default:
			b.WriteByte(c)
			inWord = true
		}
	}
	if inWord {
		args = append(args, b.String())
	}
	return args, quote == 0 && !isAssignment(args[0])
}

// TestSecrets holds that no secret of testdata/secrets.txt stays in any form.
func TestSecrets(t *testing.T) {
	for _, line := range lines(t, "secrets.txt") {
		var secrets []string
		for i, part := range strings.Split(line, "«") {
			if secret, _, ok := strings.Cut(part, "»"); ok && i > 0 {
				secrets = append(secrets, secret)
			}
		}
		if len(secrets) == 0 {
			t.Errorf("%s: no secret is marked", line)
		}
		for form, args := range forms(strings.NewReplacer("«", "", "»", "").Replace(line)) {
			out, n := Args(args)
			got := CommandLine(out)
			for _, secret := range secrets {
				if strings.Contains(got, secret) || strings.Contains(got, "Zq") || n == 0 || !strings.Contains(got, Mark) {
					t.Errorf("%s as %s: got %q, want %s redacted", line, form, out, secret)
				}
			}
			if again, m := Args(out); m != 0 {
				t.Errorf("%s as %s: got %q, then %q", line, form, out, again)
			}
		}
	}
}

// TestPlain holds that the commands of testdata/plain.txt stay as they are.
func TestPlain(t *testing.T) {
	for _, line := range lines(t, "plain.txt") {
		for form, args := range forms(line) {
			if out, n := Args(args); n != 0 || !slices.Equal(out, args) {
				t.Errorf("%s as %s: got %q, want no change", line, form, out)
			}
		}
	}
}

// TestCases holds that the tables are as large as is promised.
func TestCases(t *testing.T) {
	for _, name := range []string{"secrets.txt", "plain.txt"} {
		if n := len(lines(t, name)); n < 250 {
			t.Errorf("%s: got %d cases, want at least 250", name, n)
		}
	}
}
