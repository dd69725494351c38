package redact

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// hostile are texts made to be slow, deep or large, each of about n bytes.
func hostile(n int) map[string]string {
	of := func(s string) string { return strings.Repeat(s, n/len(s)) }
	return map[string]string{
		"words":          of("a "),
		"pipes":          of("sudo -S|"),
		"echoes":         of("echo x|"),
		"asks":           "echo x|" + of("sudo -S;"),
		"groups":         of("("),
		"openings":       of("{ "),
		"substitutions":  of("$("),
		"closed":         strings.Repeat("$(", n/3) + strings.Repeat(")", n/3),
		"backticks":      of("` x "),
		"feeding":        strings.Repeat("sudo -S <<<$(", n/14) + strings.Repeat(")", n/14),
		"double quotes":  of(`"a b `),
		"single quotes":  of(`'a b`),
		"apostrophes":    of(`' `),
		"escapes":        "echo " + of(`\a`) + " | sudo -S",
		"mixed quotes":   "echo " + of(`'a'"b"`) + " | sudo -S",
		"backslashes":    of(`\`),
		"documents":      of("<<A ") + "\n" + of("x\n"),
		"comments":       of("# "),
		"slashes":        of("/"),
		"addresses":      of("//u:p@"),
		"colons":         of("://a:"),
		"queries":        of("?a=b&"),
		"equals":         of("a="),
		"secrets":        of("--token=x1 "),
		"options":        of("-p "),
		"names":          of("password"),
		"literals":       of(`password:"x" `),
		"scripts":        of("sh -c "),
		"assignments":    of("a=b "),
		"wrappers":       of("sudo "),
		"wrapped shells": of("sudo sh -c 'x' "),
		"invalid":        of("\xff\xfe"),
	}
}

// TestHostile holds that nothing of a size that a system passes to a program makes
// it panic or come back with other arguments.
func TestHostile(t *testing.T) {
	for name, text := range hostile(1 << 14) {
		for _, args := range [][]string{{text}, {"sh", "-c", text}, {"x", "--password=" + text}, {"osascript", "-e", text}, {text, text}} {
			out, n := Args(args)
			if len(out) != len(args) || (n == 0) != slices.Equal(out, args) {
				t.Errorf("%s: got %d arguments and %d secrets, want %d arguments and a count that fits", name, len(out), n, len(args))
			}
		}
	}
}

// TestManyArguments redacts in every one of 100,000.
func TestManyArguments(t *testing.T) {
	const many = 100_000
	args := make([]string, many)
	for i := range args {
		args[i] = fmt.Sprintf("--token=value%d", i)
	}
	out, n := Args(args)
	if n != many {
		t.Fatalf("got %d secrets, want %d", n, many)
	}
	for i, arg := range out {
		if arg != "--token="+Mark {
			t.Fatalf("argument %d: got %q, want the value redacted", i, arg)
		}
	}
}

// TestLongScript finds the last password of a script that is read in many batches.
func TestLongScript(t *testing.T) {
	script := strings.Repeat("ls -l /tmp; ", 1<<16) + "echo SECRET1 | sudo -S id"
	out, n := Args([]string{"sh", "-c", script})
	if n != 1 || strings.Contains(out[2], "SECRET1") {
		t.Fatalf("got %d secrets and %q at the end, want 1", n, out[2][len(out[2])-40:])
	}
}

// TestDeep finds a password at the depth that is promised, and comes back from any.
func TestDeep(t *testing.T) {
	for depth := range 12 {
		script := "echo SECRET1 | sudo -S id"
		for range depth {
			script = "x=$(" + script + ")"
		}
		out, n := Args([]string{"sh", "-c", script})
		if depth < maxDepth && (n != 1 || strings.Contains(out[2], "SECRET1")) {
			t.Errorf("depth %d: got %d %q, want the password redacted", depth, n, out)
		}
	}
}

func BenchmarkOrdinary(b *testing.B) {
	for name, args := range map[string][]string{
		"defaults": {"/usr/bin/defaults", "write", "com.apple.loginwindow", "LoginHook", "/Library/Scripts/hook.sh"},
		"compiler": {"/usr/bin/clang", "-c", "-O2", "-I/usr/local/include", "-DNDEBUG=1", "-std=c11", "-o", "build/main.o", "src/main.c"},
		"shell":    {"/bin/sh", "-c", "cd /tmp/build && make -j4 install 2>/dev/null | grep -v warning"},
		"password": {"/bin/sh", "-c", "echo hunter2 | sudo -S defaults write com.apple.loginwindow LoginHook /tmp/x"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Args(args)
			}
		})
	}
}

// BenchmarkHostile shows that the time a byte takes does not grow with the size.
func BenchmarkHostile(b *testing.B) {
	for _, size := range []int{1 << 16, 1 << 20} {
		for name, text := range hostile(size) {
			b.Run(fmt.Sprintf("%s/%dKiB", strings.ReplaceAll(name, " ", "-"), size>>10), func(b *testing.B) {
				args := []string{"sh", "-c", text}
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for b.Loop() {
					Args(args)
				}
			})
		}
	}
}
