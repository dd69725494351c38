package syslog

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	long := strings.Repeat("a", 2000)
	tests := []struct{ name, in, want string }{
		{"plain", "login hook set to /usr/local/bin/hook.sh", "login hook set to /usr/local/bin/hook.sh"},
		{"letters of the world stay", "Zoë 日本語 👍", "Zoë 日本語 👍"},
		{"empty", "", "(empty message)"},
		{"blank", " \n\t ", "(empty message)"},
		{"forged line", "x\nJan  1 00:00:00 mac sudo: root", `x\nJan  1 00:00:00 mac sudo: root`},
		{"carriage return and tab", "a\r\tb", `a\r\tb`},
		{"nul", "a\x00b", `a\x00b`},
		{"terminal escape", "\x1b[2Jgone", `\x1b[2Jgone`},
		{"delete and C1", "a\x7f\u009bb", `a\x7f\x9bb`},
		{"line and paragraph separator", "a\u2028b\u2029c", `a\u2028b\u2029c`},
		{"direction override", "a\u202egpj.sh", `a\u202egpj.sh`},
		{"zero width and byte order mark", "a\u200bb\ufeffc", `a\u200bb\ufeffc`},
		{"tag character", "a\U000e0041b", `a\U000e0041b`},
		{"no-break space", "a\u00a0b", `a\xa0b`},
		{"invalid bytes", "a\xff\xfeb", "a\ufffd\ufffdb"},
		{"half a character at the end", "a\xe6\x97", "a\ufffd\ufffd"},
		{"surrogate in UTF-8", "\xed\xa0\x80", "\ufffd\ufffd\ufffd"},
		{"percent stays", "100% of %s and %m", "100% of %s and %m"},
		{"backslash stays", `a\nb`, `a\nb`},
		{"longest", long[:899], long[:899]},
		{"one too long", long[:900], long[:896] + "…"},
		{"much too long", long, long[:896] + "…"},
		{"percent counts twice", strings.Repeat("%", 450), strings.Repeat("%", 448) + "…"},
		{"percent m counts four and one", strings.Repeat("%m", 200), strings.Repeat("%m", 179) + "…"},
		{"cut between characters", strings.Repeat("日", 400), strings.Repeat("日", 298) + "…"},
		{"cut between escapes", strings.Repeat("\n", 400) + "x", strings.Repeat(`\n`, 400) + "x"},
		{"cut never inside an escape", strings.Repeat("\x01", 300), strings.Repeat(`\x01`, 224) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Clean(tt.in); got != tt.want {
				t.Errorf("Clean(%q)\n got %q\nwant %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestEscapePercent(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"plain", "plain"},
		{"%", "%%"},
		{"100% sure", "100%% sure"},
		{"%s%n%@", "%%s%%n%%@"},
		{"%%", "%%%%"},
		{"%m", `\x25m`},
		{"%%m", `%%\x25m`},
		{"%%%m%", `%%%%\x25m%%`},
		{"% m", "%% m"},
	}
	for _, tt := range tests {
		if got := escapePercent(tt.in); got != tt.want {
			t.Errorf("escapePercent(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// expandLikeC is what a printf without arguments writes for the format, and whether
// it would have looked for an argument.
func expandLikeC(format string) (text string, safe bool) {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		if i+1 == len(format) || format[i+1] != '%' {
			return "", false
		}
		b.WriteByte('%')
		i++
	}
	return b.String(), true
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{
		"", " ", "login hook set", "a\nb\r\x00\x1b[0m", "%s %n %m %%m %", "\xff\xfe\xed\xa0\x80",
		"\u2028\u202e\u200b\ufeff\U000e0041", strings.Repeat("日", 500), strings.Repeat("%m", 500),
		strings.Repeat("\x01", 500), strings.Repeat("a", 898) + "%", strings.Repeat("a", 897) + "%m",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, message string) {
		text := Clean(message)
		if text == "" || !utf8.ValidString(text) {
			t.Fatalf("Clean(%q) = %q, want non-empty valid UTF-8", message, text)
		}
		for _, r := range text {
			if r != ' ' && !unicode.IsGraphic(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
				t.Fatalf("Clean(%q) = %q, which holds %U", message, text, r)
			}
		}
		if again := Clean(text); again != text {
			t.Fatalf("Clean(%q) = %q, cleaned again %q", message, text, again)
		}
		format := escapePercent(text)
		if len(format) >= maxBytes {
			t.Fatalf("format of %q has %d bytes, want under %d", message, len(format), maxBytes)
		}
		if strings.Contains(format, "%m") {
			t.Fatalf("format of %q is %q, which holds %%m", message, format)
		}
		shown, safe := expandLikeC(format)
		if want := strings.ReplaceAll(text, "%m", `\x25m`); !safe || shown != want {
			t.Fatalf("format of %q prints %q (safe %v), want %q", message, shown, safe, want)
		}
	})
}
